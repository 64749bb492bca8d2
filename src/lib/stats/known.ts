import type { Evidence } from './dispersion.ts'
import type { Node } from './network.ts'
import type { Exposed } from './parts.ts'

/** Evidence about a variation, given the rates of the others. */
export type TextEvidence = Evidence &
  Node & {
    offer_id: number
    variation_id: number
    /** Its estimated rate, 0 to 0.9. */
    rate: number
    /** Precision of the logarithm of the rate. */
    precision: number
    /** The number of sends that it was in. */
    sends: number
  }

/** A variation's part of a send; `n` is its recipients times the share of their clicks that has arrived. */
export type SendSegment = Evidence & {
  of: TextEvidence
  /** Its weight at its age, 0 to 1. */
  kept: number
  /** The number of recipients who would click this often on a usual day. */
  exposed: number
  /** Variance of the logarithm of its rate that is its own. */
  own: number
  /** Variance that all parts of the send share: its day, and how many of its clickers have arrived. */
  ofSend: number
  /** What of its variances is there only because upper limits are taken; of the day's, in a send of one text. */
  caution: number
  /** Precision of the day from the other parts, in clicks. */
  others: number
  part: Exposed
}
