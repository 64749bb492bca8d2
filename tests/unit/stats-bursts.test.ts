import { expect, test } from 'vitest'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { chanceOfBurst, firstHoursOf, wholesOf } from '../../src/lib/stats/bursts.ts'
import { poolEvidence } from '../../src/lib/stats/evidence.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { peopleOf, wholeSends } from '../../src/lib/stats/people-of-send.ts'
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
  expect(usualDay(() => 1, 9)).toEqual({ factor: 1, variance: 0 })
})
