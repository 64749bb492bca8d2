import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { messageOf } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { Answer } from '../http/answer.ts'
import type { Links } from '../links/two-sources.ts'
import { openMatomo } from '../matomo/matomo.ts'
import { matomoSettings } from '../matomo/settings.ts'
import { openOutbox } from '../outbox/outbox.ts'
import type { Config } from '../settings/config.ts'
import { dueWebhooks } from '../store/webhooks.ts'
import { winnersReader } from '../webhooks/read-winners.ts'
import { openMessageSender } from '../webhooks/send-message.ts'
import { createWebhookTarget } from '../webhooks/target.ts'
import { createWatch } from '../webhooks/watch.ts'

/** Milliseconds between two checks for news for webhooks. */
const watchEvery = 15_000

const elapsed = () => performance.now()

/** Notifies other servers of events, according to the settings. */
export function openNotifications(parts: {
  config: Config
  database: Database
  links: Pick<Links, 'peek'>
  ready: () => boolean
  readHealth: () => Promise<Answer>
  reading: Parameters<typeof winnersReader>[0]
  /** Milliseconds since 1970. */
  now: () => number
  random: Random
  log: Log
}) {
  const { config, database, links, ready, readHealth, reading, now, random, log } = parts
  const settings = matomoSettings(config)
  const matomo = settings && openMatomo({ settings, siteUrl: config.SITE_URL, links, elapsed, now })
  const sender = openMessageSender({ addresses: config.PROMO_WEBHOOK_ADDRESSES, now, elapsed })
  const outbox = openOutbox({
    database,
    ready,
    elapsed,
    random,
    log,
    async targets() {
      const due = await database.run(dueWebhooks)
      const webhooks = due.ok ? due.value : []
      return [
        ...(matomo ? [matomo] : []),
        ...webhooks.map((webhook) => createWebhookTarget(webhook, { database, sender, now })),
      ]
    },
  })
  const watch = createWatch({
    database,
    readHealth,
    now,
    readWinners: winnersReader(reading),
    observationMinutes: config.PROMO_OBSERVATION_MINUTES,
  })
  let watching = false
  const look = async (): Promise<void> => {
    if (watching || !ready()) return
    watching = true
    await watch.step().catch((error: unknown) => log.error({ reason: messageOf(error) }, 'watching broke'))
    watching = false
  }
  const timer = setInterval(() => void look(), watchEvery)
  timer.unref()
  return {
    readings: { matomo: matomo && outbox.readings('matomo'), webhooks: outbox.readings('webhook') },
    /** Waits at most `wait` milliseconds for what is being sent, then ends it. */
    async close(wait: number): Promise<void> {
      clearInterval(timer)
      await outbox.close(wait)
      matomo?.stop()
      sender.stop()
    },
  }
}
