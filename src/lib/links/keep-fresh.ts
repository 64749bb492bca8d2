import type { Log } from '../operations/log.ts'
import { messageOf, type Result } from '../result.ts'

export type KeptFresh = {
  /** Fetches everything anew, after what is being fetched; answers whether that worked. */
  refresh(): Promise<boolean>
  stop(): void
}

type Refreshable = { refresh(): Promise<boolean>; readonly current: boolean }

/** Milliseconds between two looks at whether anything has changed. */
const lookEvery = 500
/** Milliseconds after which everything is fetched, changed or not: not every source tells of its changes. */
const refreshEvery = 8_000

/**
 * Refreshes caches whether or not anybody asks for what is in them: at once when `readVersion` answers something else
 * than before, and every few seconds anyway. One look at a time, so that none pile up while the database is away.
 * `elapsed` is a time in milliseconds that nobody sets.
 */
export function keepFresh(options: {
  caches: readonly Refreshable[]
  readVersion: () => Promise<Result<string, unknown>>
  elapsed: () => number
  log: Log
}): KeptFresh {
  const { caches, readVersion, elapsed, log } = options
  let version: string | undefined
  let attemptedAt = Number.NEGATIVE_INFINITY
  let working: Promise<boolean> | undefined

  const look = async (asked: boolean): Promise<boolean> => {
    // The version comes first: what changes after it is seen by the next look.
    const read = await readVersion()
    const changed = read.ok && (read.value !== version || caches.some(({ current }) => !current))
    if (!asked && !changed && elapsed() - attemptedAt < refreshEvery) return true
    attemptedAt = elapsed()
    const refreshed = await Promise.all(caches.map((cache) => cache.refresh()))
    const worked = refreshed.every(Boolean)
    if (worked && read.ok) version = read.value
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

  const timer = setInterval(() => {
    if (!working) void begin(false)
  }, lookEvery)
  timer.unref()

  return {
    async refresh() {
      while (working) await working
      return await begin(true)
    },
    stop: () => clearInterval(timer),
  }
}
