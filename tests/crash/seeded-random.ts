/**
 * Repeatable chance (mulberry32) for the moments at which something is killed. The seed is printed; `CRASH_SEED`
 * brings the same sequence back.
 */
export function seededRandom(): () => number {
  let state = Number(process.env.CRASH_SEED ?? Date.now() % 2 ** 32) >>> 0
  console.info(`CRASH_SEED=${state}`)
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
