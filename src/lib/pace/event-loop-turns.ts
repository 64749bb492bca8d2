/**
 * Lets everything else that waits go first: code that awaits a turn continues in a later round of the event loop, and
 * no two in the same one.
 */
export function createTurns(): () => Promise<void> {
  let last = Promise.resolve()
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)))
    return last
  }
}
