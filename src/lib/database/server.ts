import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { ok, type Result } from '../base/result.ts'
import { beatEvery } from '../processes/life-signs.ts'
import type { Config } from '../settings/config.ts'
import type { LocateServer } from './database.ts'
import { databaseOptions } from './database-options.ts'
import { type EmbeddedFault, fault } from './embedded/fault.ts'
import { type EmbeddedServer, endEmbedded, openEmbedded } from './embedded/start.ts'

/** The PostgreSQL server that the settings name, or the embedded one, which is started if it is not running. */
export type DatabaseServer = {
  locate: LocateServer
  /**
   * Finds or starts the server for the first time; the faults are those that only a person can fix. What takes longer
   * than `wait` milliseconds continues in the background, and `locate` returns its result.
   */
  open(wait?: number): Promise<Result<void, EmbeddedFault>>
  /** Waits this many milliseconds; a server that is still frozen ends when it resumes, since it has been asked to. */
  stop(wait?: number): Promise<void>
}

/** How long a server may take to recover, in milliseconds. */
const patience = 300_000
const mayComeLater: ReadonlySet<EmbeddedFault['code']> = new Set(['start_failed', 'in_use'])

export function databaseServer(
  config: Pick<Config, 'DATABASE_URL' | 'PROMO_DATABASE_CA' | 'PROMO_DATA_DIR'>,
  log: Log,
): DatabaseServer {
  const url = config.DATABASE_URL
  if (url !== undefined) {
    return {
      locate: async () => ok(url),
      async open() {
        const read = databaseOptions(url, config.PROMO_DATABASE_CA)
        if (!read.ok) return fault('no_certificate', read.fault)
        const parameters = read.value.withoutEffect
        if (parameters.length > 0) log.info({ parameters }, 'DATABASE_URL has parameters without effect here')
        return ok(undefined)
      },
      stop: async () => {},
    }
  }
  let embedded: EmbeddedServer | undefined
  const beating = setInterval(() => void embedded?.beat().catch(() => {}), beatEvery).unref()
  let opening: Promise<Result<string, EmbeddedFault>> | undefined
  /** Where somebody else ends this process before `stop` could. */
  const endWithProcess = () => endEmbedded(config.PROMO_DATA_DIR)

  const start = async (): Promise<Result<string, EmbeddedFault>> => {
    const started = await openEmbedded({ dataDir: config.PROMO_DATA_DIR, log })
    if (!started.ok) return started
    if (started.value.notice && !embedded) log.info(started.value.notice)
    embedded = started.value
    return ok(embedded.url)
  }

  return {
    async locate() {
      const first = opening
      opening = undefined
      return await (first ?? start())
    },
    async open(wait = patience) {
      process.once('exit', endWithProcess)
      opening = start()
      const found = await within(wait, opening)
      // A server that does not start now may start later; redirects work meanwhile.
      return !found || found.ok || mayComeLater.has(found.fault.code) ? ok(undefined) : found
    },
    async stop(wait = patience) {
      clearInterval(beating)
      await within(wait, embedded?.stop())
      process.off('exit', endWithProcess)
    },
  }
}

async function within<Value>(wait: number, work: Promise<Value> | undefined): Promise<Value | undefined> {
  const waited = new AbortController()
  const late = sleep(Math.max(0, wait), undefined, { signal: waited.signal }).catch(() => undefined)
  return await Promise.race([work, late]).finally(() => waited.abort())
}
