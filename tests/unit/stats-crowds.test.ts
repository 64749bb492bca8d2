import { describe, expect, test } from 'vitest'
import type { Crowd } from '../../src/lib/model/send-evidence.ts'
import { besideCrowds, weightedMedian } from '../../src/lib/stats/crowds.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const day = 86_400_000
const begin = Date.UTC(2026, 2, 1)

type Changes = Partial<{
  name: string
  newsletter: string
  recipients: number
  clickers: number
  at: number
  crowd: Crowd | null
}>
const aSend = (place: number, changes: Changes = {}) => {
  const {
    name = `send-${place}`,
    newsletter = '',
    recipients = 10_000,
    clickers = 130,
    crowd = null,
  } = changes
  return {
    offer_id: 1,
    variation_id: 1,
    newsletter_send_id: name,
    newsletter,
    recipients,
    clickers,
    clickers_by: byMarks(70, 90, clickers),
    sent_at: changes.at ?? begin + place * day,
    age: 50 - place,
    crowd,
  }
}
/**
 * Thirty of 130 clickers, who are a hundred people by 110 visits at ten addresses; elsewhere a hundred make 110
 * clicks.
 */
const aCrowd = (changes: Partial<Crowd> = {}): Crowd => ({
  addresses: 10,
  visits: 110,
  largest: 11,
  other_clicks: 110,
  clickers: 30,
  clickers_by: byMarks(15, 20, 30),
  ...changes,
})
const month = Array.from({ length: 20 }, (_, place) => aSend(place, { crowd: aCrowd() }))

describe('sends beside crowded addresses', () => {
  test('are unchanged if there are none', () => {
    const sends = [aSend(1), aSend(2)]
    expect(besideCrowds(sends)).toEqual({ sends, variance: 0 })
    expect(besideCrowds([]).variance).toBe(0)
  })

  test('count the people elsewhere, and their share of the recipients', () => {
    const { sends, variance } = besideCrowds(month)
    expect(sends).toHaveLength(20)
    for (const send of sends) {
      expect(send.clickers).toBe(100)
      expect(send.recipients / 5_000).toBeCloseTo(1, 2)
      expect(send.clickers_by.map(Math.round)).toEqual(byMarks(55, 70, 100).map(Math.round))
    }
    expect(Math.sqrt(variance)).toBeGreaterThan(0.045)
    expect(Math.sqrt(variance)).toBeLessThan(0.08)
  })

  test('hardly change by what one address does, but are less certain if it does so in all', () => {
    const usual = besideCrowds(month)
    const with577 = aCrowd({ addresses: 11, visits: 687, largest: 577 })
    const attacked = besideCrowds(
      month.map((send, place) => (place === 3 ? { ...send, crowd: with577 } : send)),
    )
    expect(attacked.sends[3]?.recipients).toBeCloseTo(usual.sends[3]?.recipients ?? 0, -2)
    expect(attacked.variance).toBeLessThan(1.3 * usual.variance)
    const always = besideCrowds(month.map((send) => ({ ...send, crowd: with577 })))
    expect((always.sends[3]?.recipients ?? 0) / (usual.sends[3]?.recipients ?? 1)).toBeGreaterThan(0.9)
    expect(always.variance).toBeGreaterThan(10 * usual.variance)
  })

  test('are unchanged if the only crowd is one address, but less certain', () => {
    const alone = aCrowd({ addresses: 1, largest: 110 })
    const { sends, variance } = besideCrowds(month.map((send) => ({ ...send, crowd: alone })))
    expect(sends[0]).toMatchObject({ recipients: 10_000, clickers: 100 })
    expect(Math.sqrt(variance)).toBeGreaterThan(0.3)
  })

  test('assume for each crowded address at most a tenth of the people elsewhere and a few', () => {
    const many = aCrowd({ visits: 10_000, largest: 1_000 })
    const { sends } = besideCrowds(month.map((send) => ({ ...send, crowd: many })))
    expect(10_000 / (sends[0]?.recipients ?? 1)).toBeCloseTo(1 + (10 * 14) / 1.1 / 100, 1)
  })

  test('are judged by month and newsletter, for one newsletter on request', () => {
    const april = Date.UTC(2026, 3, 1)
    const all = [
      ...month.map((send) => ({ ...send, newsletter: 'work' })),
      ...month.map((_, place) => aSend(place, { name: `home-${place}`, newsletter: 'home' })),
      aSend(50, { newsletter: 'work', at: april, crowd: null }),
    ]
    const { sends, variance } = besideCrowds(all)
    expect(Math.round((sends[0]?.recipients ?? 0) / 100)).toBe(50)
    expect(sends[20]?.recipients).toBe(10_000)
    expect(sends[40]?.recipients).toBe(10_000)
    expect(besideCrowds(all, 'home').variance).toBe(0)
    expect(besideCrowds(all, 'work').variance).toBeGreaterThan(variance)
    expect(besideCrowds(all, 'new').variance).toBe(variance)
  })

  test('accept impossible figures: more clickers there than in all, nobody elsewhere, no recipients', () => {
    const odd = [
      aSend(1, { clickers: 5, recipients: 0, crowd: aCrowd({ other_clicks: 0 }) }),
      aSend(2, { clickers: 0, recipients: 0 }),
    ]
    const { sends, variance } = besideCrowds(odd)
    expect(sends.map(({ clickers, recipients }) => [clickers, recipients])).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(variance).toBe(0)
  })

  test('a split send is one send, in whatever parts', () => {
    const parts = month.flatMap((send) => [
      {
        ...send,
        recipients: 8_500,
        clickers: 105,
        crowd: aCrowd({ visits: 94, largest: 10, other_clicks: 94, clickers: 20 }),
      },
      {
        ...send,
        variation_id: 2,
        recipients: 1_500,
        clickers: 25,
        crowd: aCrowd({ visits: 16, largest: 2, other_clicks: 16, clickers: 10 }),
      },
    ])
    const { sends } = besideCrowds(parts)
    const [large, small] = sends
    expect((large?.recipients ?? 0) / (small?.recipients ?? 1)).toBeCloseTo(8.5 / 1.5, 6)
    expect((large?.recipients ?? 0) / 4_250).toBeCloseTo(1, 1)
  })
})

