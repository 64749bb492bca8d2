import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'

/**
 * What an instance does besides answering requests. The signal announces a stop to running steps: failures after it
 * are not logged.
 */
export type MaintenanceSteps = {
  /** Migrates the database and fetches what requests need. Repeated until it reports success. */
  prepare: (signal: AbortSignal) => Promise<boolean>
  /** Every ten seconds. */
  tend: () => unknown
  /** Every fifteen seconds, one at a time, once the database is prepared. */
  settle: (signal: AbortSignal) => Promise<unknown>
  /** Every hour: creates salts and partitions in advance. */
  provide: (signal: AbortSignal) => Promise<unknown>
  /** Every hour: checks whether the daily retention is due. */
  purge: (signal: AbortSignal) => Promise<unknown>
}

export type Maintenance = {
  /** Resolves when `prepare` has worked, or after `wait` milliseconds. */
  prepared(wait: number): Promise<void>
  readonly ready: boolean
  /** Starts nothing more; resolves when the current steps have ended. */
  stop(): Promise<void>
}

const second = 1_000
const hour = 3_600 * second

export function openMaintenance(steps: MaintenanceSteps, log: Log): Maintenance {
  const stopped = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  let ready = false

  const attempt = async (step: (signal: AbortSignal) => unknown): Promise<unknown> => {
    const work = take(step)
    underWay.add(work)
    return await work.finally(() => underWay.delete(work))
  }

  const take = async (step: (signal: AbortSignal) => unknown): Promise<unknown> => {
    try {
      return await step(stopped.signal)
    } catch (error) {
      log.error({ reason: messageOf(error) }, 'maintenance broke')
      return false
    }
  }

  const preparing = (async () => {
    while (!stopped.signal.aborted && !ready) {
      ready = (await attempt(steps.prepare)) === true
      if (!ready) await sleep(second, undefined, { signal: stopped.signal }).catch(() => {})
    }
    if (ready && !stopped.signal.aborted) void attempt(steps.purge)
  })()

  let settling = false
  const settle = async () => {
    if (settling || !ready) return
    settling = true
    await attempt(steps.settle)
    settling = false
  }

  const timers = [
    setInterval(() => void settle(), 15 * second),
    setInterval(() => void attempt(steps.tend), 10 * second),
    setInterval(() => void attempt(steps.provide), hour),
    setInterval(() => void attempt(steps.purge), hour),
  ]
  for (const timer of timers) timer.unref()

  return {
    async prepared(wait) {
      const given = new AbortController()
      const { signal } = given
      await Promise.race([preparing, sleep(wait, undefined, { signal }).catch(() => {})])
      given.abort()
    },
    get ready() {
      return ready
    },
    async stop() {
      stopped.abort()
      for (const timer of timers) clearInterval(timer)
      await Promise.all(underWay)
    },
  }
}
