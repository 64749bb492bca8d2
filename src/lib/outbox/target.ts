import type { NeighbourFault } from '../neighbours/neighbour.ts'
import type { OutboxRow, RefusedRow } from '../store/outbox.ts'

/**
 * What happened to rows. Those in neither list were not tried, or nobody knows whether they arrived: they are sent
 * again. A `fault` is one of the target as a whole, which then rests for a while.
 */
export type Outcome = {
  /** Done: sent, or given up. */
  done: readonly string[]
  /** How many of these the target never took. */
  givenUp: number
  refused: readonly RefusedRow[]
  fault?: NeighbourFault
}

/** Another server that gets what waits for it in the outbox. */
export type Target = {
  /** As rows name it. */
  name: string
  /** Rows at a time. */
  most: number
  send(rows: readonly OutboxRow[]): Promise<Outcome>
}
