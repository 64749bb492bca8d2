import type { Known, Segment } from './evidence.ts'
import { solve } from './network.ts'
import { hubsOf } from './settle-rates.ts'

/** How sure a variation is known beside others of its offer. */
export type Spread = {
  of: Known
  /** Variance of the logarithm of its rate. */
  variance: number
  /** Covariance with each of the others, 0 or more: how far both are wrong together, because they shared days. */
  others: { of: Known; covariance: number }[]
}

/** The inverse of the network of variations and days, see `network.ts`, column by column. */
export function spreadsOf(sends: readonly (readonly Segment[])[]): Spread[] {
  const all = [...new Set(sends.flatMap((segments) => segments.map(({ of }) => of)))]
  const hubs = hubsOf(sends)
  return all.map((node) => {
    for (const one of all) one.rest = Number(one === node)
    solve(all, hubs, 1e-16)
    return {
      of: node,
      variance: node.x,
      others: all.filter((other) => other !== node).map((of) => ({ of, covariance: Math.max(0, of.x) })),
    }
  })
}
