import type { Log } from '../base/log.ts'
import { messageOf, type Result } from '../base/result.ts'

export type KeptFresh = {
  /** Fetches everything again, after any fetch under way; returns whether that worked. */
  refresh(): Promise<boolean>
  /** Checks at once, or as soon as a running check has ended. */
  look(): void
  /** Stops; resolves when what is under way has ended. */
  stop(): Promise<void>
}

type Refreshable = { refresh(): Promise<boolean>; readonly current: boolean }

/** Milliseconds between two checks for changes. */
const lookEvery = 500
/** Milliseconds after which everything is fetched, changed or not, since not every source reports its changes. */
const refreshEvery = 8_000

/**
 * Refreshes caches in the background: at once when `readVersion` returns something new, and every few seconds anyway.
 * One check at a time, so that none pile up while the source is unavailable. After a failure it tries again after
 * `retryEvery` milliseconds, or by default as soon as the version can be read. `elapsed` is a monotonic clock in
 * milliseconds.
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
  let again = false
  let stopped = false

  const look = async (asked: boolean): Promise<boolean> => {
    // The version is read first, so that the next check sees what changes meanwhile.
    const read = await readVersion()
    if (stopped) return false
    const changed = read.ok && read.value !== version
    const behind = !worked || caches.some(({ current }) => !current)
    const pause = behind ? (retryEvery ?? (read.ok ? 0 : refreshEvery)) : refreshEvery
    if (!asked && !changed && elapsed() - attemptedAt < pause) return worked
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
        if (again) lookNow()
      })
    return working
  }

  const lookNow = (): void => {
    if (working || stopped) return
    again = false
    void begin(false)
  }
  const timer = setInterval(lookNow, lookEvery)
  timer.unref()

  return {
    async refresh() {
      while (working) await working
      return !stopped && (await begin(true))
    },
    look() {
      again = true
      lookNow()
    },
    async stop() {
      stopped = true
      clearInterval(timer)
      await working
    },
  }
}
