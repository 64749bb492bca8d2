import type { Evidence } from './dispersion.ts'
import type { Node } from './network.ts'
import type { Exposed } from './parts.ts'

/** Evidence of a variation beside the others, as if their rates were known. */
export type TextEvidence = Evidence &
  Node & {
    offer_id: number
    variation_id: number
    /** Its estimated rate, 0 to 0.9. */
    rate: number
    /** Precision of the logarithm of the rate. */
    precision: number
    /** In how many sends it was. */
    sends: number
  }

/** A variation's part of a send; `n` counts the recipients by how much of their clicks has come. */
export type SendSegment = Evidence & {
  of: TextEvidence
  /** What is left of its weight at its age. */
  kept: number
  /** Recipients as many as would have clicked like this on a usual day. */
  exposed: number
  /** Variance of the logarithm of its rate that is its own. */
  own: number
  /** Variance that all parts of the send have in common: its day, and how many of its clickers have come. */
  ofSend: number
  /** What the other parts say of the day, in clicks. */
  others: number
  part: Exposed
}
