import { pino } from 'pino'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { fail } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { doubtFinder, doubtsToReport } from '../../src/lib/operations/doubted-sends.ts'
import { createTestDatabase, emptyDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordImpressions } from '../support/record.ts'

let tested: TestDatabase
let database: Database

beforeAll(async () => {
  tested = await createTestDatabase()
  database = patientDatabase(() => tested.url, 2)
})
afterAll(async () => {
  await database?.close()
  await tested?.drop()
})

const day = 86_400_000
let now: number
beforeEach(async () => {
  now = await databaseTime()
  await insertPromos(tested.sql)
})
afterEach(() => emptyDatabase(tested.sql))

async function databaseTime(): Promise<number> {
  const [row] = await tested.sql<{ at: number }[]>`select extract(epoch from now())::float8 * 1000 as at`
  return Math.floor(row?.at ?? Number.NaN)
}

/** A send a day with 75 clickers; of the one `odd` days ago a tenth of the recipients was reported. */
async function send(odd: number): Promise<void> {
  const days = Array.from({ length: 20 }, (_, place) => 22 - place)
  await recordImpressions(
    tested.sql,
    days.map((ago) =>
      anImpression({
        at: now - ago * day,
        newsletter_send_id: `send-${ago}`,
        recipients: ago === odd ? 500 : 5_000,
      }),
    ),
  )
  await tested.sql`
    insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select id, hours, clickers, clickers, clickers
    from promo_impression_tracking, (values (0, 15), (1, 15), (3, 15), (6, 15), (24, 15)) span (hours, clickers)
  `
}

const looked = (ago: string) =>
  tested.sql`update promo_settlement set doubted_at = now() - ${ago}::text::interval, settled_at = now()`

function finder(over: Database = database) {
  const lines: string[] = []
  const log = pino({ base: null }, { write: (line: string) => lines.push(line) })
  return { lines, find: doubtFinder({ database: over, log, now: () => now }) }
}
const told = async () => (await doubtsToReport(tested.sql)).rates
const late = async () => (await doubtsToReport(tested.sql)).late

test('a doubted send is found without any reader, by one of many instances, and logged once', async () => {
  await send(4)
  await looked('1 day')
  const instances = [finder(), finder(), finder()]
  await Promise.all(instances.map(({ find }) => find()))
  const lines = instances.flatMap((one) => one.lines)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(/Send send-4 has .* × the usual rate: 500 recipients were reported, usually 5,000/)
  // Health of every instance reads it.
  expect(await told()).toMatchObject([
    {
      newsletter_send_id: 'send-4',
      variation_id: 42,
      sent_at: `${new Date(now - 4 * day).toISOString().slice(0, 19)}Z`,
      recipients: 500,
      usual_recipients: 5_000,
      clickers: 75,
    },
  ])
  // Not before ten minutes are over, and not in the log again.
  await looked('9 minutes')
  const again = finder()
  await tested.sql`update promo_impression_tracking set recipients = 5000`
  await again.find()
  expect(await told()).toHaveLength(1)
  await looked('11 minutes')
  await tested.sql`update promo_impression_tracking set recipients = 500 where newsletter_send_id = 'send-4'`
  await again.find()
  expect(again.lines).toEqual([])
  expect(await told()).toHaveLength(1)
})

test('one that is corrected is no longer reported, within an hour even without clicks', async () => {
  await send(4)
  await looked('1 day')
  const { find } = finder()
  await find()
  expect(await told()).toHaveLength(1)
  await tested.sql`update promo_impression_tracking set recipients = 5000`
  await tested.sql`update promo_settlement set doubted_at = now() - interval '59 minutes',
  settled_at = now() - interval '2 hours'`
  await find()
  expect(await told()).toHaveLength(1)
  await tested.sql`update promo_settlement set doubted_at = now() - interval '61 minutes'`
  await find()
  expect(await told()).toEqual([])
})

test('sends older than a week are not reported, and a clock that was set back delays nothing', async () => {
  await send(9)
  await looked('-2 days')
  const { find, lines } = finder()
  await find()
  expect([await told(), lines]).toEqual([[], []])
  const [row] = await tested.sql`select doubted_at <= now() as looked from promo_settlement`
  expect(row?.looked).toBe(true)
})

