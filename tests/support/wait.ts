import { vi } from 'vitest'
import { patience } from './patience.ts'

/** Waits until the check throws nothing, asked every `interval` milliseconds; answers what it answers. */
export const waitFor = <T>(check: () => T | Promise<T>, interval = 20): Promise<T> =>
  vi.waitFor(check, { timeout: patience, interval })

/** Waits until the condition answers something truthy, asked every `interval` milliseconds; answers that. */
export const waitUntil: <T>(
  condition: () => T | Promise<T>,
  interval?: number,
) => ReturnType<typeof vi.waitUntil<T>> = (condition, interval = 20) =>
  vi.waitUntil(condition, { timeout: patience, interval })

/**
 * The shortest time of a run in milliseconds, of up to five: one below `enough` is the last. Something else on the
 * machine may hold up one run, but hardly each of five.
 */
export async function quickestOf(enough: number, run: () => Promise<unknown>): Promise<number> {
  let quickest = Number.POSITIVE_INFINITY
  for (let tries = 0; tries < 5 && quickest >= enough; tries += 1) {
    const begun = performance.now()
    await run()
    quickest = Math.min(quickest, performance.now() - begun)
  }
  return quickest
}
