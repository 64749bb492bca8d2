import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dateTicks } from '../../src/lib/charts/dates.ts'
import { drawHeatmap, hourName } from '../../src/lib/charts/heatmap.ts'
import { drawOverTime, panels } from '../../src/lib/charts/over-time.ts'
import { captionOf, drawLifts, drawRates, mostDifferent, offerRates } from '../../src/lib/charts/rates.ts'
import { ticksTo, topOf, topOfRates } from '../../src/lib/charts/scale.ts'
import { drawSendCurve } from '../../src/lib/charts/send-curve.ts'
import { drawShares } from '../../src/lib/charts/shares.ts'
import { drawSparkline, sparklineDates, trendsOf } from '../../src/lib/charts/sparkline.ts'
import type { TimelinePoint } from '../../src/lib/charts/timeline.ts'
import { sumSpans } from '../../src/lib/model/spans.ts'
import { anOffer } from './analytics-rows.ts'

const daysFrom = (start: string, count: number) =>
  Array.from({ length: count }, (_, day) =>
    new Date(Date.parse(`${start}T00:00:00Z`) + day * 86_400_000).toISOString().slice(0, 10),
  )
const points = (values: (number | null)[], clicks = 10): TimelinePoint[] =>
  daysFrom('2026-03-27', values.length).map((date, index) => {
    const value = values[index] ?? null
    return {
      date,
      value,
      low: value === null ? null : value / 2,
      high: value === null ? null : value * 1.5,
      impressions: value === null ? 0 : 100,
      clicks,
    }
  })
const count = (text: string, part: string) => text.split(part).length - 1

