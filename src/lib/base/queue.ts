/** Does a piece of work when all that were given before are done, and returns what it answers. */
export type InTurn = <Value>(work: () => Promise<Value>) => Promise<Value>

/**
 * For what is done to files in the background. A disk that hangs takes one thread of Node's pool by it, not all
 * four, which static files, passwords and the database's address need.
 */
export function createQueue(): InTurn {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => {})
    return done
  }
}
