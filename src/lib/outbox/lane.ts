import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Database } from '../database/database.ts'
import type { NeighbourFault } from '../neighbours/neighbour.ts'
import { createStanding } from '../neighbours/standing.ts'
import { claimRows, finishRows, type OutboxRow } from '../store/outbox.ts'
import { createPortions } from './portions.ts'
import { type Outcome, refuse, type Target } from './target.ts'

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
 * Sends rows to one target, one batch at a time. A target that fails as a whole gets a pause, longer each time. A row
 * that fails alone twice, although others were accepted in between, is refused. `elapsed` is a monotonic clock in
 * milliseconds.
 */
export function createLane(parts: {
  /** The target's name. */
  name: string
  database: Database
  elapsed: () => number
  random: Random
  log: Log
  count: (done: number, givenUp: number) => void
}): Lane {
  const { name, database, elapsed, random, log, count } = parts
  const portions = createPortions()
  const standing = createStanding<NeighbourFault>({
    elapsed,
    onFault: ({ message: reason }) =>
      log.warn({ target: name, reason }, 'the outbox is not being emptied; what is in it waits'),
  })
  let failures = 0
  let restsUntil = Number.NEGATIVE_INFINITY

  const fails = (found: NeighbourFault): void => {
    standing.failed(found)
    // Jitter, so that instances that fail at the same moment do not all retry at the same moment.
    const rest = Math.min(shortestRest * 2 ** failures, longestRest) * (0.75 + random() / 4)
    restsUntil = elapsed() + Math.max(rest, found.pause ?? 0)
    failures += 1
  }

  const works = (): void => {
    if (standing.fault) log.info({ target: name }, 'the outbox is being emptied again')
    standing.recovered()
    failures = 0
  }

  /** Sends these rows. A fault of their own says nothing of the target. */
  const send = async (target: Target, rows: readonly OutboxRow[]): Promise<Outcome> => {
    const { fault: found, ...outcome } = await target.send(rows)
    const untried = untriedOf(rows, outcome)
    const own =
      !standing.fault && found?.code !== 'busy' && untried.length === rows.length && portions.blames(rows)
    const alone = own && untried.length === 1
    if (!found || alone) portions.worked(rows)
    else portions.failed(rows, untried, found)
    if (!found || !own) return { ...outcome, ...(found && { fault: found }) }
    // None was tried, so none was refused either; which of several is at fault is not known yet.
    return { ...outcome, refused: untried.filter(() => alone).map((row) => refuse(row, found.message)) }
  }

  const judge = ({ fault: found, refused }: Outcome): void => {
    if (found) fails(found)
    else works()
    if (refused.length > 0)
      log.warn(
        { target: name, count: refused.length, reason: refused[0]?.reason },
        'rows of the outbox were refused',
      )
  }

  return {
    get fault() {
      return standing.fault
    },
    get failingFor() {
      return standing.failingFor
    },
    async step(target) {
      if (elapsed() < restsUntil) return false
      const { limit, only, except } = portions.next({
        most: target.most,
        failing: standing.fault !== undefined,
      })
      const wanted = { target: name, limit, lease, only, except }
      const claimed = await database.run((sql) => claimRows(sql, wanted))
      if (!claimed.ok) return false
      const rows = portions.pick(claimed.value)
      if (rows.length === 0) return only.length > 0
      const outcome = await send(target, rows)
      judge(outcome)
      const { done, givenUp, refused } = outcome
      const untried = untriedOf(claimed.value, outcome).map(({ id }) => id)
      // If this fails, the lease runs out and they are sent once more: delivery is at least once.
      const finished = await database.run((sql) => finishRows(sql, { done, refused, untried }))
      count(done.length - givenUp, givenUp)
      return finished.ok && !outcome.fault && claimed.value.length === limit
    },
  }
}

function untriedOf(rows: readonly OutboxRow[], { done, refused }: Outcome): readonly OutboxRow[] {
  const tried = new Set([...done, ...refused.map(({ id }) => id)])
  return rows.filter(({ id }) => !tried.has(id))
}
