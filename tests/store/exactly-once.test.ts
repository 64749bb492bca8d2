import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { type EventBuffer, openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import type { RecordLines } from '../../src/lib/buffer/record-batch.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { eventRecorder } from '../../src/lib/tracking/record-events.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick, aConversion, aHash, anImpression, aSurplus } from '../support/events.ts'
import { buryInstances, temporaryFolder } from '../support/folders.ts'
import { patience } from '../support/patience.ts'

const log = createLog('silent')
const nothing = () => {}

let server: TestDatabase
let database: Database

beforeAll(async () => {
  server = await createTestDatabase()
  database = openDatabase({ locate: async () => ok(server.url), log })
})
afterAll(async () => {
  await database?.close()
  await server?.drop()
})
beforeEach(() => insertPromos(server.sql))
afterEach(async () => {
  expect(await findDrift(server.sql)).toEqual([])
  await emptyDatabase(server.sql)
})

/** How the database fails: not at all, before it does anything, or after the commit that nobody hears of. */
type Failure = 'none' | 'before' | 'after'

async function siteOn(folder: string, failure: () => Failure): Promise<EventBuffer> {
  const real = eventRecorder(database)
  const record: RecordLines = async (lines, left) => {
    const now = failure()
    const lost = fail({ code: 'unavailable' as const, message: 'cut off' })
    if (now === 'before') return lost
    const recorded = await real(lines, left)
    return now === 'after' ? lost : recorded
  }
  const site = openEventBuffer({
    folder,
    sync: 'write',
    maxBytes: 1e8,
    maxEvents: 1000,
    record,
    now: Date.now,
    log,
    onFault: nothing,
    onFlush: nothing,
    onDamaged: nothing,
  })
  await site.tend()
  return site
}

const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('accept' as const), events: fc.integer({ min: 1, max: 30 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      how: fc.constantFrom('none', 'before', 'after'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('wait' as const), milliseconds: fc.integer({ min: 0, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const) }) },
)

test('whatever happens between acceptance and commit, each event counts exactly once', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const folder = temporaryFolder()
      run += 1
      let failure: Failure = 'none'
      let site = await siteOn(folder, () => failure)
      const accepted: TrackingEvent[] = []
      const reports = new Map<string, number>()
      const sales = new Map<string, string>()
      let count = aSurplus({ clicks: 0 })
      const makeEvent = (index: number): TrackingEvent => {
        if (index % 5 === 0) {
          count = { ...count, clicks: count.clicks + 1 }
          return count
        }
        if (index % 11 === 1) {
          const external_id = `run-${run}-sale-${index % 3}`
          sales.set(external_id, `${10 + accepted.length}`)
          return aConversion({
            ...{ at: Date.now() + accepted.length, external_id },
            amount: `${10 + accepted.length}`,
          })
        }
        if (index % 7 !== 0)
          return aClick({ at: Date.now(), ip_hash: aHash(index), variation_id: 42 + (index % 2) })
        const send = `run-${run}-send-${index % 3}`
        reports.set(send, 10 + accepted.length)
        return anImpression({
          at: Date.now() + accepted.length,
          newsletter_send_id: send,
          recipients: 10 + accepted.length,
        })
      }
      for (const now of steps) {
        if (now.do === 'fail') failure = now.how
        if (now.do === 'wait') await new Promise((resolve) => setTimeout(resolve, now.milliseconds))
        if (now.do === 'accept') {
          for (let index = 0; index < now.events; index += 1) {
            const event = makeEvent(accepted.length)
            expect(await site.buffer.accept(event)).toBe('journaled')
            accepted.push(event)
          }
        }
        if (now.do === 'crash') {
          await site.flusher.stop()
          buryInstances(folder)
          site = await siteOn(folder, () => failure)
        }
      }
      failure = 'none'
      expect(await site.flusher.drained(patience)).toBe(true)
      await site.close(1_000)

      const clicks = accepted.filter((event) => event.kind === 'click').map((event) => event.event_id)
      const rows =
        await server.sql`select event_id from promo_click_tracking where event_id = any(${clicks}::uuid[])`
      expect(rows.map((row) => row.event_id).sort()).toEqual(clicks.sort())
      const sends = await server.sql`
        select newsletter_send_id as send, recipients from promo_impression_tracking
        where newsletter_send_id = any(${[...reports.keys()]})
      `
      expect(new Map(sends.map(({ send, recipients }) => [send, recipients]))).toEqual(reports)
      const sold = await server.sql`
        select external_id, amount from promo_conversions where external_id = any(${[...sales.keys()]})
      `
      expect(new Map(sold.map(({ external_id, amount }) => [external_id, amount]))).toEqual(sales)
      const counts = await server.sql`
        select sum(clicks)::integer as clicks from promo_surplus_clicks where event_id = ${count.event_id}
      `
      expect(counts[0]?.clicks ?? 0).toBe(count.clicks)
      expect(site.readings().rejects).toBe(0)
    }),
    { numRuns: 25 },
  )
})

