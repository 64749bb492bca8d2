import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { eventRecorder } from '../../src/lib/tracking/record-events.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patience } from '../support/patience.ts'

const log = createLog('silent')
const nothing = () => {}

let store: TestDatabase

beforeAll(async () => {
  store = await createTestDatabase()
})
afterAll(() => store?.drop())
afterEach(() => emptyDatabase(store.sql))

/** Lets clicks wait in a journal and flushes them; answers how long that took, and how many are among the rejects. */
async function flush(
  clicks: number,
  { deadline, during }: { deadline: number; during?: () => Promise<void> },
) {
  const database = openDatabase({ locate: async () => ok(store.url), log })
  const events = openEventBuffer({
    folder: temporaryFolder(),
    sync: 'write',
    maxBytes: 1e8,
    maxEvents: 10_000,
    record: eventRecorder(database, { deadline }),
    now: Date.now,
    log,
    onFault: nothing,
    onFlush: nothing,
    onDamaged: nothing,
  })
  const ids = await Promise.all(
    Array.from({ length: clicks }, async () => {
      const click = aClick()
      await events.buffer.accept(click)
      return click.event_id
    }),
  )
  await during?.()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(events.readings().rejects).toBe(0)
  await events.close(1_000)
  await database.close()
  const rows = await store.sql<{ event_id: string }[]>`select event_id from promo_click_tracking`
  expect(rows.map(({ event_id }) => event_id).toSorted()).toEqual(ids.toSorted())
  expect(await findDrift(store.sql)).toEqual([])
}

test('a batch that exceeds the deadline is recorded in parts', async () => {
  await insertPromos(store.sql)
  await store.sql.unsafe(`
    create function promo_test_be_slow() returns trigger language plpgsql as $$
    begin perform pg_sleep(0.02); return new; end $$;
    create trigger promo_test_slow before insert on promo_click_tracking
    for each row execute function promo_test_be_slow();
  `)
  await flush(200, { deadline: 1_500 })
  await store.sql.unsafe('drop function promo_test_be_slow cascade')
})

test('a lock that is held for longer than six tries makes no rejects', async () => {
  await insertPromos(store.sql)
  const name = new URL(store.url).pathname.slice(1)
  await store.sql.unsafe(`alter database ${name} set lock_timeout = '30ms'`)
  await flush(5, {
    deadline: 2_000,
    during: () =>
      store.sql
        .begin(async (sql) => {
          await sql`lock table promo_text_variations in access exclusive mode`
          await sql`select pg_sleep(3.5)`
        })
        .then(nothing),
  })
  await store.sql.unsafe(`alter database ${name} reset lock_timeout`)
})
