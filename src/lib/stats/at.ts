/** The number at an index, or 0 out of range; for indexes that the compiler cannot know to be valid. */
export const at = (values: ArrayLike<number>, place: number): number => values[place] ?? 0

/** The same for typed arrays; a function that sees only these is much faster. */
export const numberAt = (values: Float64Array, place: number): number => values[place] ?? 0

/** The value of a key, or `otherwise` if it is missing. */
export const lookUp = <Key, Value>(map: ReadonlyMap<Key, Value>, key: Key, otherwise: Value): Value =>
  map.get(key) ?? otherwise
