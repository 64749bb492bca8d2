/** The sum of what is picked of each; 0 if there are none. */
export const sumOf = <One>(all: readonly One[], pick: (one: One) => number): number =>
  all.reduce((sum, one) => sum + pick(one), 0)
