import type { Known, Segment } from './evidence.ts'

/** A variation's place in the linear system. */
type Node = { of: Known; x: number; rest: number; step: number; image: number }
/** A day, and what is tied to it. */
type Hub = { ground: number; ties: { to: Node; strength: number }[] }

/** How sure a variation is known beside others of its offer. */
export type Spread = {
  of: Known
  /** Variance of the logarithm of its rate. */
  variance: number
  /** Covariance with each of the others, 0 or more: how far both are wrong together, because they shared days. */
  others: { of: Known; covariance: number }[]
}

/**
 * With recipients who click independently and a variance of days, the precision of the logarithms of rates is that of a
 * network: variations are tied to the days of their sends by their expected clicks, and each day to the ground by 1/dispersion.
 * Its inverse is found column by column by conjugate gradients (Hestenes & Stiefel 1952), exact after as many steps as there are
 * variations.
 */
export function spreadsOf(sends: readonly (readonly Segment[])[], dispersion: number): Spread[] {
  const nodes = new Map<Known, Node>()
  const nodeOf = (of: Known): Node => {
    const known = nodes.get(of)
    if (known) return known
    const node = { of, x: 0, rest: 0, step: 0, image: 0 }
    nodes.set(of, node)
    return node
  }
  const hubs = sends.map((segments): Hub => {
    const ties = segments.map(({ of, kept, exposed }) => ({
      to: nodeOf(of),
      strength: kept * exposed * of.rate,
      recipients: kept * exposed,
    }))
    const clicks = ties.reduce((sum, { strength }) => sum + strength, 0)
    const recipients = ties.reduce((sum, tie) => sum + tie.recipients, 0)
    return { ties, ground: (1 - clicks / recipients) / dispersion }
  })
  const all = [...nodes.values()]
  return all.map((node) => {
    solve(all, hubs, node)
    return {
      of: node.of,
      variance: node.x,
      others: all.filter((other) => other !== node).map(({ of, x }) => ({ of, covariance: Math.max(0, x) })),
    }
  })
}

/** Leaves the column of the inverse that belongs to a node in `x`. */
function solve(nodes: readonly Node[], hubs: readonly Hub[], column: Node): void {
  for (const node of nodes) {
    node.x = 0
    node.rest = node === column ? 1 : 0
    node.step = node.rest
  }
  let error = 1
  for (let round = 0; round < 2 * nodes.length && error > 1e-16; round += 1) {
    multiply(nodes, hubs)
    const length = error / nodes.reduce((sum, { step, image }) => sum + step * image, 0)
    for (const node of nodes) {
      node.x += length * node.step
      node.rest -= length * node.image
    }
    const left = nodes.reduce((sum, { rest }) => sum + rest ** 2, 0)
    for (const node of nodes) node.step = node.rest + (left / error) * node.step
    error = left
  }
}

/** The matrix times the steps. */
function multiply(nodes: readonly Node[], hubs: readonly Hub[]): void {
  for (const node of nodes) node.image = 0
  for (const { ground, ties } of hubs) {
    let pulled = 0
    let strength = ground
    for (const tie of ties) {
      pulled += tie.strength * tie.to.step
      strength += tie.strength
    }
    for (const tie of ties) tie.to.image += tie.strength * (tie.to.step - pulled / strength)
  }
}
