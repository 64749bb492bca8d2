import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ReportQuery } from '../../src/lib/model/report-query.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { contradictions } from '../support/contradictions.ts'
import { contradictoryWords } from '../support/contradictory-words.ts'
import { randomWorld } from '../support/random-worlds.ts'
import { evidenceOf, worldReport } from '../support/world-report.ts'
import { anAttribute, aSummary } from './analytics-rows.ts'

/** `WORLDS=5000` tries as many; `WORLD_SEED` repeats those of a seed that a failure has printed. */
const { WORLDS = '300', WORLD_SEED } = process.env
const effort = { numRuns: Number(WORLDS), ...(WORLD_SEED && { seed: Number(WORLD_SEED) }) }

const now = Date.UTC(2026, 10, 28, 15)
const hour = 3_600_000

const large = randomWorld({
  most: Number.POSITIVE_INFINITY,
  recipients: fc.oneof(
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 300, max: 6_000 }),
    fc.constant(40_000),
  ),
  sends: 40,
})

test('statements about the sends of any world never contradict each other', async () => {
  await fc.assert(
    fc.asyncProperty(
      large,
      fc.constantFrom(undefined, 24 * 2, 24 * 30),
      fc.constantFrom(undefined, undefined, '', 'daily'),
      async (world, hours, list) => {
        const newsletter = world.parts.some((part) => part.newsletter === list) ? list : undefined
        const query: ReportQuery = {
          ...{ end: '2026-11-28', tz: 'UTC', counting: 'human', format: 'json' },
          include: new Set(['variations', 'statistics', 'sends', 'attributes']),
          ...(newsletter !== undefined && { newsletter }),
        }
        const judge = createJudge(
          () => now,
          async () => {},
        )
        const judged = await judge(evidenceOf(world, now), newsletter)
        const begins = hours === undefined ? 0 : now - hours * hour
        const report = worldReport(world, judged, query, { begins, now })
        const found = contradictions(report, { ...query, all: hours === undefined })
        expect([...found, ...contradictoryWords(report, 'human', now)]).toEqual([])
      },
    ),
    effort,
  )
})

const count = fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 100_000 }))
const period = fc
  .record({ recipients: count, people: count, machines: count, repeats: count })
  .map(({ recipients, people, machines, repeats }) => {
    const clicks = people + machines + repeats
    const rate = (of: number) => (recipients > 0 ? Number(((100 * of) / recipients).toFixed(2)) : null)
    return aSummary({
      ...{ total_impressions: recipients, total_clicks: clicks, overall_ctr: rate(clicks) },
      ...{
        human_clicks: people,
        human_ctr: rate(people),
        machine_clicks: machines,
        duplicate_clicks: repeats,
      },
    })
  })
const kinds = (most: number) =>
  fc.uniqueArray(
    fc.record({
      value: fc.string(),
      lift: fc.double({ min: -1.5, max: 1.5, noNaN: true }),
      reach: fc.nat({ max: 900 }),
    }),
    { maxLength: most, selector: ({ value }) => value },
  )
const kindsOf = (rows: { value: string; lift: number; reach: number }[]) =>
  rows.map(({ value, lift, reach }) => {
    const shown = (log: number) => Math.round(1e3 * Math.exp(log)) / 1e3
    return anAttribute({
      value: value.replaceAll(/[“”]/g, ''),
      lift: shown(lift),
      interval: [shown(lift - reach / 1e3), shown(lift + reach / 1e3)],
    })
  })

test('sentences about a period and about kinds match the figures next to them', () => {
  fc.assert(
    fc.property(
      fc.tuple(period, fc.option(period), fc.constantFrom('all' as const, 'human' as const)),
      fc.tuple(kinds(3), kinds(3), kinds(30)),
      ([summary, previous, counting], [tone, length_category, cta_text]) => {
        const report = {
          ...{ summary, ...(previous && { previous }), offers: [], settled_until: null, all_settled: true },
          attributes: {
            ...{
              tone: kindsOf(tone),
              length_category: kindsOf(length_category),
              cta_text: kindsOf(cta_text),
            },
          },
        }
        expect(contradictoryWords(report, counting, now)).toEqual([])
      },
    ),
    effort,
  )
})

test('kinds with the same name in two groups do not contradict each other', () => {
  const kind = (lift: number) => kindsOf([{ value: 'new', lift, reach: 1 }])
  const report = {
    ...{ summary: aSummary({}), offers: [], settled_until: null, all_settled: true },
    attributes: { tone: kind(-0.3), length_category: [], cta_text: kind(-0.1) },
  }
  expect(contradictoryWords(report, 'all', now)).toEqual([])
})