describe('axes', () => {
  test('begin at 0, end at a round number and never at nothing', () => {
    expect(topOf([3.2, 1])).toBe(4)
    expect(topOf([])).toBe(1)
    expect(topOf([0, 0])).toBe(1)
    expect(ticksTo(4, String)).toEqual([0, 1, 2, 3, 4].map((value) => ({ at: value * 25, text: `${value}` })))
  })

  test('cut an interval that is more than twice the highest rate', () => {
    expect(topOfRates([{ value: 4, high: 90 }])).toBe(8)
    expect(topOfRates([{ value: 4, high: 5 }])).toBe(6)
    expect(topOfRates([{ value: 0, high: 0.4 }])).toBe(0.4)
    expect(topOfRates([])).toBe(1)
  })

  test.each([
    [1, '27 Mar'],
    [4, '27 Mar,28 Mar,29 Mar,30 Mar'],
    [12, '27 Mar,29 Mar,31 Mar,2 Apr,4 Apr,6 Apr'],
    [20, '27 Mar,30 Mar,2 Apr,5 Apr,8 Apr,11 Apr,14 Apr'],
    [30, '30 Mar,6 Apr,13 Apr,20 Apr'],
    [400, 'May,Jul,Sep,Nov,2027,Mar'],
    [3000, '2028,2030,2032,2034'],
  ])('date %i days', (days, text) => {
    expect(
      dateTicks(daysFrom('2026-03-27', days))
        .map((tick) => tick.text)
        .join(),
    ).toBe(text)
  })

  test('put a date in the middle of its period', () => {
    expect(dateTicks(['2026-03-27', '2026-03-28'])).toEqual([
      { at: 25, text: '27 Mar' },
      { at: 75, text: '28 Mar' },
    ])
    expect(dateTicks(['2026-03-23', '2026-03-30']).at(-1)).toEqual({ at: 75, text: '30 Mar' })
    expect(dateTicks([])).toEqual([])
  })

  test('have no dates rather than too many', () => {
    expect(dateTicks(['1000-01-01', '2500-01-01'])).toEqual([])
  })

  test('never have two dates at one place', () => {
    expect(dateTicks(['2026-03-23', '2026-03-30']).map(({ text }) => text)).toEqual(['23 Mar', '30 Mar'])
  })

  test('have at most seven dates, in order and within, for any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9000 }), fc.nat(9_000), (days, offset) => {
        const start = new Date(offset * 86_400_000).toISOString().slice(0, 10)
        const ticks = dateTicks(daysFrom(start, days))
        expect(ticks.length).toBeGreaterThan(0)
        expect(ticks.length).toBeLessThanOrEqual(7)
        for (const [index, { at }] of ticks.entries()) {
          expect(at).toBeGreaterThan(ticks[index - 1]?.at ?? -1)
          expect(at).toBeLessThanOrEqual(100)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe('the rate over time', () => {
  test('has gaps where there is none, and shows a single rate as a dot', () => {
    const drawn = drawOverTime(points([1, 2, null, 3, null, 1, 2]), 'day', false)
    expect(count(drawn.line, 'M')).toBe(3)
    expect(count(drawn.band, 'M')).toBe(3)
    const up = (rate: number) => short(panels.rate * (1 - rate / 6))
    expect(drawn.lone).toEqual([{ x: 50, y: up(3), reach: [up(1.5), up(4.5)] }])
    expect(drawn.last?.text).toBe('2 Apr: 2.00 %')
    expect(drawn.columns[2]).toBe('29 Mar: nothing sent, 10 clicks')
    expect(drawn.rows[0]).toEqual(['27 Mar 2026', '1.00 %', '0.50–1.50 %', '100', '10'])
  })

  test('names weeks by their first day, and has no latest rate if there is none', () => {
    expect(drawOverTime(points([1]), 'week', false).last?.text).toBe('from 27 Mar: 1.00 %')
    const [alone] = drawOverTime(
      points([1]).map((point) => ({ ...point, low: null, high: null })),
      'day',
      false,
    ).lone
    expect(alone).not.toHaveProperty('reach')
    expect(drawOverTime(points([null]), 'week', false)).not.toHaveProperty('last')
  })

  test('keeps a period that is not over apart from the line, and names the one before', () => {
    const drawn = drawOverTime(points([3, 2, 1]), 'day', true)
    const [first, second, third] = [3, 2, 1].map((rate) => Math.round(panels.rate * 10 * (1 - rate / 6)))
    expect(drawn.line).toBe(`M0,${first}L1,${second}`)
    expect(drawn.unfinished).toBe(`M1,${second}L2,${third}`)
    expect(drawn.last?.text).toBe('28 Mar: 2.00 %')
    expect(drawn.columns.slice(1)).toEqual(['28 Mar: 2.00 %, 10 clicks', '29 Mar: 1.00 % so far, 10 clicks'])
    expect(drawn.rows.map(([, rate]) => rate)).toEqual(['3.00 %', '2.00 %', '1.00 % so far'])
    expect(drawOverTime(points([3, 2, 1]), 'day', false).unfinished).toBe('')
  })

  test('shows an unfinished period as a single rate if there is none before it', () => {
    for (const rates of [[2, null, 1], [1]]) {
      const drawn = drawOverTime(points(rates), 'day', true)
      expect(drawn.unfinished).toBe('')
      expect(drawn.lone.at(-1)?.x).toBeGreaterThanOrEqual(50)
    }
    expect(drawOverTime(points([1]), 'day', true)).not.toHaveProperty('last')
  })

  test('cuts a band at the top of its panel', () => {
    const wide = points([4, 4]).map((point) => ({ ...point, high: 90 }))
    expect(drawOverTime(wide, 'day', false).band).toBe(
      `M0,0L1,0L1,${panels.rate * 7.5}L0,${panels.rate * 7.5}Z`,
    )
  })

  test('shows one click next to ten million, and nothing for none', () => {
    const clicks = [1, 0, 1e7]
    const drawn = drawOverTime(
      points([1, 1, 1]).map((point, index) => ({ ...point, clicks: clicks[index] ?? 0 })),
      'day',
      false,
    )
    expect(drawn.bars).toBe(`M0 1e3V996M2 1e3V${panels.clicks * 10}`)
    expect(drawn.clicks.map(({ text }) => text)).toEqual(['0', '10m'])
  })

  test('has narrower bars if there are few, so that one day does not fill the chart', () => {
    expect(drawOverTime(points([1]), 'day', false).barWidth).toBe(0.06)
    expect(drawOverTime(points(Array.from({ length: 30 }, () => 1)), 'day', false).barWidth).toBe(0.7)
  })

  test('is drawn with numbers only, inside its panel, for any figures', () => {
    const value = fc.option(fc.double({ min: 0, max: 1e8, noNaN: true }))
    fc.assert(
      fc.property(fc.array(value, { maxLength: 100 }), fc.nat(1e7), (values, clicks) => {
        const drawn = drawOverTime(points(values, clicks), 'day', false)
        const all = JSON.stringify(drawn)
        expect(all).not.toMatch(/NaN|Infinity|undefined/)
        const heights = [...drawn.line.matchAll(/,(-?\d+)/g), ...drawn.band.matchAll(/,(-?\d+)/g)].map(
          (match) => Number(match[1]),
        )
        for (const height of heights) {
          expect(height).toBeGreaterThanOrEqual(0)
          expect(height).toBeLessThanOrEqual(panels.rate * 10)
        }
        const runs = values.filter((one, index) => one !== null && (values[index - 1] ?? null) === null)
        expect(count(drawn.line, 'M')).toBe(runs.length)
        for (const { at } of drawn.rates) expect(at).toBeLessThanOrEqual(panels.rate)
      }),
    )
  })
})

describe('rows of rates', () => {
  test('are sorted, cut at the axis, and end with those without a rate', () => {
    const { marks, ticks } = drawRates([
      { name: 'none', value: null, low: null, high: null },
      { name: 'low', value: 1, low: 0.5, high: 1.5, detail: 'two sends' },
      { name: 'high', value: 4, low: 2, high: 50 },
      { name: 'none either', value: null, low: null, high: null },
    ])
    expect(marks.map(({ name }) => name)).toEqual(['high', 'low', 'none', 'none either'])
    const asGiven = [
      { name: 'low', value: 1, low: null, high: null },
      { name: 'high', value: 4, low: null, high: null },
    ]
    expect(drawRates(asGiven, false).marks.map(({ name }) => name)).toEqual(['low', 'high'])
    expect(marks[0]).toMatchObject({
      at: 50,
      reach: [25, 100],
      cut: [100],
      text: '4.00 %',
      interval: '2.00–50.0 %',
      meaning: 'more',
    })
    expect(marks[1]?.detail).toBe('two sends')
    expect(marks[1]?.cut).toEqual([])
    expect(marks[2]).toEqual({ name: 'none', detail: '', text: '–', interval: '–', cut: [], meaning: 'none' })
    expect(ticks.at(-1)).toEqual({ at: 100, text: '8 %' })
  })

  test('of offers end with those that cannot be chosen, whatever their rates', () => {
    const rated = (offer_name: string, smoothed_ctr: number, active: boolean) =>
      anOffer({
        offer_name,
        active,
        statistics: { smoothed_ctr, interval: [1, 9], sends: 3, complete_sends: 3 },
      })
    const { statistics: _, ...unsent } = anOffer({ offer_name: 'Unsent' })
    const bare = anOffer({
      ...rated('Bare', 8, true),
      statistics: { smoothed_ctr: 8, interval: [1, 9], sends: 0, complete_sends: 0 },
    })
    const rows = offerRates([
      rated('Gone', 5, false),
      bare,
      rated('Low', 2, true),
      unsent,
      rated('High', 3, true),
    ])
    expect(drawRates(rows).marks.map(({ name }) => name)).toEqual([
      'High',
      'Low',
      'Unsent',
      'Bare (no text in use)',
      'Gone (not active)',
    ])
  })

  test('of lift are limited to the most different, certain ones first', () => {
    const of = (name: string, lift: number, low: number, high: number) => ({ name, lift, low, high })
    const open = [of('a', 3, 0.9, 9), of('b', 1.1, 0.9, 1.2), of('c', 0.3, 0.1, 1.1)]
    const sure = [of('d', 1.05, 1.01, 1.1), of('e', 0.9, 0.85, 0.95)]
    const shown = (most: number) => mostDifferent([...open, ...sure], most).map(({ name }) => name)
    expect(shown(1)).toEqual(['e'])
    expect(shown(3)).toEqual(['c', 'd', 'e'])
    expect(shown(9)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })

  test('of lift are around 1, with twice as good as far from it as half as good', () => {
    const { marks, ticks } = drawLifts([
      { name: 'worse', lift: 0.5, low: 0.4, high: 0.9 },
      { name: 'better', lift: 2, low: 1.1, high: 9, detail: 'six sends' },
      { name: 'open', lift: 1, low: 0, high: 1.2 },
    ])
    expect(marks.map(({ name, meaning }) => [name, meaning])).toEqual([
      ['better', 'more'],
      ['open', 'open'],
      ['worse', 'less'],
    ])
    const [better, open, worse] = marks
    expect((better?.at ?? 0) - 50).toBeCloseTo(50 - (worse?.at ?? 0))
    expect(open).toMatchObject({ at: 50, text: '× 1.00', interval: '0–1.20' })
    expect([better, open, worse].map((mark) => mark?.cut)).toEqual([[100], [0], []])
    expect([open?.reach?.[0], better?.reach?.[1]]).toEqual([0, 100])
    expect(ticks.map(({ at }) => at)).toEqual([0, 50, 100])
    expect(ticks.map(({ text }) => text)).toEqual(['× 0.13', '× 1', '× 8'])
  })

  test('of lift have an axis that holds their intervals, up to eight times as good', () => {
    const of = (low: number, high: number) => drawLifts([{ name: '', lift: 1, low, high }])
    const ends = (low: number, high: number) => of(low, high).ticks.at(-1)?.text
    expect([ends(0.8, 1.25), ends(0.79, 1), ends(1, 3.1), ends(0.15, 1)]).toEqual([
      '× 1.25',
      '× 1.5',
      '× 4',
      '× 8',
    ])
    for (const [low, high, cut] of [
      [0.125, 8, []],
      [0.124, 8.1, [0, 100]],
    ] as const)
      expect(of(low, high).marks[0]?.cut).toEqual(cut)
    expect(captionOf('By tone.', of(0.5, 2).marks)).toBe('By tone.')
    expect(captionOf('By tone.', of(0.1, 2).marks)).toBe('By tone. An arrow: the range goes on.')
  })

  test('of lift share an axis with adjacent charts', () => {
    const near = { name: 'near', lift: 1.1, low: 1, high: 1.2 }
    const among = [near, { name: 'far', lift: 0.6, low: 0.4, high: 1.1 }]
    expect(drawLifts([near]).ticks.at(-1)?.text).toBe('× 1.25')
    expect(drawLifts([near], among).ticks.at(-1)?.text).toBe('× 3')
    expect(drawLifts([]).ticks.at(-1)?.text).toBe('× 1.25')
  })

  test('of lift stay on their axis for any factors', () => {
    const lift = fc.double({ min: 0, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(fc.array(fc.tuple(lift, lift, lift)), (lifts) => {
        const { marks } = drawLifts(lifts.map(([one, low, high]) => ({ name: '', lift: one, low, high })))
        for (const place of marks.flatMap(({ at, reach }) => [at ?? 0, ...(reach ?? [])])) {
          expect(place).toBeGreaterThanOrEqual(0)
          expect(place).toBeLessThanOrEqual(100)
        }
      }),
    )
  })
})

describe('shares', () => {
  const parts = ['a', 'b', 'c', 'd', 'e'].map((name, index) => ({ name, clicks: index * 10 }))

  test('are sorted, and the rest is one part', () => {
    const { marks, total } = drawShares(parts, 2)
    expect(total).toBe(100)
    expect(marks).toEqual([
      { name: 'e', clicks: '40', text: '40 %', width: 40 },
      { name: 'd', clicks: '30', text: '30 %', width: 30 },
      { name: 'Other', clicks: '30', text: '30 %', width: 30 },
    ])
  })

  test('name a single remaining part, and leave out those without clicks', () => {
    expect(drawShares(parts, 3).marks.map(({ name }) => name)).toEqual(['e', 'd', 'c', 'b'])
    expect(drawShares([], 3)).toEqual({ marks: [], total: 0 })
  })
})

describe('the heatmap', () => {
  test('has Monday first, a colour for every square, and names the busiest', () => {
    const heat = drawHeatmap([
      { weekday: 1, hour: 0, clicks: 1 },
      { weekday: 7, hour: 23, clicks: 100 },
      { weekday: 8, hour: 5, clicks: 7 },
      { weekday: 1, hour: 24, clicks: 7 },
    ])
    expect(heat.rows[0]?.[0]).toBe(1)
    expect(heat.rows.flat()).toHaveLength(168)
    expect(heat.busiest).toEqual({ x: 23, y: 6, text: 'Busiest: Sun 23:00, 100 clicks' })
    expect(heat.levels.map(({ text }) => text)).toEqual(['0', '1–4', '5–16', '17–36', '37–64', '65–100'])
    expect(heat.levels[1]?.path).toBe('M0 0h1v1h-1z')
    expect(heat.levels[5]?.path).toBe('M23 6h1v1h-1z')
  })

  test('adds up cells of the same hour; few clicks have few colours; none has no busiest hour', () => {
    const twice = { weekday: 2, hour: 9, clicks: 1 }
    expect(drawHeatmap([twice, twice]).levels.map(({ text }) => text)).toEqual(['0', '1', '2'])
    expect(drawHeatmap([twice]).busiest?.text).toBe('Busiest: Tue 09:00, 1 click')
    expect(drawHeatmap([])).not.toHaveProperty('busiest')
    expect(hourName(7)).toBe('07:00')
  })

  test('draws each of the 168 squares once', () => {
    const cell = fc.record({
      weekday: fc.integer({ min: 1, max: 7 }),
      hour: fc.nat(23),
      clicks: fc.nat(1e7),
    })
    fc.assert(
      fc.property(fc.array(cell), (cells) => {
        const squares = drawHeatmap(cells).levels.flatMap(({ path }) =>
          path.split('z').filter((one) => one !== ''),
        )
        expect(new Set(squares).size).toBe(168)
        expect(squares).toHaveLength(168)
      }),
    )
  })
})

describe('the curve since a send', () => {
  const send = [
    { hours: 1, clicks: 9, human_clicks: 4 },
    { hours: 0, clicks: 11, human_clicks: 6 },
    { hours: 24, clicks: 0, human_clicks: 0 },
  ]

  test('adds up sends, in the order of the hours', () => {
    expect(sumSpans([send, send], 'human')).toEqual([
      { hours: 0, clicks: 12 },
      { hours: 1, clicks: 8 },
      { hours: 24, clicks: 0 },
    ])
    expect(sumSpans([send], 'all')[0]).toEqual({ hours: 0, clicks: 11 })
  })

  test('gives the part of each span, and the sum so far', () => {
    const { marks, total } = drawSendCurve(sumSpans([send], 'human'))
    expect(total).toBe(10)
    expect(
      marks.map(({ name, end, height, soFar, soFarText }) => [name, end, height, soFar, soFarText]),
    ).toEqual([
      ['0 h to 1 h', '1 h', 60, 60, '60 %'],
      ['1 h to 1 d', '1 d', 40, 100, '100 %'],
      ['after 1 d', 'later', 0, 100, '100 %'],
    ])
    expect(marks.map(({ labelled }) => labelled)).toEqual([true, false, true])
    expect(drawSendCurve([{ hours: 0, clicks: 0 }]).marks[0]).toMatchObject({ height: 0, soFar: 0 })
  })
})

describe('a sparkline', () => {
  test('goes from 0 to its largest value, with gaps where there is none', () => {
    expect(drawSparkline([0, 2, null, 1])).toBe('M13,23L38,1M88,12h3')
    expect(drawSparkline([])).toBe('')
    expect(drawSparkline([null, null])).toBe('')
    expect(drawSparkline([0, 0])).toBe('M25,23L75,23')
  })

  test('goes over the whole range, in spans of as many days as leave about twenty-six', () => {
    expect(sparklineDates({ start: '2026-02-27', end: '2026-03-01' })).toEqual(daysFrom('2026-02-27', 3))
    expect(sparklineDates({ start: '2026-01-01', end: '2026-01-26' })).toHaveLength(26)
    const spans = sparklineDates({ start: '2025-01-01', end: '2025-12-31' })
    expect([spans.length, ...spans.slice(0, 2), spans.at(-1)]).toEqual([
      25,
      '2025-01-01',
      '2025-01-16',
      '2025-12-27',
    ])
  })

  test('is a gap before the first event, and zero without clicks after it', () => {
    const day = (date: string, variation_id: number, clicks: number) => ({
      date,
      variation_id,
      impressions: 9,
      clicks,
      human_clicks: clicks - 1,
    })
    const days = [day('2026-01-02', 1, 5), day('2026-01-05', 1, 3), day('2026-01-05', 2, 8)]
    const trends = trendsOf(days, { start: '2026-01-01', end: '2026-01-06' }, 'all')
    expect([...trends]).toEqual([
      [1, [null, 5, 0, 0, 3, 0]],
      [2, [null, 0, 0, 0, 8, 0]],
    ])
    expect(trendsOf(days, { start: '2026-01-01', end: '2026-01-06' }, 'human').get(1)?.[1]).toBe(4)
    expect(trendsOf([], { start: '2026-01-01', end: '2026-01-06' }, 'all').size).toBe(0)
    // The second of six days is a sixth and a half from the left.
    expect(drawSparkline(trends.get(1) ?? [])).toBe('M25,1L42,23L58,23L75,10L92,23')
  })

  test('has at most thirty points, which are means', () => {
    const path = drawSparkline(Array.from({ length: 365 }, () => 5))
    expect(count(path, ',')).toBe(29)
    expect(drawSparkline([...Array.from({ length: 30 }, () => [4, 0]).flat()])).not.toMatch(/,23/)
    fc.assert(
      fc.property(fc.array(fc.option(fc.nat(1e7)), { maxLength: 400 }), (values) => {
        const drawn = drawSparkline(values)
        expect(drawn).not.toMatch(/NaN|Infinity/)
        expect(drawn.length).toBeLessThan(260)
      }),
    )
  })
})

function short(value: number): number {
  return Math.round(value * 10) / 10
}
