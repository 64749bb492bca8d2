/**
 * Lets other waiting work go first: code that awaits a turn continues in a later round of the event loop, one at a
 * time.
 */
export function createTurns(): () => Promise<void> {
  let last = Promise.resolve()
  return () => {
    last = last.then(() => new Promise((resolve) => setImmediate(resolve)))
    return last
  }
}
