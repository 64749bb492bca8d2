import { expect, test } from 'vitest'
import { fail } from '../../src/lib/base/result.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { eventRecorder, keepRecorded } from '../../src/lib/tracking/record-events.ts'
import { databaseAway } from '../support/database-away.ts'
import { aClick } from '../support/events.ts'

const minute = 60_000
const day = 86_400_000

test.each([
  ['for the set minutes', 'postgres://db.example/promo', 10, 10 * minute],
  ['for no time if none is set', 'postgres://db.example/promo', 0, 0],
  ['for no time with the embedded server, which has no standby', undefined, 10, 0],
])('recorded segments are kept %s', (_, DATABASE_URL, PROMO_JOURNAL_KEEP_MINUTES, keepFor) => {
  const config = { DATABASE_URL, PROMO_JOURNAL_KEEP_MINUTES, PROMO_RETAIN_DETAILS_DAYS: 30 }
  expect(keepRecorded(databaseAway, config).keepFor).toBe(keepFor)
})

test.each([
  [7, 7],
  [28, 28],
  [400, 28],
])('with details kept for %i days, no segment is kept for more than %i days', (days, most) => {
  const config = { DATABASE_URL: 'x', PROMO_JOURNAL_KEEP_MINUTES: 10, PROMO_RETAIN_DETAILS_DAYS: days }
  expect(keepRecorded(databaseAway, config).longest).toBe(most * day)
})

test('a database that does not answer has neither a timeline nor rejected anything', async () => {
  const away = fail({ code: 'unavailable', message: 'gone' })
  const config = { DATABASE_URL: 'x', PROMO_JOURNAL_KEEP_MINUTES: 10, PROMO_RETAIN_DETAILS_DAYS: 30 }
  expect(await keepRecorded(databaseAway, config).readTimeline()).toEqual(away)
  const told: unknown[] = []
  const record = eventRecorder(databaseAway, { onRecorded: (rejections) => told.push(rejections) })
  expect(await record(Buffer.from(encodeRecord([aClick()])), false)).toEqual(away)
  expect(told).toEqual([])
})
