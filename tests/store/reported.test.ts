import { afterAll, beforeAll, expect, test } from 'vitest'
import { listReported } from '../../src/lib/store/reported.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { anImpression } from '../support/events.ts'
import { recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 18, 12)
let store: TestDatabase
beforeAll(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterAll(() => store?.drop())

test('the parts of a send are listed by their text, and no other send', async () => {
  const part = { at: noon, newsletter_send_id: 'a', offer_id: 4 }
  await recordImpressions(store.sql, [
    anImpression({ ...part, variation_id: 43, recipients: 7 }),
    anImpression({ ...part, variation_id: 42, recipients: 5 }),
    anImpression({ ...part, newsletter_send_id: 'b', variation_id: 42 }),
  ])
  expect([...(await listReported(store.sql, 'a'))]).toEqual([
    { offer_id: 4, variation_id: 42, recipients: 5, sent_at: noon },
    { offer_id: 4, variation_id: 43, recipients: 7, sent_at: noon },
  ])
})
