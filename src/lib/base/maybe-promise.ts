/**
 * A value that is nearly always available at once. A promise for each would cost a click more than finding its link.
 */
export type MaybePromise<Value> = Value | Promise<Value>

/** Continues with a value at once if it is available, otherwise later. */
export const whenThere = <Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> => (value instanceof Promise ? value.then(next) : next(value))
