import type { Config } from '../config.ts'
import type { Log } from '../operations/log.ts'
import { ok, type Result } from '../result.ts'
import type { LocateServer } from './database.ts'
import type { EmbeddedFault } from './embedded/fault.ts'
import { type EmbeddedServer, startEmbedded } from './embedded/start.ts'

/** The PostgreSQL server that the settings name, or the embedded one, which is started where it is not running. */
export type DatabaseServer = {
  locate: LocateServer
  /** Finds or starts the server for the first time; the faults are those that only a person can mend. */
  open(): Promise<Result<void, EmbeddedFault>>
  stop(): Promise<void>
}

export function databaseServer(
  config: Pick<Config, 'DATABASE_URL' | 'PROMO_DATA_DIR'>,
  log: Log,
): DatabaseServer {
  const url = config.DATABASE_URL
  if (url !== undefined) {
    return { locate: async () => ok(url), open: async () => ok(undefined), stop: async () => {} }
  }
  let embedded: EmbeddedServer | undefined
  let opening: Result<string, EmbeddedFault> | undefined

  const start = async (): Promise<Result<string, EmbeddedFault>> => {
    const started = await startEmbedded({ dataDir: config.PROMO_DATA_DIR, log })
    if (!started.ok) return started
    if (started.value.notice && !embedded) log.info(started.value.notice)
    embedded = started.value
    return ok(embedded.url)
  }

  return {
    async locate() {
      const found = opening ?? (await start())
      opening = undefined
      return found
    },
    async open() {
      const found = await start()
      opening = found
      // A server that does not start may do so later; redirects go on meanwhile.
      return found.ok || found.fault.code === 'start_failed' ? ok(undefined) : found
    },
    stop: async () => {
      await embedded?.stop()
    },
  }
}
