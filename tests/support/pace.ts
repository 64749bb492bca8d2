/** Milliseconds of the work below where nothing else is done on the machine for which the tests' limits were chosen. */
const usual = 40

/**
 * A limit in milliseconds for what was just measured, as long on the machine for which it was chosen, and longer in
 * proportion where the same work takes longer now: machines differ, and other tests run at the same time.
 */
export function atThisPace(milliseconds: number): number {
  const begun = performance.now()
  const counts = new Map<number, { count: number }>()
  for (let index = 0; index < 300_000; index += 1) counts.set((index * 7_919) % 100_003, { count: index })
  return milliseconds * Math.max(1, (performance.now() - begun) / usual)
}
