import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Database } from '../database/database.ts'
import type { NeighbourFault } from '../neighbours/neighbour.ts'
import { claimRows, finishRows, type OutboxRow } from '../store/outbox.ts'
import type { Outcome, Target } from './target.ts'

/** The state of one target. */
export type LaneState = {
  readonly fault: NeighbourFault | undefined
  /** Milliseconds since sending began to fail, 0 if it works. */
  readonly failingFor: number
}

export type Lane = LaneState & {
  /** Sends what is due, one batch at a time; returns whether there may be more. */
  step(target: Target): Promise<boolean>
}

/** Seconds of a lease: longer than the instance that sends them waits for any answer. */
const lease = 120
/** Milliseconds of pause after a first failure; each further one doubles it. */
const [shortestRest, longestRest] = [1_000, 300_000]

/**
 * Sends rows to one target, one batch at a time. A target that fails as a whole gets a pause, longer each time, and
 * smaller batches if it did not answer; then larger ones again. `elapsed` is a time in milliseconds that nobody sets.
 */
export function createLane(parts: {
  database: Database
  elapsed: () => number
  random: Random
  log: Log
  count: (done: number, givenUp: number) => void
}): Lane {
  const { database, elapsed, random, log, count } = parts
  let fault: NeighbourFault | undefined
  let failures = 0
  let failingSince = 0
  let restsUntil = Number.NEGATIVE_INFINITY
  let most = Number.POSITIVE_INFINITY

  const fails = (name: string, found: NeighbourFault): void => {
    if (!fault) failingSince = elapsed()
    if (fault?.message !== found.message)
      log.warn(
        { target: name, reason: found.message },
        'the outbox is not being emptied; what is in it waits',
      )
    fault = found
    // Jitter, so that instances that fail at the same moment do not all retry at the same moment.
    const rest = Math.min(shortestRest * 2 ** failures, longestRest) * (0.75 + random() / 4)
    restsUntil = elapsed() + Math.max(rest, found.pause ?? 0)
    failures += 1
  }

  const works = (name: string): void => {
    if (fault) log.info({ target: name }, 'the outbox is being emptied again')
    fault = undefined
    failures = 0
  }

  const judge = (target: Target, rows: readonly OutboxRow[], outcome: Outcome): void => {
    if (outcome.fault?.code === 'unreachable') most = Math.max(1, Math.floor(rows.length / 2))
    else if (!outcome.fault) most = Math.min(target.most, most * 2)
    if (outcome.fault) fails(target.name, outcome.fault)
    else works(target.name)
    if (outcome.refused.length > 0)
      log.warn(
        { target: target.name, count: outcome.refused.length, reason: outcome.refused[0]?.reason },
        'rows of the outbox were refused',
      )
  }

  return {
    get fault() {
      return fault
    },
    get failingFor() {
      return fault ? Math.max(1, elapsed() - failingSince) : 0
    },
    async step(target) {
      if (elapsed() < restsUntil) return false
      const limit = Math.min(target.most, most)
      const claimed = await database.run((sql) => claimRows(sql, { target: target.name, limit, lease }))
      if (!claimed.ok || claimed.value.length === 0) return false
      const rows = claimed.value
      const outcome = await target.send(rows)
      const { done, givenUp, refused } = outcome
      const tried = new Set([...done, ...refused.map(({ id }) => id)])
      const untried = rows.flatMap(({ id }) => (tried.has(id) ? [] : [id]))
      judge(target, rows, outcome)
      // If this fails, the lease runs out and they are sent once more: delivery is at least once.
      const finished = await database.run((sql) => finishRows(sql, { done, refused, untried }))
      count(done.length - givenUp, givenUp)
      return finished.ok && !outcome.fault && rows.length === limit
    },
  }
}
