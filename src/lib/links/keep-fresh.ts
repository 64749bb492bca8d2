import type { Log } from '../base/log.ts'
import { messageOf, type Result } from '../base/result.ts'

export type KeptFresh = {
  /** Fetches everything again, after what is being fetched; returns whether that worked. */
  refresh(): Promise<boolean>
  /** Looks at once, unless that is being done. */
  look(): void
  /** Looks no more; resolves when what is under way has ended. */
  stop(): Promise<void>
}

type Refreshable = { refresh(): Promise<boolean>; readonly current: boolean }

/** Milliseconds between two looks at whether anything has changed. */
const lookEvery = 500
/** Milliseconds after which everything is fetched, changed or not: not every source reports its changes. */
const refreshEvery = 8_000

/**
 * Refreshes caches whether or not anybody asks for what is in them: at once when `readVersion` answers
 * something else than before, and every few seconds anyway. One look at a time, so that none pile up while the
 * source is away. What failed is tried again after `retryEvery` milliseconds; where that is not given, as soon
 * as the version can be read. `elapsed` is a time in milliseconds that nobody sets.
 */
export function keepFresh(options: {
  caches: readonly Refreshable[]
  readVersion: () => Promise<Result<string, unknown>>
  elapsed: () => number
  log: Log
  retryEvery?: number
}): KeptFresh {
  const { caches, readVersion, elapsed, log, retryEvery } = options
  let version: string | undefined
  let worked = true
  let attemptedAt = Number.NEGATIVE_INFINITY
  let working: Promise<boolean> | undefined
  let stopped = false

  const look = async (asked: boolean): Promise<boolean> => {
    // The version comes first: what changes after it is seen by the next look.
    const read = await readVersion()
    if (stopped) return false
    const changed = read.ok && read.value !== version
    const behind = !worked || caches.some(({ current }) => !current)
    const pause = behind ? (retryEvery ?? (read.ok ? 0 : refreshEvery)) : refreshEvery
    if (!asked && !changed && elapsed() - attemptedAt < pause) return true
    attemptedAt = elapsed()
    worked = false
    if (read.ok) version = read.value
    const refreshed = await Promise.all(caches.map((cache) => cache.refresh()))
    worked = refreshed.every(Boolean)
    return worked
  }

  const begin = (asked: boolean): Promise<boolean> => {
    working = look(asked)
      .catch((error: unknown) => {
        log.error({ reason: messageOf(error) }, 'refreshing broke')
        return false
      })
      .finally(() => {
        working = undefined
      })
    return working
  }

  const lookNow = (): void => {
    if (!working && !stopped) void begin(false)
  }
  const timer = setInterval(lookNow, lookEvery)
  timer.unref()

  return {
    async refresh() {
      while (working) await working
      return !stopped && (await begin(true))
    },
    look: lookNow,
    async stop() {
      stopped = true
      clearInterval(timer)
      await working
    },
  }
}