test('a poisoned event goes to the rejects, and the rest of its batch is recorded', async () => {
  const folder = temporaryFolder()
  const site = await siteOn(folder, () => 'none')
  const poison = aClick({ at: 1e18 })
  const settled = [aClick(), poison, aClick({ variation_id: 999 }), aClick()].map(async (event) => {
    const outcome = site.flusher.settled(event.event_id, 5_000)
    await site.buffer.accept(event)
    return await outcome
  })
  expect(await Promise.all(settled)).toEqual(['committed', 'refused', 'rejected', 'committed'])
  await expect.poll(() => site.readings().rejects).toBe(2)
  await site.close(1_000)
})

test('events from before the start come first, in chronological order', async () => {
  const folder = temporaryFolder()
  let failure: Failure = 'before'
  let site = await siteOn(folder, () => failure)
  const all: string[] = []
  for (let life = 0; life < 3; life += 1) {
    for (let index = 0; index < 20; index += 1) {
      const event = aClick({ at: Date.UTC(2026, 10, 18) + all.length })
      await site.buffer.accept(event)
      all.push(event.event_id)
    }
    await site.flusher.stop()
    buryInstances(folder)
    await new Promise((resolve) => setTimeout(resolve, 5))
    site = await siteOn(folder, () => failure)
  }
  failure = 'none'
  await site.flusher.drained(patience)
  await site.close(1_000)
  const rows = await server.sql`select event_id from promo_click_tracking order by id`
  expect(rows.map((row) => row.event_id)).toEqual(all)
})

test('a backlog larger than memory waits on disk and arrives whole', async () => {
  const folder = temporaryFolder()
  let failure: Failure = 'before'
  const site = await siteOn(folder, () => failure)
  const clicks = Array.from({ length: 4_500 }, () => aClick({ at: Date.now() }))
  for (let index = 0; index < clicks.length; index += 50) {
    await Promise.all(clicks.slice(index, index + 50).map((click) => site.buffer.accept(click)))
  }
  expect(site.readings().depth).toBe(4_500)
  failure = 'none'
  expect(await site.flusher.drained(patience)).toBe(true)
  expect(site.readings()).toMatchObject({ depth: 0, bytes: 0, age: 0 })
  await site.close(1_000)
  const [counted] =
    await server.sql`select count(distinct event_id)::integer as clicks from promo_click_tracking`
  expect(counted?.clicks).toBe(4_500)
})

test('events left by an earlier run do not undo later reports', async () => {
  const record = eventRecorder(database)
  const linesOf = (events: TrackingEvent[]) => Buffer.from(encodeRecord(events))
  const at = Date.UTC(2026, 10, 18, 6)
  const told = (after: number, recipients: number, status: 'approved' | 'rejected') => [
    anImpression({ at: at + after, recipients, newsletter_send_id: 'one' }),
    aConversion({ at: at + after, external_id: 'order', status }),
  ]
  expect(await record(linesOf(told(60_000, 200, 'approved')), false)).toEqual(ok([]))
  expect(await record(linesOf(told(0, 100, 'rejected')), true)).toEqual(ok([]))
  const kept = () => server.sql`
    select recipients, status from promo_impression_tracking, promo_conversions
  `
  expect([...(await kept())]).toEqual([{ recipients: 200, status: 'approved' }])
  expect(await record(linesOf(told(0, 100, 'rejected')), false)).toEqual(ok([]))
  expect([...(await kept())]).toEqual([{ recipients: 100, status: 'rejected' }])
})

test('a batch takes a statement for each kind of event in it, and what is rejected is told', async () => {
  let statements = 0
  const counting: Database = {
    ...database,
    run(given, deadline) {
      statements += 1
      return database.run(given, deadline)
    },
  }
  const told: unknown[] = []
  const record = eventRecorder(counting, { onRecorded: (rejections) => told.push(rejections) })
  const click = aClick({ variation_id: 999 })
  const conversion = aConversion({ variation_id: 998 })
  const rejections = [click, conversion].map(({ event_id }) => ({ event_id, reason: 'variation_gone' }))
  expect(await record(Buffer.from(encodeRecord([conversion, aClick(), click])), false)).toEqual(
    ok(rejections),
  )
  expect(await record(Buffer.from(encodeRecord([aSurplus()])), false)).toEqual(ok([]))
  expect(told).toEqual([rejections, []])
  expect(statements).toBe(3)
})
