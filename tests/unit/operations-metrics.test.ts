import { expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { createMetrics, type MetricCounts } from '../../src/lib/operations/metrics.ts'

const lines = async (metrics: ReturnType<typeof createMetrics>) =>
  `${(await metrics.read()).body}`.split('\n').filter((line) => /^\w/.test(line))

test('redirects are counted by the outcome of their click', async () => {
  const metrics = createMetrics()
  for (const outcome of ['journaled', 'journaled', 'untracked'] as const) metrics.countVisit(outcome)
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'promo_redirects_total{click="journaled"} 2',
      'promo_redirects_total{click="untracked"} 1',
    ]),
  )
})

test('damaged links are counted unless they are unreadable', async () => {
  const metrics = createMetrics()
  for (const damage of ['damaged', 'damaged', 'unreadable'] as const) metrics.countDamage(damage)
  expect(await lines(metrics)).toContain('promo_damaged_links_total 2')
})

test('gauges have the values at the time of the request', async () => {
  const metrics = createMetrics()
  let depth = 1
  metrics.observe({
    buffer: () => ({
      depth,
      unchecked: 4,
      age: 1_500,
      bytes: 100,
      rejects: 2,
      damagedBytes: 90,
      keptBytes: 80,
    }),
    databaseUp: () => 0,
    unnamedProxy: () => 0,
    linksLeftOut: () => 3,
    variationsLeftOut: () => 1,
  })
  depth = 7
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'promo_journal_depth 7',
      'promo_unchecked_clicks 4',
      'promo_journal_age_seconds 1.5',
      'promo_journal_bytes 100',
      'promo_rejects 2',
      'promo_journal_damaged_bytes 90',
      'promo_journal_kept_bytes 80',
      'promo_database_up 0',
      'promo_rows_left_out{kind="link"} 3',
      'promo_rows_left_out{kind="variation"} 1',
    ]),
  )
})

test('the number of waiting messages is reported by target', async () => {
  const metrics = createMetrics()
  const readings = { buffer: () => never(), databaseUp: () => 1, unnamedProxy: () => 0 }
  const never = () => ({
    depth: 0,
    unchecked: 0,
    age: 0,
    bytes: 0,
    rejects: 0,
    damagedBytes: 0,
    keptBytes: 0,
  })
  const outbox = {
    matomo: { ...{ fault: undefined, failingFor: 0, waiting: 4, refused: 1, age: 2.5, sent: 9, givenUp: 3 } },
  }
  metrics.observe({
    ...readings,
    ...{ linksLeftOut: () => 0, variationsLeftOut: () => 0 },
    outbox: { ...outbox, webhooks: undefined },
  })
  await lines(metrics)
  outbox.matomo.failingFor = 5
  expect(await lines(metrics)).toEqual(
    expect.arrayContaining([
      'promo_outbox_up{target="matomo"} 0',
      'promo_outbox_waiting{target="matomo"} 4',
      'promo_outbox_refused{target="matomo"} 1',
      'promo_outbox_age_seconds{target="matomo"} 2.5',
      'promo_outbox_sent_total{target="matomo"} 9',
      'promo_outbox_given_up_total{target="matomo"} 3',
    ]),
  )
  expect((await lines(metrics)).join()).not.toContain('webhooks')
})

test('each app counts for itself', async () => {
  const [first, second] = [createMetrics(), createMetrics()]
  first.ofBuffer.onFault({ code: 'full', message: 'the journal is full' }, 5)
  first.ofBuffer.onVanished(3)
  first.ofBuffer.onFlush(2, 0.02)
  first.requests.inc({ endpoint: 'track-click', status: 204 })
  expect(await lines(first)).toEqual(
    expect.arrayContaining([
      'promo_events_lost_total 8',
      'promo_journal_faults_total{code="full"} 1',
      'promo_events_flushed_total 2',
      'promo_flush_seconds_bucket{le="0.025"} 1',
      'promo_api_requests_total{endpoint="track-click",status="204"} 1',
    ]),
  )
  expect(await lines(second)).toContain('promo_events_lost_total 0')
})

test('the metrics of all workers are listed, whichever one answers', async () => {
  let all: MetricCounts[] = []
  const gatherCounts = async () => all
  const [first, second] = [1, 2].map((number) => createMetrics({ number, gatherCounts }))
  if (!first || !second) return
  first.countVisit('journaled')
  for (const outcome of ['journaled', 'journaled', 'lost'] as const) second.countVisit(outcome)
  second.ofBuffer.onFlush(2, 0.02)
  expect(await lines(first)).toContain('promo_redirects_total{click="journaled",worker="1"} 1')
  // As they are when they have come from another process.
  all = JSON.parse(JSON.stringify([await first.counts(), await second.counts()]))
  const read = await lines(first)
  expect(read).toEqual(
    expect.arrayContaining([
      'promo_redirects_total{click="journaled",worker="1"} 1',
      'promo_redirects_total{click="journaled",worker="2"} 2',
      'promo_redirects_total{click="lost",worker="2"} 1',
      'promo_flush_seconds_bucket{le="0.025",worker="1"} 0',
      'promo_flush_seconds_bucket{le="0.025",worker="2"} 1',
    ]),
  )
  expect(new Set(read).size).toBe(read.length)
})

test('rejected events are counted by reason', async () => {
  const metrics = createMetrics()
  metrics.countRejected([{ reason: 'unknown_variation' }, { reason: 'unknown_variation' }])
  expect(await lines(metrics)).toContain('promo_events_rejected_total{reason="unknown_variation"} 2')
})

test('the log has the level of the settings', () => {
  expect(createLog('warn').isLevelEnabled('info')).toBe(false)
  expect(createLog('warn').isLevelEnabled('warn')).toBe(true)
  expect(createLog('warn').bindings()).toEqual({})
  expect(createLog('warn', 2).bindings()).toEqual({ worker: 2 })
})

test('the sum of redirects includes all outcomes', () => {
  const metrics = createMetrics()
  expect(metrics.visits()).toBe(0)
  metrics.countVisit('journaled')
  metrics.countVisit('journaled')
  metrics.countVisit('untracked')
  expect(metrics.visits()).toBe(3)
})
