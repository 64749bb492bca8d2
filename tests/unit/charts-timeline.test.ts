import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { periodFor, timelineOf } from '../../src/lib/charts/timeline.ts'
import { wilson } from '../../src/lib/charts/wilson.ts'
import type { TimelineRow } from '../../src/lib/model/report.ts'

const row = (date: string, impressions: number, clicks: number, human = clicks): TimelineRow => ({
  date,
  impressions,
  clicks,
  ctr: null,
  human_clicks: human,
  human_ctr: null,
  machine_clicks: clicks - human,
  duplicate_clicks: 0,
  uncertain_clicks: 0,
  unique_clicks: 0,
})
const dayAfter = (start: string, days: number) =>
  new Date(Date.parse(`${start}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10)

describe('a timeline', () => {
  test('has every day of its range, oldest first; a day that is missing or had no send has no rate', () => {
    const { period, points, note } = timelineOf(
      [row('2026-03-30', 200, 9, 8), row('2026-03-28', 0, 3), row('2026-04-02', 100, 50)],
      { start: '2026-03-28', end: '2026-03-31' },
      'human',
      '2026-06-01',
    )
    expect(period).toBe('day')
    expect(note).toMatch(/^Each mark is one day: .*divided by its recipients.*chance alone would do/)
    expect(points.map(({ date, value, clicks }) => [date, value, clicks])).toEqual([
      ['2026-03-28', null, 3],
      ['2026-03-29', null, 0],
      ['2026-03-30', 4, 8],
      ['2026-03-31', null, 0],
    ])
    expect(points[0]).toMatchObject({ low: null, high: null })
  })

  test('counts all clicks if requested', () => {
    const range = { start: '2026-03-30', end: '2026-03-30' }
    expect(timelineOf([row('2026-03-30', 200, 9, 8)], range, 'all', '2026-06-01').points[0]?.clicks).toBe(9)
  })

  test('adds up weeks from Monday and months, whose rate is of their sums', () => {
    const weeks = timelineOf(
      [row('2026-03-01', 100, 50), row('2026-03-02', 100, 1), row('2026-03-08', 300, 3)],
      { start: '2026-01-01', end: '2026-12-31' },
      'all',
      '2027-01-01',
    )
    expect(weeks.period).toBe('week')
    expect(weeks.points[0]?.date).toBe('2025-12-29')
    expect(weeks.points.find(({ date }) => date === '2026-03-02')).toMatchObject({ value: 1, clicks: 4 })
    const months = timelineOf(
      [row('2026-02-28', 100, 2)],
      { start: '2023-01-15', end: '2026-03-01' },
      'all',
      '2027-01-01',
    )
    expect(months.points).toHaveLength(39)
    expect(months.points.at(-2)).toMatchObject({ date: '2026-02-01', value: 2 })
  })

  test.each([
    [1, 'day'],
    [120, 'day'],
    [121, 'week'],
    [365, 'week'],
    [732, 'week'],
    [733, 'month'],
  ] as const)('of %i days is drawn by %s', (days, period) => expect(periodFor(days)).toBe(period))

  test('loses no click, whatever the length', () => {
    const lengths = fc.integer({ min: 1, max: 1500 })
    const clicks = fc.array(fc.tuple(fc.nat(1499), fc.nat(50)), { maxLength: 30 })
    fc.assert(
      fc.property(lengths, clicks, (days, drawn) => {
        const rows = drawn.map(([day, count]) => row(dayAfter('2024-02-20', day % days), 60, count))
        const range = { start: '2024-02-20', end: dayAfter('2024-02-20', days - 1) }
        const { points } = timelineOf(rows, range, 'all', '2030-01-01')
        const total = (list: { clicks: number }[]) => list.reduce((sum, one) => sum + one.clicks, 0)
        expect(total(points)).toBe(total(rows))
        expect(points.length).toBeLessThanOrEqual(120)
        for (const { value, low, high } of points) {
          if (low === null || high === null || value === null) continue
          expect(low).toBeLessThanOrEqual(value + 1e-9)
          expect(high).toBeGreaterThanOrEqual(value - 1e-9)
        }
      }),
      { numRuns: 60 },
    )
  })
})

describe("Wilson's interval", () => {
  // Newcombe 1998, Statistics in Medicine 17, 857-872, table I, method 3.
  test.each([
    [81, 263, 25.53, 36.62],
    [15, 148, 6.24, 16.05],
    [0, 20, 0, 16.11],
    [1, 29, 0.61, 17.18],
  ])('of %i in %i', (successes, trials, low, high) => {
    const interval = wilson(successes, trials)
    expect(interval.low).toBeCloseTo(low, 2)
    expect(interval.high).toBeCloseTo(high, 2)
  })

  test('ends at 100 if everybody clicked, and is null if there are more clicks than recipients', () => {
    expect(wilson(5, 5).high).toBe(100)
    expect(wilson(6, 5)).toEqual({ low: null, high: null })
    expect(wilson(0, 0)).toEqual({ low: null, high: null })
  })
})

describe('the newest rate is said to change', () => {
  const range = { start: '2026-11-20', end: '2026-11-25' }
  const sent = [row('2026-11-24', 200, 9), row('2026-11-25', 200, 1)]
  const note = 'The newest day is not over, so its rate will still change.'

  test('while its day is not over', () => {
    const over = timelineOf(sent, range, 'all', '2026-11-25')
    expect(over.unfinished).toBe(true)
    expect(over.note).toContain(note)
  })

  test.each([
    ['where the range ended before today', sent, '2026-11-26'],
    ['where nothing was sent today', sent.slice(0, 1), '2026-11-25'],
    ['where nothing was ever sent', [], '2026-11-25'],
  ])('but not %s', (_, rows, today) => {
    const over = timelineOf(rows, range, 'all', today)
    expect(over.unfinished).toBe(false)
    expect(over.note).not.toContain('will still')
  })

  test('of a week and of a month, by their names', () => {
    const rows = [row('2026-11-23', 200, 9)]
    for (const [start, period] of [
      ['2026-01-01', 'week'],
      ['2023-01-01', 'month'],
    ] as const) {
      expect(timelineOf(rows, { start, end: '2026-11-25' }, 'all', '2026-11-25').note).toContain(
        `The newest ${period} is not over`,
      )
    }
  })
})
