/** A number in [0, 1). Passed in, so that tests and reproducible choices can determine it. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
