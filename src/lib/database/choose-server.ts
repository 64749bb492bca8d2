import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { WantedServer } from '../settings/database-url.ts'
import { connectTimeout, plain } from './connect.ts'
import type { DriverOptions, Servers } from './database-options.ts'

/** Whether servers have to be asked which of them to use. */
export const isChoice = ({ servers, wanted }: Servers): boolean => servers.length > 1 || wanted !== 'any'

/**
 * The server to use: the one `inUse` while it will do, even if another would do as well, then the first that
 * does; or why none does. Each has the connect timeout of its URL, or two seconds, to answer. The others are
 * asked all at once, so that one that hangs holds them up no longer than that.
 */
export async function chooseServer(
  { servers, wanted }: Servers,
  inUse: DriverOptions | undefined,
): Promise<Result<DriverOptions, string>> {
  const ask = (asked: readonly DriverOptions[]) => Promise.all(asked.map((server) => judge(server, wanted)))
  const faults: string[] = []
  for (const asked of [
    servers.filter((server) => server === inUse),
    servers.filter((server) => server !== inUse),
  ]) {
    const answers = await ask(asked)
    const chosen = asked.find((_, index) => answers[index] === undefined)
    if (chosen) return ok(chosen)
    faults.push(...answers.filter((fault) => fault !== undefined))
  }
  return fail(faults.join('; '))
}

/** Why a server will not do; `undefined` if it does. */
async function judge(server: DriverOptions, wanted: WantedServer): Promise<string | undefined> {
  const patience = Number(server.connect_timeout) || connectTimeout
  const sql = postgres({ ...server, ...plain, max: 1, connect_timeout: patience })
  const answered = askState(sql).then(([state]) => state && faultOf(state, wanted), messageOf)
  const asked = new AbortController()
  const late = sleep(patience * 1_000, `no answer within ${patience} s`, { signal: asked.signal })
  const fault = await Promise.race([answered, late.catch(() => undefined)])
  asked.abort()
  void sql.end({ timeout: 0 }).catch(messageOf)
  return fault === undefined ? undefined : `${server.host}:${server.port}: ${fault}`
}

type State = { standby: boolean; reads_only: boolean }

const askState = (sql: postgres.Sql) => sql<State[]>`
  select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as reads_only
`

function faultOf({ standby, reads_only }: State, wanted: WantedServer): string | undefined {
  if (standby && wanted !== 'any') return 'a standby'
  return reads_only && wanted === 'read-write' ? 'accepts no writes' : undefined
}