test('a database failure on the way is logged, and retried', async () => {
  await send(4)
  const failing = (at: number): Database => {
    let asked = 0
    return {
      ...database,
      run(work, within) {
        asked += 1
        return asked === at
          ? Promise.resolve(fail({ code: 'unavailable', message: 'gone' }))
          : database.run(work, within)
      },
    }
  }
  const said: string[][] = []
  for (const at of [1, 2, 3]) {
    await looked('1 day')
    const { find, lines } = finder(failing(at))
    await find()
    said.push(lines.map((line) => JSON.parse(line).msg))
  }
  expect(said).toEqual([[], ['sends could not be examined'], ['doubted sends could not be stored']])
  expect(await told()).toEqual([])
})

describe('sends that were reported late', () => {
  /** Of 500 clickers, by the hours in which they usually come. */
  const spans = { 0: 90, 1: 80, 2: 60, 3: 105, 6: 82, 12: 50, 24: 25, 48: 8 }

  /**
   * A send of two texts every five days to 10,000 recipients each. Those that went out `lateOnes` days ago were
   * reported four hours later: 200 had clicked by then.
   */
  async function sendEveryFiveDays(lateOnes: readonly number[]): Promise<void> {
    for (const ago of [26, 21, 16, 11, 6, 1])
      for (const variation_id of [42, 43]) {
        const isLate = lateOnes.includes(ago)
        const at = now - (ago * 24 - (isLate ? 4 : 0)) * hour
        const send = { at, variation_id, newsletter_send_id: `${ago} days ago`, recipients: 10_000 }
        await recordImpressions(tested.sql, [anImpression(send)])
        const come = Object.entries(spans).filter(([hours]) => Number(hours) < ago * 24 - 12)
        if (lateOnes.includes(ago - 5)) come.push(['72', 200])
        for (const [hours, clickers] of come) {
          const left = isLate ? Math.round(clickers * 0.6) : clickers
          await tested.sql`
            insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
            select id, ${hours}::integer, ${left}, ${left}, ${left} from promo_impression_tracking
            where newsletter_send_id = ${send.newsletter_send_id} and variation_id = ${variation_id}
          `
        }
      }
  }
  const hour = day / 24

  test('are found without any reader, logged once with all their texts, and reported until mended', async () => {
    await sendEveryFiveDays([6])
    await looked('1 day')
    const { find, lines } = finder()
    await find()
    expect(await late()).toEqual(['6 days ago'])
    expect(await told()).toEqual([])
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      {
        send: '6 days ago',
        msg: expect.stringMatching(
          /^Send 6 days ago was probably reported hours after .* about 400 of the clickers/,
        ),
      },
    ])
    await looked('1 day')
    await find()
    expect(await late()).toEqual(['6 days ago'])
    expect(lines).toHaveLength(1)
    await tested.sql`delete from promo_send_metrics where hours = 72`
    await looked('1 day')
    await find()
    expect(await late()).toEqual([])
    expect(lines).toHaveLength(1)
  })

  test('are reported for a week, newest first, and each is logged when it is new', async () => {
    await sendEveryFiveDays([11, 6])
    await looked('1 day')
    const { find, lines } = finder()
    await find()
    expect(await late()).toEqual(['6 days ago'])
    await emptyDatabase(tested.sql)
    await insertPromos(tested.sql)
    await sendEveryFiveDays([6, 1])
    await tested.sql`update promo_settlement set late_sends = '{"6 days ago"}'`
    await looked('1 day')
    await find()
    expect(await late()).toEqual(['1 days ago', '6 days ago'])
    expect(lines.map((line) => JSON.parse(line).send)).toEqual(['6 days ago', '1 days ago'])
  })

  test('are reported even if their recipients are wrong as well', async () => {
    await sendEveryFiveDays([6])
    await tested.sql`update promo_impression_tracking set recipients = 1000 where newsletter_send_id = '6 days ago'`
    await tested.sql`update promo_settlement set late_sends = '{}'`
    await looked('1 day')
    const { find, lines } = finder()
    await find()
    expect(await told()).toHaveLength(2)
    expect(await late()).toEqual(['6 days ago'])
    expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
      expect.stringMatching(/× the usual rate: 1,000 recipients were reported/),
      expect.stringMatching(/× the usual rate: 1,000 recipients were reported/),
      expect.stringMatching(
        /was probably reported hours after .* about 400 of the clickers .* are its own\. Report/,
      ),
    ])
  })

  test('are none where reports are in time', async () => {
    await sendEveryFiveDays([])
    await looked('1 day')
    const { find, lines } = finder()
    await find()
    expect([await late(), lines]).toEqual([[], []])
  })
})
