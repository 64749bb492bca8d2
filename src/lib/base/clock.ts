/** The time now, in milliseconds since 1970 (UTC). Passed in, so that tests set the time. */
export type Clock = () => number

export const systemClock: Clock = () => Date.now()
