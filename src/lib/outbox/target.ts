import type { NeighbourFault } from '../neighbours/neighbour.ts'
import type { OutboxRow, RefusedRow } from '../store/outbox.ts'

/**
 * The outcome of rows. Those in neither list were not tried, or it is unknown whether they arrived: they are sent
 * again. A `fault` concerns the target as a whole, which then gets a pause.
 */
export type Outcome = {
  /** Done: sent, or given up. */
  done: readonly string[]
  /** How many of these the target never accepted. */
  givenUp: number
  refused: readonly RefusedRow[]
  fault?: NeighbourFault
}

/** Seconds after which a row that was refused is tried again; each time doubles them. */
const [shortestPause, longestPause] = [60, 86_400]

export const refuse = ({ id, attempts }: OutboxRow, reason: string): RefusedRow => ({
  id,
  reason,
  pause: Math.min(shortestPause * 2 ** (attempts - 1), longestPause),
})

/** Another server that gets its rows from the outbox. */
export type Target = {
  /** Its name in rows. */
  name: string
  /** Rows at a time. */
  most: number
  send(rows: readonly OutboxRow[]): Promise<Outcome>
}
