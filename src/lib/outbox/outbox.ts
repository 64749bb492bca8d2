import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import { messageOf } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { measureOutbox, trimOutbox } from '../store/outbox.ts'
import { createLane, type Lane, type LaneState } from './lane.ts'
import type { Target } from './target.ts'

/** The state of the targets of one kind: that of the one that has failed for longest, and what is waiting for all. */
export type OutboxReadings = LaneState & {
  /**
   * Waiting rows at the last measurement, those of them that were refused before, and the age of the oldest in seconds.
   */
  readonly waiting: number
  readonly refused: number
  readonly age: number
  /** Rows that were sent, and given up, since the start. */
  readonly sent: number
  readonly givenUp: number
}

export type Outbox = {
  /** The state of targets of a kind, which is the first part of their names. Always current. */
  readings(kind: string): OutboxReadings
  /** Checks at once for what is due, and sends it. */
  look(): Promise<void>
  measure(): Promise<void>
  /** Waits at most `wait` milliseconds for what is being sent. */
  close(wait: number): Promise<void>
}

/** Milliseconds between two checks for what is due, between two batches of one target, and between two measurements. */
const [lookEvery, batchEvery, measureEvery] = [2_000, 50, 10_000]
/** What has waited for more days than this, or is behind this many newer rows, is given up. */
const bounds = { days: 14, most: 500_000 }

const kindOf = (name: string): string => name.replace(/:.*/, '')

/**
 * Empties the outbox in the background, each target separately: one that hangs does not delay the others. Several
 * instances may do so. `targets` returns the current targets; `ready` says whether the database has the tables.
 */
export function openOutbox(parts: {
  database: Database
  targets: () => Promise<readonly Target[]>
  ready: () => boolean
  elapsed: () => number
  random: Random
  log: Log
}): Outbox {
  const { database, targets, ready, elapsed, random, log } = parts
  const lanes = new Map<string, Lane>()
  const counts = new Map<string, { sent: number; givenUp: number }>()
  const running = new Map<string, Promise<void>>()
  let measured: { target: string; waiting: number; refused: number; age: number }[] = []
  let measuring = false
  let stopped = false

  const count = (name: string, sent: number, givenUp: number): void => {
    const known = counts.get(kindOf(name)) ?? { sent: 0, givenUp: 0 }
    counts.set(kindOf(name), { sent: known.sent + sent, givenUp: known.givenUp + givenUp })
  }

  const laneOf = (name: string): Lane => {
    const lane =
      lanes.get(name) ??
      createLane({
        name,
        database,
        elapsed,
        random,
        log,
        count: (sent, givenUp) => count(name, sent, givenUp),
      })
    lanes.set(name, lane)
    return lane
  }

  const run = async (target: Target): Promise<void> => {
    const lane = laneOf(target.name)
    while (!stopped && (await lane.step(target))) await sleep(batchEvery)
  }

  const begin = (target: Target): void => {
    if (running.has(target.name)) return
    const work = run(target)
      .catch((error: unknown) => log.error({ reason: messageOf(error) }, 'the outbox failed unexpectedly'))
      .finally(() => running.delete(target.name))
    running.set(target.name, work)
  }

  const look = async (): Promise<void> => {
    if (stopped || !ready()) return
    for (const target of await targets()) begin(target)
  }

  const measure = async (): Promise<void> => {
    if (measuring || stopped || !ready()) return
    measuring = true
    const read = await database.run(measureOutbox)
    if (read.ok) measured = [...read.value]
    for (const { target, waiting, age } of measured) {
      if (waiting <= bounds.most && age <= bounds.days * 86_400) continue
      const trimmed = await database.run((sql) => trimOutbox(sql, { target, ...bounds }), 60_000)
      for (const { dropped } of trimmed.ok ? trimmed.value : []) {
        count(target, 0, dropped)
        log.error({ target, dropped }, 'the outbox was over its limits: its oldest rows are lost')
      }
    }
    measuring = false
  }

  const timers = [setInterval(() => void look(), lookEvery), setInterval(() => void measure(), measureEvery)]
  for (const timer of timers) timer.unref()

  const ofKind = (kind: string) => measured.filter(({ target }) => kindOf(target) === kind)
  const worst = (kind: string): Lane | undefined =>
    [...lanes]
      .flatMap(([name, lane]) => (kindOf(name) === kind ? [lane] : []))
      .toSorted((one, other) => other.failingFor - one.failingFor)[0]

  return {
    readings: (kind) => ({
      get fault() {
        return worst(kind)?.fault
      },
      get failingFor() {
        return worst(kind)?.failingFor ?? 0
      },
      get waiting() {
        return ofKind(kind).reduce((sum, { waiting }) => sum + waiting, 0)
      },
      get refused() {
        return ofKind(kind).reduce((sum, { refused }) => sum + refused, 0)
      },
      get age() {
        return Math.max(0, ...ofKind(kind).map(({ age }) => age))
      },
      get sent() {
        return counts.get(kind)?.sent ?? 0
      },
      get givenUp() {
        return counts.get(kind)?.givenUp ?? 0
      },
    }),
    async look() {
      await look()
      await Promise.all(running.values())
    },
    measure,
    async close(wait) {
      stopped = true
      for (const timer of timers) clearInterval(timer)
      await Promise.race([Promise.all(running.values()), sleep(wait, undefined, { ref: false })])
    },
  }
}
