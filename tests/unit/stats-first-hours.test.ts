import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { arrived, curveOf } from '../../src/lib/stats/arrival.ts'
import { logGamma } from '../../src/lib/stats/beta.ts'
import { chanceOfBurst, type FirstHour, type FirstHours, firstHoursOf } from '../../src/lib/stats/bursts.ts'
import { peopleOf, wholeSends } from '../../src/lib/stats/people-of-send.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const logBeta = (a: number, b: number) => logGamma(a) + logGamma(b) - logGamma(a + b)

/** The logarithm of the odds of a burst: any share is as likely in one, a beta variable has the others'. */
function oddsOf({ first, all }: FirstHour, { share, variance, bursts }: FirstHours): number {
  const [a, b] = [1 / (variance * (1 - share)), 1 / (variance * share)]
  return (
    Math.log(bursts / (1 - bursts)) +
    logBeta(first + 1, all - first + 1) -
    (logBeta(first + a, all - first + b) - logBeta(a, b))
  )
}
const logit = (chance: number) => Math.log(chance / (1 - chance))

describe('the chance that a send has a burst', () => {
  const usual = { share: 0.15, variance: 0.2, bursts: 0.1 }

  test.each([
    [4, 20],
    [9, 20],
    [20, 20],
    [40, 200],
    [80, 200],
    [5, 5],
    [1, 1],
  ])('is that of the mixture: %d of %d in the first hour', (first, all) => {
    for (const bursts of [0.02, 0.4])
      expect(
        Math.abs(
          logit(chanceOfBurst({ first, all }, { ...usual, bursts })) -
            oddsOf({ first, all }, { ...usual, bursts }),
        ),
      ).toBeLessThan(0.04)
  })

  test('goes by what the first hour is of those who have come so far, 98 % at the most', () => {
    const send = { first: 60, all: 100 }
    const half = { ...usual, share: 0.3 }
    // The variance is that of the logit, which is the same for a larger share.
    expect(chanceOfBurst(send, usual, 0.5)).toBeCloseTo(chanceOfBurst(send, half), 12)
    expect(
      Math.abs(
        logit(chanceOfBurst({ first: 99, all: 100 }, usual, 0.1)) -
          oddsOf({ first: 99, all: 100 }, { ...usual, share: 0.98 }),
      ),
    ).toBeLessThan(0.04)
  })

  test('is none where no more than usual came', () => {
    expect(chanceOfBurst({ first: 15, all: 100 }, usual)).toBe(0)
    expect(chanceOfBurst({ first: 16, all: 100 }, usual)).toBeGreaterThan(0)
    expect(chanceOfBurst({ first: 0, all: 0 }, usual)).toBe(0)
  })
})

/** By turns: the chance of a burst of each send, then the share, its variance and how many have one. */
function mixtureOf(
  sends: readonly FirstHour[],
): (FirstHours & { sends: number; clickers: number }) | undefined {
  const sum = (pick: (send: FirstHour & { ordinary: number }) => number, chances: readonly number[]) =>
    sends.reduce((total, send, place) => total + pick({ ...send, ordinary: 1 - (chances[place] ?? 0) }), 0)
  const inOrder = sends
    .map(({ first, all }) => (first + 0.5) / (all + 1))
    .toSorted((one, other) => one - other)
  let found: FirstHours = { share: inOrder[Math.floor(sends.length / 3)] ?? 0, variance: 0.1, bursts: 0.4 }
  for (let round = 1; round <= 8; round += 1) {
    const before = found
    const { share, variance } = before
    const chances = sends.map((send) => chanceOfBurst(send, before))
    const scale = share * (1 - share)
    // A share of n clickers has the variance of the shares, and that of chance, which is scale / n.
    const weight = ({ all, ordinary }: FirstHour & { ordinary: number }) =>
      (ordinary * variance * scale ** 2) / (variance * scale ** 2 + scale / all)
    const told = ({ all, ordinary }: FirstHour & { ordinary: number }) => (ordinary * all) / (all + 20)
    found = {
      share: sum((send) => (weight(send) * send.first) / send.all, chances) / sum(weight, chances),
      variance: Math.max(
        0.03,
        sum(
          (send) =>
            told(send) * Math.min(1, ((send.first / send.all - share) ** 2 - scale / send.all) / scale ** 2),
          chances,
        ) /
          (4 + sum(told, chances)) +
          0.4 / (4 + sum(told, chances)),
      ),
      bursts: (0.5 + sum(({ ordinary }) => 1 - ordinary, chances)) / (8 + sends.length),
    }
    const known = {
      sends: sum(({ ordinary }) => ordinary, chances),
      clickers: sum((one) => one.ordinary * one.all, chances),
    }
    const moved = Math.abs(found.share - share) + Math.abs(found.bursts - before.bursts)
    if (moved < 0.002 || round === 8)
      return known.sends < 2.5 || known.clickers < 30 ? undefined : { ...found, ...known }
  }
  return undefined
}

