/**
 * Repeatable chance for the moments at which something is killed. The seed is printed; `CRASH_SEED` brings the same
 * sequence back.
 */
export function seededRandom(): () => number {
  const seed = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 32) >>> 0
  console.info(`CRASH_SEED=${seed}`)
  return chance(seed)
}

/** Numbers from 0 to 1 (mulberry32), the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
