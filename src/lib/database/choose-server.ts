import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { WantedServer } from '../settings/database-url.ts'
import { connectTimeout, plain } from './connect.ts'
import type { DriverOptions, Servers } from './database-options.ts'
import { settingsOfEnds } from './session-settings.ts'
import { refusesLimit } from './statement-limit.ts'
import { reasonOf, withRemedy } from './trouble.ts'

/** Whether servers have to be checked before one is used. */
export const isChoice = ({ servers, wanted }: Servers): boolean => servers.length > 1 || wanted !== 'any'

/**
 * The server to use: the one `inUse` while it is acceptable, else the first that is; or why none is. Each has the
 * connect timeout of its URL, or two seconds, to answer. The others are asked all at once, so that one that hangs
 * delays them no longer than that.
 */
export async function chooseServer(
  { servers, wanted }: Servers,
  inUse: DriverOptions | undefined,
): Promise<Result<DriverOptions, string>> {
  const ask = (asked: readonly DriverOptions[]) => Promise.all(asked.map((server) => faultAt(server, wanted)))
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

/** Why a server is not acceptable; `undefined` if it is. A pooler may reject settings. */
async function faultAt(server: DriverOptions, wanted: WantedServer): Promise<string | undefined> {
  const connection = { ...server.connection, ...settingsOfEnds }
  const fault = await judge({ ...server, connection }, wanted)
  return fault !== undefined && refusesLimit({ message: fault }) ? await judge(server, wanted) : fault
}

async function judge(server: DriverOptions, wanted: WantedServer): Promise<string | undefined> {
  const patience = Number(server.connect_timeout) || connectTimeout
  const sql = postgres({ ...server, ...plain, max: 1, connect_timeout: patience })
  const answered = askState(sql).then(([state]) => state && faultOf(state, wanted), reasonOf)
  const asked = new AbortController()
  const late = sleep(patience * 1_000, `no answer within ${patience} s`, { signal: asked.signal })
  const fault = await Promise.race([answered, late.catch(() => undefined)])
  asked.abort()
  void sql.end({ timeout: 0 }).catch(messageOf)
  return fault === undefined ? undefined : `${server.host}:${server.port}: ${withRemedy(fault)}`
}

type State = { standby: boolean; reads_only: boolean }

const askState = (sql: postgres.Sql) => sql<State[]>`
  select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as reads_only
`

function faultOf({ standby, reads_only }: State, wanted: WantedServer): string | undefined {
  if (standby && wanted !== 'any') return 'a standby'
  return reads_only && wanted === 'read-write' ? 'accepts no writes' : undefined
}
