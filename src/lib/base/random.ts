/** A number in [0, 1). Passed in, so that tests and repeatable choices decide what chance is. */
export type Random = () => number

export const systemRandom: Random = () => Math.random()
