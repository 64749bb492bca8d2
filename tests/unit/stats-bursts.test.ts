import { describe, expect, test } from 'vitest'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { chanceOfBurst, firstHoursOf, wholesOf } from '../../src/lib/stats/bursts.ts'
import { poolEvidence } from '../../src/lib/stats/evidence.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { peopleOf, wholeSends } from '../../src/lib/stats/people-of-send.ts'
import { dayOf } from '../../src/lib/stats/settle-rates.ts'
import { usualDayOf } from '../../src/lib/stats/usual-day.ts'

const atFirst = curveOf([])
const shareBy = marks.map((hours) => arrived(Math.min(hours, 72) / 24, atFirst).share)
/** Clickers who come as people do, and machines in the first hour. */
const came = (people: number, machines = 0, age = 10) => ({
  newsletter_send_id: crypto.randomUUID(),
  age,
  clickers: people + machines,
  clickers_by: shareBy.map((share) => people * Math.min(share, arrived(age, atFirst).share) + machines),
})
/** What a site knows after so many ordinary sends. */
const after = (sends: number, people = 300) => curveOf(Array.from({ length: sends }, () => came(people)))
const usual = after(9)

const people = (send: ReturnType<typeof came>) => peopleOf(send, send, usual)

test('machines that come at once are recognised by who comes later', () => {
  expect(people(came(400)).clickers).toBeGreaterThan(398)
  const { clickers, unsure } = people(came(400, 600))
  expect(clickers).toBeCloseTo(400, -1)
  // Half of the distance is a standard deviation.
  expect(Math.sqrt(unsure)).toBeGreaterThan(0.99 * (Math.log(1000 / 400) / 2))
  expect(Math.sqrt(unsure)).toBeLessThan(1.1 * (Math.log(1000 / 400) / 2))
})

test('nothing is a burst before the site’s usual arrival is known', () => {
  // The specification's example: 23 of 150 clicked, all of them at once.
  const atOnce = came(0, 23)
  const counted = (curve: typeof usual) => peopleOf(atOnce, atOnce, curve)
  for (const curve of [atFirst, after(1), after(2), after(9, 3)])
    expect(counted(curve)).toEqual({ clickers: 23, unsure: 0 })
  for (const curve of [after(3), after(9, 19), usual]) expect(counted(curve).clickers).toBeLessThan(1)
  // The parts of one send are not several.
  const split = Array.from({ length: 9 }, () => ({ ...came(300), newsletter_send_id: 'split' }))
  expect(counted(curveOf(split)).clickers).toBe(23)
  // Nor is it one where all readers are as fast, also in its first hours.
  const fast = curveOf(Array.from({ length: 40 }, () => came(1, 22)))
  expect(counted(fast).clickers).toBeGreaterThan(22.9)
  const early = { ...atOnce, age: 0.2 }
  expect(peopleOf(early, early, fast).clickers).toBeGreaterThan(22.9)
  expect(peopleOf(early, early, usual).clickers).toBeLessThan(1)
})

test('a send shows no burst in its first hours, or without early clicks', () => {
  for (const send of [came(400, 600, 2 / 24), { ...came(400), clickers_by: marks.map(() => 0) }])
    expect(people(send)).toEqual({ clickers: send.clickers, unsure: 0 })
})

test('a few clickers who may be machines count in part, and are less certain', () => {
  const { clickers, unsure } = people(came(2, 2))
  expect(clickers).toBeGreaterThan(3.5)
  expect(clickers).toBeLessThan(4)
  expect(unsure).toBeGreaterThan(0)
  expect(people(came(4, 4)).clickers).toBeLessThan(7)
})

test('the parts of a send show its machines together, since a small one alone cannot', () => {
  const small = came(4, 4)
  const parts = [came(400, 400), small].map((part) => ({ ...part, newsletter_send_id: 'split' }))
  const wholeOf = wholeSends([...parts, came(300)])
  const told = parts.map((part) => peopleOf(part, wholeOf(part), usual).clickers)
  expect(people(small).clickers).toBeGreaterThan(6)
  expect(told[0]).toBeCloseTo(400, -1)
  expect(told[1]).toBeGreaterThan(3.5)
  expect(told[1]).toBeLessThan(5)
  // Machines may also have asked for one part only, and a part may have had no click.
  const one = { ...came(400, 600), newsletter_send_id: 'one part' }
  const many = { ...came(9_000), newsletter_send_id: 'one part' }
  expect(peopleOf(one, wholeSends([one, many])(one), usual).clickers).toBeCloseTo(400, -1)
  expect(peopleOf(came(0), came(400, 600), usual)).toEqual({ clickers: 0, unsure: 0 })
})

