/** Remembers values by key, for at most a day. Times are in milliseconds since 1970. */
export type Fading<Value> = {
  get: (key: string, at: number) => Value | undefined
  set: (key: string, value: Value, at: number) => void
  /** Forgets what is too old; the other two methods do so as well. */
  fade: (at: number) => void
}

/**
 * A value lasts for one to two of these periods: less than a day, even if there are no visitors and `fade` is called
 * once an hour.
 */
export const fadingTime = 11 * 3_600_000

/**
 * Two generations of values; the older one is dropped as a whole. Beyond `most` in a generation the first one is
 * forgotten: keeping them in order of last use would cost more than everything else here.
 */
export function createFading<Value extends object>(most: number): Fading<Value> {
  let young = new Map<string, Value>()
  let old = new Map<string, Value>()
  let began = Number.NEGATIVE_INFINITY
  const fade = (at: number): void => {
    const age = Math.abs(at - began)
    if (age < fadingTime) return
    old = age < 2 * fadingTime ? young : new Map()
    young = new Map()
    began = at
  }
  return {
    fade,
    get(key, at) {
      fade(at)
      return young.get(key) ?? old.get(key)
    },
    set(key, value, at) {
      fade(at)
      const [first] = young.size < most ? [] : young.keys()
      if (first !== undefined) young.delete(first)
      young.set(key, value)
    },
  }
}