describe('how many people a crowd is', () => {
  /** A send with so many people elsewhere, whose visits are known if there is a crowd. */
  const of = (place: number, others: number, crowd?: Partial<Crowd>) =>
    aSend(place, {
      clickers: others + (crowd ? 30 : 0),
      crowd: crowd ? aCrowd({ other_clicks: Math.round(others * 1.2), ...crowd }) : null,
    })
  const sends = [
    of(1, 100, { addresses: 3, visits: 60, largest: 30 }),
    of(2, 150, { addresses: 4, visits: 90, largest: 20 }),
    of(3, 80, { addresses: 2, visits: 200, largest: 20 }),
    of(4, 120),
    of(5, 60, { addresses: 1, visits: 40, largest: 40 }),
  ]

  test('is visits divided by those of one person elsewhere, each send cut at twice the usual and a few', () => {
    const eachVisits = 1.2
    // The largest address counts as the average of the others; and each as a tenth of those elsewhere and four.
    const crowds = [
      { others: 100, counted: Math.min((30 * 3) / 2, 3 * 14), all: 60 },
      { others: 150, counted: Math.min((70 * 4) / 3, 4 * 19), all: 90 },
      { others: 80, counted: Math.min(180 * 2, 2 * 12), all: 200 },
      { others: 120, counted: 0, all: 0 },
      { others: 60, counted: 0, all: 40 },
    ]
    const ratio = (pick: (one: (typeof crowds)[number]) => number) => {
      const values = crowds
        .map((one) => ({ value: pick(one) / eachVisits / (one.others + 0.5), weight: one.others + 0.5 }))
        .toSorted((one, other) => one.value - other.value)
      const half = values.reduce((sum, { weight }) => sum + weight, 0) / 2
      let below = 0
      const median = values.find(({ weight }) => {
        below += weight
        return below >= half
      })
      const people = crowds.map((one) =>
        Math.min(pick(one) / eachVisits, 2 * (median?.value ?? 0) * one.others + 4),
      )
      return people.reduce((sum, one) => sum + one, 0) / 510
    }
    const [people, most] = [ratio(({ counted }) => counted), ratio(({ all }) => all)]
    const { sends: beside, variance } = besideCrowds(sends)
    for (const { recipients } of beside) expect(10_000 / recipients - 1).toBeCloseTo(people, 9)
    // Visits for each person differ by a tenth, and both counts by chance; then what was cut off may be people.
    const chance = 0.01 + 1 / (1 + people * 511) + 1 / 511
    const share = people / (1 + people)
    expect(variance).toBeCloseTo(share ** 2 * chance + (Math.log((1 + most) / (1 + people)) / 2) ** 2, 9)
  })

  test('takes visits for one to three of each person', () => {
    const peopleAt = (visits: number) => {
      const { sends: beside } = besideCrowds([
        aSend(1, { clickers: 130, crowd: aCrowd({ visits: 90, largest: 9, other_clicks: 100 * visits }) }),
      ])
      return 10_000 / (beside[0]?.recipients ?? 1) - 1
    }
    expect(peopleAt(0.5)).toBeCloseTo(0.9, 9)
    expect(peopleAt(2)).toBeCloseTo(0.45, 9)
    expect(peopleAt(9)).toBeCloseTo(0.3, 9)
    // Nobody's visits are known: as many as people.
    expect(peopleAt(0)).toBeCloseTo(0.9, 9)
  })

  test('goes by the sends whose visits are known', () => {
    const { sends: beside } = besideCrowds([
      aSend(1, { clickers: 430, crowd: aCrowd({ visits: 90, largest: 9, other_clicks: 0 }) }),
      aSend(2, { clickers: 130, crowd: aCrowd({ visits: 90, largest: 9, other_clicks: 200 }) }),
    ])
    expect(10_000 / (beside[0]?.recipients ?? 1) - 1).toBeCloseTo((2 * 45) / 500, 1)
    expect(10_000 / (beside[0]?.recipients ?? 1) - 1).toBeLessThan(0.19)
  })

  test('is fifty times those elsewhere at the most', () => {
    const { sends: beside } = besideCrowds([
      aSend(1, {
        clickers: 31,
        crowd: aCrowd({ addresses: 50, visits: 5_000, largest: 100, other_clicks: 1 }),
      }),
    ])
    expect(10_000 / (beside[0]?.recipients ?? 1) - 1).toBeCloseTo(50, 9)
  })

  test('is nobody in a month in which no address was crowded, beside one in which some were', () => {
    const april = aSend(9, {
      at: Date.UTC(2026, 3, 2),
      crowd: aCrowd({ addresses: 0, visits: 0, largest: 0 }),
    })
    const { sends: beside } = besideCrowds([...sends, april])
    expect(beside.at(-1)?.recipients).toBe(10_000)
    const lastYear = aSend(9, { at: Date.UTC(2025, 2, 2) })
    expect(besideCrowds([...sends, lastYear]).sends.at(-1)?.recipients).toBe(10_000)
  })
})

test.each<[string, [value: number, weight: number][], number]>([
  ['none', [], 7],
  ['one', [[3, 0.1]], 3],
  [
    'unsorted ones',
    [
      [9, 1],
      [1, 1],
      [5, 1],
    ],
    5,
  ],
  [
    'half of the weight',
    [
      [1, 2],
      [2, 1],
      [3, 1],
    ],
    1,
  ],
  [
    'less than half',
    [
      [1, 1.9],
      [2, 1],
      [3, 1],
    ],
    2,
  ],
])('the weighted median of %s', (_, rows, median) => {
  expect(
    weightedMedian(
      rows.map(([value, weight]) => ({ value, weight })),
      7,
    ),
  ).toBe(median)
})