/** How many of the sends more likely have a burst than not. */
function burstsIn(parts: Parameters<typeof wholesOf>[0]): number {
  const wholes = [...wholesOf(parts).values()]
  const first = firstHoursOf(wholes)
  return first ? wholes.filter((whole) => chanceOfBurst(whole, first) > 0.5).length : 0
}

test('the curve of arrival is that of people, though four sends in ten had a burst', () => {
  const random = seeded(5)
  const sends = Array.from({ length: 60 }, (_, id) => came(300 + id, id % 5 < 2 ? 200 + 10 * id : 0))
  const first = (curve: typeof usual) => arrived(1 / 24, curve).share
  expect(first(curveOf(sends))).toBeLessThan(1.1 * first(usual))
  expect(burstsIn(sends)).toBe(24)
  // The parts of those sends say so together, also those with a few clickers.
  const split = sends.flatMap((send) => {
    const few = came(8, (8 * (send.clickers_by[0] ?? 0)) / send.clickers)
    return [send, { ...few, newsletter_send_id: send.newsletter_send_id }]
  })
  expect(burstsIn(split)).toBe(24)
  // Where there are none, next to nothing is left out.
  const clean = sends.map(() => {
    const hour = 1 / (1 + Math.exp(1.8 + 0.3 * drawNormal(random)))
    return {
      newsletter_send_id: crypto.randomUUID(),
      clickers_by: marks.map((_, mark) => (mark === 0 ? 500 * hour : 500)),
    }
  })
  expect(burstsIn(clean)).toBeLessThan(3)
})

test('the rate of a text with a burst in a third of its sends is that of people, less certain', () => {
  const told = (machines: number) => {
    const sends = Array.from({ length: 30 }, (_, day) => ({
      offer_id: 1,
      variation_id: 1,
      recipients: 10_000,
      ...came(200, day % 3 === 0 ? machines : 0, 40 - day),
    }))
    return learn([{ offer_id: 1, variation_id: 1 }], sends).offers[0]?.variations[0]
  }
  expect(told(300)?.mean).toBeGreaterThan(0.019)
  expect(told(300)?.mean).toBeLessThan(0.021)
  expect(told(300)?.evidence.k).toBeLessThan(told(0)?.evidence.k ?? 0)
})

test('a rate is that of a usual day, which a day that went viral does not move', () => {
  const usualDay = (factorOf: (day: number) => number, days = 100) =>
    usualDayOf(
      poolEvidence(
        Array.from({ length: days }, (_, day) => ({
          offer_id: 1,
          variation_id: 1,
          recipients: 50_000,
          ...came(Math.round(1000 * factorOf(day))),
        })),
        usual,
      ).sends,
    )
  const random = seeded(9)
  const logNormal = usualDay(() => Math.exp(0.25 * drawNormal(random)))
  expect(Math.abs(Math.log(logNormal.factor))).toBeLessThan(0.03)
  const viral = usualDay((day) => (day % 20 === 0 ? 3 : 1 + (day % 3) / 20))
  expect(viral.factor).toBeLessThan(0.98)
  expect(viral.variance).toBeCloseTo(Math.log(viral.factor) ** 2 / 4, 12)
  // Nine days do not show how days are spread.
  expect(usualDay((day) => 1 + day / 5, 9)).toEqual({ factor: 1, variance: 0 })
  expect(usualDay((day) => 1 + day / 5, 10).variance).toBeGreaterThan(0)
})

