/** Runs a task when all earlier ones have finished, and returns its result. */
export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>

/**
 * For file operations in the background: a disk that hangs blocks one thread of Node's pool, not all four, which static
 * files, passwords and DNS look-ups need.
 */
export function createQueue(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}
