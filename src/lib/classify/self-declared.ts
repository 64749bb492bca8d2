import { isbot } from 'isbot'
import { LRUCache } from 'lru-cache'

/** Tells whether a user agent says itself that it is a machine. */
export type SelfDeclared = (userAgent: string) => boolean

/** Remembers the answers: the mail programs and browsers of a newsletter's readers are few. */
export function createSelfDeclared(): SelfDeclared {
  const known = new LRUCache<string, boolean>({ max: 5_000 })
  return (userAgent) => {
    const remembered = known.get(userAgent)
    if (remembered !== undefined) return remembered
    const machine = isbot(userAgent)
    known.set(userAgent, machine)
    return machine
  }
}