describe('a burst', () => {
  /** Of the beta function, at whole numbers. */
  const logBeta = (a: number, b: number) =>
    logFactorial(a - 1) + logFactorial(b - 1) - logFactorial(a + b - 1)
  const logFactorial = (number: number): number =>
    number < 2 ? 0 : Math.log(number) + logFactorial(number - 1)

  test('is as likely as the mixture of ordinary sends and those where each share is as likely', () => {
    // Ordinary shares are a beta variable with 2 and 6.
    const usually = { share: 1 / 4, variance: 2 / 3, bursts: 0.2 }
    for (const [first, all] of [
      [15, 30],
      [26, 30],
      [60, 70],
    ] as const) {
      const ordinary = logBeta(first + 2, all - first + 6) - logBeta(2, 6)
      const factor = Math.exp(ordinary - logBeta(first + 1, all - first + 1))
      expect(chanceOfBurst({ first, all }, usually)).toBeCloseTo(0.2 / (0.2 + 0.8 * factor), 2)
    }
    // While half have come, twice the share is usual: a beta variable with 3 and 3 at this variance.
    const early = logBeta(36 + 3, 4 + 3) - logBeta(3, 3) - logBeta(37, 5)
    expect(chanceOfBurst({ first: 36, all: 40 }, usually, 0.5)).toBeCloseTo(
      0.2 / (0.2 + 0.8 * Math.exp(early)),
      2,
    )
    expect(chanceOfBurst({ first: 10, all: 40 }, usually)).toBe(0)
    expect(chanceOfBurst({ first: 11, all: 40 }, usually)).toBeGreaterThan(0)
    expect(chanceOfBurst({ first: 20, all: 40 }, usually, 0.5)).toBe(0)
  })

  test('is told from the usual first hour that sends show, each by its chance of none', () => {
    const sends = Array.from({ length: 32 }, (_, id) => {
      const all = [60, 150, 400, 900][id % 4] ?? 0
      return { first: Math.round(all * (id % 8 === 3 ? 0.8 : 0.12 + 0.02 * (id % 11))), all }
    })
    const found = firstHoursOf(sends) ?? expect.fail('no first hours')
    const ofOne = 1 / (found.variance * found.share * (1 - found.share))
    const told = sends.map(({ first, all }) => ({
      share: first / all,
      all,
      ordinary: 1 - chanceOfBurst({ first, all }, found),
    }))
    const sumOf = (value: (one: (typeof told)[number]) => number) =>
      told.reduce((sum, one) => sum + value(one), 0)
    const weight = ({ all, ordinary }: (typeof told)[number]) => (ordinary * all) / (all + ofOne)
    expect(found.share).toBeCloseTo(sumOf((one) => weight(one) * one.share) / sumOf(weight), 3)
    expect(found.bursts).toBeCloseTo((0.5 + sumOf(({ ordinary }) => 1 - ordinary)) / (8 + 32), 3)
    const scale = found.share * (1 - found.share)
    const apart = ({ share, all }: (typeof told)[number]) =>
      Math.min(1, ((share - found.share) ** 2 - scale / all) / scale ** 2)
    const saying = ({ all, ordinary }: (typeof told)[number]) => (ordinary * all) / (all + 20)
    expect(found.variance).toBeCloseTo(
      (4 * 0.1 + sumOf((one) => saying(one) * apart(one))) / (4 + sumOf(saying)),
      3,
    )
  })

  test('leaves those who came later, as many as usual come then, by its chance', () => {
    for (const [age, machines] of [
      [10, 2],
      [10, 40],
      [0.5, 3],
    ] as const) {
      const send = came(9, machines, age)
      const first = usual.first ?? expect.fail('no first hours')
      const come = arrived(age, usual).share
      const early = send.clickers_by[0] ?? 0
      const chance = chanceOfBurst({ first: early, all: send.clickers }, first, come)
      const share = (usual.shares[0] ?? 0) / come
      const left = (send.clickers - early) / (1 - share)
      const found = people(send)
      expect(found.clickers).toBeCloseTo(chance * left + (1 - chance) * send.clickers, 9)
      const distance = Math.log((send.clickers + 0.5) / (left + 0.5))
      // What is not known: whether it was a burst, who of the early ones were machines, how many come early.
      expect(found.unsure).toBeCloseTo(
        chance * (1 - chance) * distance ** 2 + chance * (distance ** 2 / 4 + share ** 2 * usual.variance),
        9,
      )
      expect(chance).toBeGreaterThan(0)
    }
  })

  test('is looked for from three hours on', () => {
    const at = (age: number) => people(came(400, 600, age))
    expect(at(2.99 / 24).unsure).toBe(0)
    expect(at(3 / 24).unsure).toBeGreaterThan(0)
  })
})

test('a usual day is the middle of days, but for the furthest, beside the mean of a log-normal variable', () => {
  const sendsOf = (days: number) =>
    poolEvidence(
      Array.from({ length: days }, (_, day) => ({
        offer_id: 1,
        variation_id: 1,
        recipients: 50_000,
        ...came(800 + 30 * ((day * 7) % 11) + (day === 4 ? 3_000 : 0) - (day === 5 ? 700 : 0)),
      })),
      usual,
    ).sends
  for (const [length, low, half, high] of [
    [10, 2, 5, 7],
    [23, 5, 11, 17],
  ] as const) {
    const sends = sendsOf(length)
    const days = sends.map(dayOf).toSorted((one, other) => one - other)
    const [lower = 0, middle = 0, upper = 0] = [days[low], days[half], days[high]]
    const spread = (upper - lower) / 1.349
    const limited = days.map((day) => Math.max(-1.5 * spread, Math.min(1.5 * spread, day - middle)))
    const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / length
    const mean = meanOf(days.map((day) => Math.exp(day)))
    const off = middle + meanOf(limited) + spread ** 2 / 2 - Math.log(mean)
    expect(usualDayOf(sends).factor).toBeCloseTo(Math.exp(off), 12)
    expect(usualDayOf(sends).variance).toBeCloseTo(off ** 2 / 4, 12)
    expect(limited).toContain(1.5 * spread)
    expect(limited).toContain(-1.5 * spread)
  }
})
