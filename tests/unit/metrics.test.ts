import { expect, test } from 'vitest'
import { createMetrics } from '../../src/lib/operations/metrics.ts'

const metricOf = async ({ registry }: ReturnType<typeof createMetrics>, line: string) =>
  (await registry.metrics())
    .split('\n')
    .find((one) => one.startsWith(`${line} `))
    ?.split(' ')
    .at(-1)

test('redirects are counted by what became of their click', async () => {
  const metrics = createMetrics()
  for (const outcome of ['journaled', 'journaled', 'untracked'] as const) metrics.countVisit(outcome)
  expect(await metricOf(metrics, 'promo_redirects_total{click="journaled"}')).toBe('2')
  expect(await metricOf(metrics, 'promo_redirects_total{click="untracked"}')).toBe('1')
})

test('gauges are read when somebody asks', async () => {
  const metrics = createMetrics()
  const readings = { depth: 1, age: 2.5, bytes: 3, rejects: 4, databaseUp: 1 }
  metrics.observe({
    depth: () => readings.depth,
    age: () => readings.age,
    bytes: () => readings.bytes,
    rejects: () => readings.rejects,
    databaseUp: () => readings.databaseUp,
    unnamedProxy: () => 0,
  })
  expect(await metricOf(metrics, 'promo_journal_depth')).toBe('1')
  expect(await metricOf(metrics, 'promo_journal_age_seconds')).toBe('2.5')
  expect(await metricOf(metrics, 'promo_journal_bytes')).toBe('3')
  expect(await metricOf(metrics, 'promo_rejects')).toBe('4')
  readings.databaseUp = 0
  expect(await metricOf(metrics, 'promo_database_up')).toBe('0')
})

test('each instance counts for itself', async () => {
  const [one, other] = [createMetrics(), createMetrics()]
  one.lost.inc(3)
  expect(await metricOf(one, 'promo_events_lost_total')).toBe('3')
  expect(await metricOf(other, 'promo_events_lost_total')).toBe('0')
})
