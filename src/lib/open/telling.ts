import type { Config } from '../config.ts'
import type { Links } from '../links/two-sources.ts'
import { createMatomo } from '../matomo/matomo.ts'
import { matomoSettings } from '../matomo/settings.ts'
import type { Log } from '../operations/log.ts'
import { openOutbox } from '../outbox/outbox.ts'
import type { Random } from '../random.ts'
import type { Database } from '../store/database.ts'

const elapsed = () => performance.now()

/** What tells other servers of what happens here, as the settings say. */
export function openTelling(parts: {
  config: Config
  database: Database
  links: Pick<Links, 'peek'>
  ready: () => boolean
  /** Milliseconds since 1970. */
  now: () => number
  random: Random
  log: Log
}) {
  const { config, database, links, ready, now, random, log } = parts
  const settings = matomoSettings(config)
  const matomo = settings && createMatomo({ settings, siteUrl: config.SITE_URL, links, elapsed, now })
  const outbox = openOutbox({
    ...{ database, ready, elapsed, random, log },
    targets: async () => (matomo ? [matomo] : []),
  })
  return {
    readings: { matomo: matomo && outbox.readings('matomo') },
    /** Waits for what is being sent, `wait` milliseconds at the most, and ends it. */
    async close(wait: number): Promise<void> {
      await outbox.close(wait)
      matomo?.stop()
    },
  }
}