describe('what a site’s own sends show of the first hour', () => {
  const aHour = (all: number, share: number): FirstHour => ({ first: Math.round(all * share), all })

  test.each<[string, FirstHour[]]>([
    ['ordinary ones', Array.from({ length: 12 }, (_, id) => aHour(60 + 20 * id, 0.14 + 0.01 * (id % 5)))],
    [
      'one in three with a burst',
      Array.from({ length: 15 }, (_, id) => aHour(40 + 9 * id, id % 3 === 0 ? 0.7 : 0.15 + 0.01 * (id % 4))),
    ],
    ['shares far apart', Array.from({ length: 9 }, (_, id) => aHour(300, 0.05 + 0.09 * id))],
    ['small ones', Array.from({ length: 30 }, (_, id) => ({ first: id % 4, all: 4 + (id % 3) }))],
    ['fast readers', Array.from({ length: 8 }, (_, id) => aHour(50, 0.9 + 0.01 * (id % 3)))],
    ['two', [aHour(100, 0.1), aHour(120, 0.12)]],
    ['three of nine clickers', [aHour(9, 0.2), aHour(9, 0.3), aHour(9, 0.1)]],
    ['three small ones', [aHour(14, 0.1), aHour(12, 0.2), aHour(13, 0.3)]],
  ])('is found by turns of chances and moments: %s', (_, sends) => {
    const expected = mixtureOf(sends)
    const found = firstHoursOf(sends)
    if (!expected) return expect(found).toBeUndefined()
    expect(found?.share).toBeCloseTo(expected.share, 12)
    expect(found?.variance).toBeCloseTo(expected.variance, 12)
    expect(found?.bursts).toBeCloseTo(expected.bursts, 12)
  })

  test('is told from two and a half ordinary sends and thirty clickers on, between 2 and 98 %', () => {
    const of = (count: number, all: number) =>
      firstHoursOf(Array.from({ length: count }, () => ({ first: 0, all })))
    expect([of(2, 100), of(3, 9)]).toEqual([undefined, undefined])
    expect(of(3, 10)).toBeDefined()
    expect(of(3, 10)?.share).toBe(0.02)
    const allAtOnce = Array.from({ length: 8 }, () => ({ first: 20, all: 20 }))
    expect(firstHoursOf(allAtOnce)?.share).toBe(0.98)
  })

  test('counts sends by their chance of being ordinary', () => {
    const ordinary = [aHour(400, 0.1), aHour(500, 0.12)]
    expect(firstHoursOf([...ordinary, aHour(500, 0.11)])).toBeDefined()
    expect(firstHoursOf([...ordinary, { first: 4_990, all: 5_000 }])).toBeUndefined()
  })

  test('is a share, whatever was counted', () => {
    const anyHour = fc.record({ first: fc.nat({ max: 400 }), more: fc.nat({ max: 400 }) })
    fc.assert(
      fc.property(fc.array(anyHour, { minLength: 3, maxLength: 20 }), (rows) => {
        const found = firstHoursOf(rows.map(({ first, more }) => ({ first, all: first + more + 1 })))
        if (!found) return
        expect(found.share).toBeGreaterThanOrEqual(0.02)
        expect(found.share).toBeLessThanOrEqual(0.98)
        expect(found.bursts).toBeGreaterThan(0)
        expect(found.bursts).toBeLessThan(1)
      }),
    )
  })
})

describe('people of a send', () => {
  const first = { share: 0.12, variance: 0.1, bursts: 0.2 }
  const curve = { ...curveOf([]), first }
  const aSend = (come: number, clickers: number, age = 10) => ({
    ...{ newsletter_send_id: 'a', age, clickers },
    clickers_by: [come, ...byMarks(come, clickers, clickers).slice(1)],
  })

  test.each([
    [30, 100, 10],
    [70, 100, 10],
    [70, 100, 0.5],
    [5, 6, 10],
    [100, 100, 10],
  ])(
    'are those who came later, as far as there is a burst: %d of %d after %d days',
    (come, clickers, age) => {
      const send = aSend(come, clickers, age)
      const { share } = arrived(age, curve)
      const chance = chanceOfBurst({ first: come, all: clickers }, first, share)
      expect(chance).toBeGreaterThan(0.01)
      const early = (curve.shares[0] ?? 0) / share
      const left = Math.min(clickers, (clickers - come) / (1 - early))
      const found = peopleOf(send, send, curve)
      expect(found.clickers).toBeCloseTo((1 - chance) * clickers + chance * left, 9)
      // Either all are people or those who are left are, and of a burst half of the distance is a standard deviation.
      const distance = Math.log((clickers + 0.5) / (left + 0.5))
      expect(found.unsure).toBeCloseTo(
        chance * (1 - chance) * distance ** 2 + chance * ((distance / 2) ** 2 + early ** 2 * curve.variance),
        9,
      )
    },
  )

  test('are told from three hours after the send on', () => {
    const of = (age: number) => {
      const send = aSend(90, 100, age)
      return peopleOf(send, send, curve).clickers
    }
    expect(of(3 / 24 - 1e-9)).toBe(100)
    expect(of(3 / 24)).toBeLessThan(90)
  })

  test('are those of its part or of all its parts, whichever has a burst the likelier', () => {
    const [small, large] = [aSend(3, 5), aSend(400, 500)]
    const whole = wholeSends([small, large])(small)
    expect(whole).toMatchObject({
      clickers: 505,
      clickers_by: small.clickers_by.map((by, mark) => by + (large.clickers_by[mark] ?? 0)),
    })
    const beside = aSend(10, 500)
    expect(peopleOf(small, whole, curve).clickers).toBeLessThan(peopleOf(small, small, curve).clickers)
    expect(peopleOf(small, wholeSends([small, beside])(small), curve)).toEqual(peopleOf(small, small, curve))
  })
})
