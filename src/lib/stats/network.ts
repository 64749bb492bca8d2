/** A place of the network: a text, with the unknown that is solved for. */
export type Node = { x: number; rest: number; step: number; image: number }

/** A send: tied to the texts in it, and to the ground by how little its day can differ. */
export type Hub<Place extends Node> = { ground: number; ties: { to: Place; strength: number }[] }

export const newNode = (): Node => ({ x: 0, rest: 0, step: 0, image: 0 })

/**
 * Solves the network's linear system for what is in `rest`, and leaves the answer in `x`. With recipients who
 * click independently and a variance of days, the precision of the logarithms of rates is that of a network:
 * texts are tied to the days of their sends, and days to the ground. By conjugate gradients (Hestenes & Stiefel
 * 1952), exact after as many steps as there are texts, and near enough much sooner.
 */
export function solve<Place extends Node>(
  nodes: readonly Place[],
  hubs: readonly Hub<Place>[],
  near: number,
): void {
  let error = 0
  for (const node of nodes) {
    node.x = 0
    node.step = node.rest
    error += node.rest ** 2
  }
  const enough = error * near
  for (let round = 0; round < 2 * nodes.length && error > enough; round += 1) {
    multiply(nodes, hubs)
    const length = error / nodes.reduce((sum, { step, image }) => sum + step * image, 0)
    let left = 0
    for (const node of nodes) {
      node.x += length * node.step
      node.rest -= length * node.image
      left += node.rest ** 2
    }
    for (const node of nodes) node.step = node.rest + (left / error) * node.step
    error = left
  }
}

/** The matrix times the steps. */
function multiply<Place extends Node>(nodes: readonly Place[], hubs: readonly Hub<Place>[]): void {
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
