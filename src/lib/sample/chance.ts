import type { Random } from '../base/random.ts'

/** The same numbers for the same seed (mulberry32). Good enough for samples, not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A normally distributed number with mean 0 and standard deviation 1 (Box and Muller). */
export const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/** A list that is not empty. */
export type Choices<Item> = readonly [Item, ...Item[]]

/** One of the items, with a probability proportional to its share. */
export function pick<Item extends { share: number }>(items: Choices<Item>, random: Random): Item {
  let left = random() * items.reduce((sum, { share }) => sum + share, 0)
  for (const item of items) {
    left -= item.share
    if (left < 0) return item
  }
  return items[0]
}

export const whole = (below: number, random: Random): number => Math.floor(random() * below)

export const bytes = (count: number, random: Random): Uint8Array =>
  Uint8Array.from({ length: count }, () => whole(256, random))
