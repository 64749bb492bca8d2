import { type Clock, systemClock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { createStanding } from '../neighbours/standing.ts'
import type { Config } from '../settings/config.ts'
import { createEventIds } from '../tracking/event-id.ts'
import { type MauticFault, type MauticPlace, openMauticClient } from './client.ts'
import { describeRecipients } from './describe.ts'
import type { Obstacle } from './doubts.ts'
import { followRecipients, type Recipients } from './recipients.ts'
import { mauticPlace } from './settings.ts'

/** The state of following Mautic. */
export type MauticReadings = {
  /** Why the last run failed, if it did. */
  readonly fault: BackgroundFault | undefined
  /** Milliseconds since it has been failing, 0 while it works. */
  readonly failingFor: number
  /** E-mails that could not be counted in the last run. */
  readonly obstacles: readonly Obstacle[]
  /** E-mails that Mautic was asked for in the last run; `undefined` before the first. */
  readonly asked: number | undefined
}

type BackgroundFault = Pick<MauticFault, 'message' | 'advice' | 'pause'> & {
  code: MauticFault['code'] | 'database'
}

/** Milliseconds after which a failed run is repeated, unless it is due earlier. */
const retryAfter = 60_000
/** Milliseconds between two checks whether the database is prepared. */
const prepareEvery = 1_000
const mostLogged = 20

/** Follows Mautic in the background, if the settings say so. */
export function openMautic(parts: {
  config: Config
  database: Database
  log: Log
  ready: () => boolean
}): (MauticReadings & { stop(): void }) | undefined {
  const { config, ...others } = parts
  const place = mauticPlace(config)
  const every = config.PROMO_MAUTIC_EVERY_MINUTES * 60_000
  if (!place || every === 0) return undefined
  return followMautic({ ...others, place, every, names: config.PROMO_MAUTIC_EMAIL_NAMES })
}

/**
 * Asks Mautic at this interval, in milliseconds, and corrects recipients accordingly. Every instance does so: what one
 * has corrected needs no correction by the others.
 */
export function followMautic({
  place,
  every,
  names,
  database,
  ready,
  log,
  elapsed = () => performance.now(),
  now = systemClock,
}: {
  place: MauticPlace
  every: number
  names: string | undefined
  database: Database
  /** Whether the database has this version's tables. */
  ready: () => boolean
  log: Log
  /** A monotonic clock in milliseconds. */
  elapsed?: () => number
  now?: Clock
}): MauticReadings & { stop(): void } {
  const mautic = openMauticClient({ ...place, elapsed })
  const parts = { database, mautic, names, now, newEventId: createEventIds() }
  const stopped = new AbortController()
  const state: { obstacles: Obstacle[]; asked: number | undefined } = { obstacles: [], asked: undefined }
  const standing = createStanding<BackgroundFault>({
    elapsed,
    onFault: ({ message: reason }) =>
      log.warn(
        { reason },
        'Mautic does not say how many people got sends, so their recipients stay as they are',
      ),
  })
  let timer: NodeJS.Timeout | undefined

  const failed = (fault: BackgroundFault): number => {
    if (stopped.signal.aborted) return 0
    standing.failed(fault)
    return Math.min(every, Math.max(retryAfter, fault.pause ?? 0))
  }

  const report = (recipients: Recipients): void => {
    const { corrected, found, obstacles, asked, fault } = recipients
    if (corrected.length + found.length > 0)
      log.info(
        { changes: describeRecipients({ ...recipients, waiting: [], obstacles: [] }).slice(0, mostLogged) },
        'took the recipients of sends from Mautic',
      )
    // Nothing new is known about e-mails that were not requested.
    if (fault) return
    if (obstacles.length > 0 && JSON.stringify(obstacles) !== JSON.stringify(state.obstacles))
      log.warn({ emails: obstacles.slice(0, mostLogged) }, 'e-mails of Mautic cannot be counted')
    Object.assign(state, { obstacles, asked })
  }

  /** Milliseconds until the next run. */
  const follow = async (): Promise<number> => {
    if (!ready()) return prepareEvery
    const followed = await followRecipients(parts)
    if (!followed.ok) return failed({ code: 'database', message: followed.fault.message })
    report(followed.value)
    if (followed.value.fault) return failed(followed.value.fault)
    standing.recovered()
    return every
  }

  const schedule = (pause: number): void => {
    if (stopped.signal.aborted) return
    timer = setTimeout(() => {
      follow()
        .catch((error: unknown) => {
          log.error({ reason: messageOf(error) }, 'following Mautic broke')
          return retryAfter
        })
        .then(schedule)
    }, pause)
    timer.unref()
  }
  schedule(0)

  return {
    get fault() {
      return standing.fault
    },
    get failingFor() {
      return standing.failingFor
    },
    get obstacles() {
      return state.obstacles
    },
    get asked() {
      return state.asked
    },
    stop() {
      stopped.abort()
      clearTimeout(timer)
      mautic.stop()
    },
  }
}
