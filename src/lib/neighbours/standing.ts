/**
 * The state of a neighbour: its fault, and for how long it has failed. A fault that stays the same is passed to
 * `onFault` once. `elapsed` is a monotonic clock in milliseconds.
 */
export function createStanding<Fault extends { message: string }>({
  elapsed,
  onFault,
}: {
  elapsed: () => number
  onFault: (fault: Fault) => void
}) {
  let current: Fault | undefined
  let failingSince = 0
  return {
    failed(fault: Fault): void {
      if (!current) failingSince = elapsed()
      if (current?.message !== fault.message) onFault(fault)
      current = fault
    },
    recovered(): void {
      current = undefined
    },
    get fault() {
      return current
    },
    /** In milliseconds, at least 1; 0 if nothing fails. */
    get failingFor() {
      return current ? Math.max(1, elapsed() - failingSince) : 0
    },
  }
}
