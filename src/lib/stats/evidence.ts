/** One newsletter send of a variation, as far as it has come. */
export type Send = {
  offer_id: number
  variation_id: number
  recipients: number
  /** Different people who have clicked so far. */
  clickers: number
  /** Days since the send. */
  age: number
}

/** Of how many a send's clickers have clicked after one, two and three days, from 0 to 1. */
export type Arrival = readonly [one: number, two: number, three: number]

/** The evidence of a variation, worth as much as so many clicks of so many independent recipients. */
export type Evidence = { k: number; n: number }

export type Pooled = {
  /** How much a day makes all rates of that day larger or smaller: the variance of the logarithm. */
  dispersion: number
  /** By variation. */
  evidence: Map<number, Evidence>
}

const usualArrival: Arrival = [0.7, 0.9, 1]
const priorRate = 0.02

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
  if (age >= 3) return 1
  // Sends that are three days old count as complete, so the days before are measured by the third.
  const known = [0, one / three, two / three, 1]
  const day = Math.floor(Math.max(0, age))
  const from = known[day] ?? 1
  return from + ((known[day + 1] ?? 1) - from) * (Math.max(0, age) - day)
}

/**
 * Effective clicks and recipients of each variation. All recipients of a send share its day, so a send is worth at most
 * 1/dispersion clicks, however large it is. `discount` is what evidence keeps of its weight each day: 1 keeps all.
 */
export function poolEvidence(sends: readonly Send[], arrival: Arrival, discount = 1): Pooled {
  const exposed = sends
    .map((send) => ({
      ...send,
      k: Math.min(send.clickers, send.recipients),
      n: send.recipients * arrived(send.age, arrival),
    }))
    .filter(({ n }) => n > 0)
  const groups = Map.groupBy(exposed, ({ variation_id }) => variation_id)
  const sums = new Map([...groups].map(([id, own]) => [id, totals(own)]))
  const all = totals(exposed)
  const pool = (1 + all.k) / (1 / priorRate + all.n)
  const dispersion = dispersionOf([...groups.values()])
  const evidence = new Map<number, Evidence>()
  for (const { variation_id, k, n, age } of exposed) {
    const { k: clicks, n: recipients } = sums.get(variation_id) ?? all
    const rate = Math.min(0.9, (clicks + 4) / (recipients + 4 / pool))
    const designEffect = 1 + (n * rate * dispersion) / (1 - rate)
    const weight = discount ** age / designEffect
    const known = evidence.get(variation_id) ?? { k: 0, n: 0 }
    evidence.set(variation_id, { k: known.k + weight * k, n: known.n + weight * n })
  }
  return { dispersion, evidence }
}

const totals = (sends: readonly Evidence[]): Evidence =>
  sends.reduce((sum, { k, n }) => ({ k: sum.k + k, n: sum.n + n }), { k: 0, n: 0 })

/** By the method of moments, drawn towards 0.09 as if that had been seen eight times. */
function dispersionOf(groups: readonly (readonly Evidence[])[]): number {
  let weights = 8
  let sum = 8 * 0.09
  for (const own of groups) {
    const { k, n } = totals(own)
    if (own.length < 2 || k === 0) continue
    for (const send of own) {
      const expected = (send.n * k) / n
      const excess =
        ((send.k - expected) / expected) ** 2 * (own.length / (own.length - 1)) - (1 - k / n) / expected
      const weight = expected / (expected + 11)
      weights += weight
      sum += weight * Math.min(4, excess)
    }
  }
  return Math.max(0.0025, sum / weights)
}
