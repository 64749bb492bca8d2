/** Of how many a send's clickers have clicked after one, two and three days, from 0 to 1. */
export type Arrival = readonly [one: number, two: number, three: number]

const usualArrival: Arrival = [0.7, 0.9, 1]

/** Learned from sends older than three days where there are ten, else what is usual (selection-and-statistics, "Delay"). */
export function arrivalOf(
  sends: readonly {
    age: number
    clickers: number
    clickers_1: number
    clickers_2: number
    clickers_3: number
  }[],
): Arrival {
  const old = sends.filter(({ age, clickers }) => age > 3 && clickers > 0)
  if (old.length < 10) return usualArrival
  const total = (pick: (send: (typeof old)[number]) => number) =>
    old.reduce((sum, send) => sum + pick(send), 0)
  const all = total((send) => send.clickers)
  return [
    total((send) => send.clickers_1) / all,
    total((send) => send.clickers_2) / all,
    total((send) => send.clickers_3) / all,
  ]
}

/** The share of a send's clickers who have clicked at an age in days: straight lines between whole days. */
export function arrived(age: number, [one, two, three]: Arrival): number {
  if (age <= 0) return 0
  if (age >= 3) return 1
  // Sends that are three days old count as complete, so the days before are measured by the third.
  if (age < 1) return (age * one) / three
  if (age < 2) return (one + (two - one) * (age - 1)) / three
  return (two + (three - two) * (age - 2)) / three
}
