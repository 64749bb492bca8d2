/** The number at a place, and 0 beyond the ends, for places that are there though the compiler cannot see it. */
export const at = (values: ArrayLike<number>, place: number): number => values[place] ?? 0

/** The same of numbers of one kind only, which are read much faster. */
export const numberAt = (values: Float64Array, place: number): number => values[place] ?? 0

/** What a map has for a key, or else `otherwise`. */
export const lookUp = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, otherwise: Value): Value =>
  map.get(key) ?? otherwise
