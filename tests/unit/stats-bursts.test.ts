import { expect, test } from 'vitest'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { withoutBursts } from '../../src/lib/stats/bursts.ts'
import { poolEvidence } from '../../src/lib/stats/evidence.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { peopleOf } from '../../src/lib/stats/people-of-send.ts'
import { usualDayOf } from '../../src/lib/stats/usual-day.ts'

const usual = curveOf([])
const shareBy = marks.map((hours) => arrived(Math.min(hours, 72) / 24, usual).share)
/** Clickers who come as people do, and machines in the first hour. */
const came = (people: number, machines = 0, age = 10) => ({
  age,
  clickers: people + machines,
  clickers_by: shareBy.map((share) => people * Math.min(share, arrived(age, usual).share) + machines),
})

test('machines that come at once are told by those who come later', () => {
  expect(peopleOf(came(400), usual)).toEqual({ clickers: 400, unsure: 0 })
  const { clickers, unsure } = peopleOf(came(400, 600), usual)
  expect(clickers).toBeCloseTo(400, -1)
  // Half of the distance is a standard deviation.
  expect(Math.sqrt(unsure)).toBeGreaterThan(Math.log(1000 / 400) / 2)
  expect(Math.sqrt(unsure)).toBeLessThan(1.1 * (Math.log(1000 / 400) / 2))
})

test('a send says nothing of a burst in its first hours, without an early click, and by a few', () => {
  for (const send of [came(400, 600, 2 / 24), { ...came(400), clickers_by: marks.map(() => 0) }, came(2, 2)])
    expect(peopleOf(send, usual)).toEqual({ clickers: send.clickers, unsure: 0 })
})

test('the curve of arrival is that of people, though four sends in ten had a burst', () => {
  const random = seeded(5)
  const sends = Array.from({ length: 60 }, (_, id) => came(300 + id, id % 5 < 2 ? 200 + 10 * id : 0))
  const first = (curve: typeof usual) => arrived(1 / 24, curve).share
  expect(first(curveOf(sends))).toBeLessThan(1.1 * first(usual))
  expect(withoutBursts(sends)).toHaveLength(36)
  expect(withoutBursts([came(8, 9)])).toHaveLength(1)
  // Where there are none, next to nothing is left out.
  const clean = sends.map(() => {
    const hour = 1 / (1 + Math.exp(1.8 + 0.3 * drawNormal(random)))
    return { clickers_by: marks.map((_, mark) => (mark === 0 ? 500 * hour : 500)) }
  })
  expect(withoutBursts(clean).length).toBeGreaterThan(57)
})

test('the rate of a text with a burst in a third of its sends is that of people, and less sure', () => {
  const told = (machines: number) => {
    const sends = Array.from({ length: 30 }, (_, day) => ({
      offer_id: 1,
      variation_id: 1,
      newsletter_send_id: `${day}`,
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
          newsletter_send_id: `${day}`,
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
