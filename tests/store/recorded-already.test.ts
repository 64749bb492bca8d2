import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeRecord, jsonArrayOf } from '../../src/lib/buffer/record.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { listRecordedAlready } from '../../src/lib/store/recorded-already.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, anImpression } from '../support/events.ts'
import { recordClicks, recordConversions, recordImpressions } from '../support/record.ts'

let tested: TestDatabase
beforeAll(async () => {
  tested = await createTestDatabase()
  await insertPromos(tested.sql)
})
afterAll(() => tested?.drop())

const listed = async (...events: TrackingEvent[]) => {
  const rows = await listRecordedAlready(tested.sql, jsonArrayOf(Buffer.from(encodeRecord(events))))
  return rows.map(({ event_id }) => event_id)
}

test('events that are nothing new are found', async () => {
  const at = Date.UTC(2026, 10, 18)
  const [click, keyed, sent] = [aClick({ at }), aClick({ at, caller_key: true }), anImpression({ at })]
  const fresh = aClick({ at })
  expect(await listed(click, keyed, sent, fresh, fresh)).toEqual([fresh.event_id])
  await recordClicks(tested.sql, [click, keyed])
  await recordImpressions(tested.sql, [sent])
  const [older, newer] = [anImpression({ at: at - 1 }), anImpression({ at: at + 1 })]
  const another = anImpression({ at, variation_id: 43 })
  const found = await listed(click, { ...keyed, at: at + 5 }, sent, older, newer, another, fresh)
  expect(found.sort()).toEqual([click, keyed, sent, older].map(({ event_id }) => event_id).sort())
})

test('a conversion is nothing new if there is a later report on it', async () => {
  const at = Date.UTC(2026, 10, 18)
  const told = aConversion({ at, external_id: 'x', source: 'awin' })
  await recordConversions(tested.sql, [told])
  const again = (changes: object) => aConversion({ ...told, event_id: randomUUID(), ...changes })
  const [older, newer, other] = [again({ at: at - 1 }), again({ at: at + 1 }), again({ source: 'cj' })]
  const found = await listed(told, older, newer, other)
  expect(found.sort()).toEqual([told, older].map(({ event_id }) => event_id).sort())
})
