/** A value that is nearly always there at once. A promise for each would cost a click more than finding its link. */
export type MaybePromise<Value> = Value | Promise<Value>

/** Goes on with a value at once where it is there, and else when it is. */
export const whenThere = <Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> => (value instanceof Promise ? value.then(next) : next(value))
