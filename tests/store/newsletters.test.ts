import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Impression } from '../../src/lib/model/event.ts'
import { explain } from '../../src/lib/selection/explain.ts'
import { createSelection } from '../../src/lib/selection/selection.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { explainDecisions } from '../../src/lib/store/decisions.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { anImpression } from '../support/events.ts'
import { knownLinks } from '../support/known-links.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const day = 86_400_000

let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})
beforeEach(() => insertPromos(store.sql))
afterEach(async () => {
  expect(await findDrift(store.sql)).toEqual([])
  await emptyDatabase(store.sql)
})

const record = async (...changes: Partial<Impression>[]) =>
  (await recordImpressions(store.sql, changes.map(anImpression))).map(({ reason }) => reason)

const newsletters = async () =>
  (
    await store.sql<{ told: string }[]>`
      select concat_ws(' ', newsletter_send_id, variation_id, newsletter, recipients) as told
      from promo_impression_tracking order by id
    `
  ).map(({ told }) => told)

async function open(settings: Record<string, string> = {}) {
  const config = readConfig({ SITE_URL: 'https://news.example', ...settings })
  if (!config.ok) return expect.fail('settings')
  const links = await knownLinks(database)
  let drawn = 0
  const random = () => {
    drawn += 1
    return (drawn * 0.618) % 1
  }
  return createSelection({ config: config.value, database, links, now: () => noon, random })
}

describe('the newsletter of a send', () => {
  test('is kept with its first report, which the later ones need not repeat', async () => {
    expect(await record({ newsletter_send_id: 'a', newsletter: 'weekly' })).toEqual([])
    expect(await record({ newsletter_send_id: 'a', recipients: 90 })).toEqual([])
    expect(await record({ newsletter_send_id: 'a', variation_id: 43 })).toEqual([])
    expect(await record({ newsletter_send_id: 'a', newsletter: 'weekly', recipients: 80 })).toEqual([])
    expect(
      await record({ newsletter_send_id: 'b' }, { newsletter_send_id: null, newsletter: 'weekly' }),
    ).toEqual([])
    expect(await newsletters()).toEqual(['a 42 weekly 80', 'a 43 weekly 100', 'b 42  100', '42 weekly 100'])
  })

  test.each([
    ['at another time', [['first'], ['second']]],
    ['in the same batch', [['first', 'second']]],
  ])('cannot change %s: nothing is changed, and the caller gets an error', async (_, batches) => {
    const reports: Record<string, Partial<Impression>> = {
      first: { newsletter_send_id: 'a', newsletter: 'weekly' },
      second: { newsletter_send_id: 'a', newsletter: 'daily', variation_id: 43 },
    }
    const told = []
    for (const batch of batches) told.push(...(await record(...batch.map((name) => reports[name] ?? {}))))
    expect(told).toEqual(['newsletter_differs'])
    expect(await newsletters()).toEqual(['a 42 weekly 100'])
    expect(await record({ newsletter_send_id: 'b' })).toEqual([])
    expect(await record({ newsletter_send_id: 'b', newsletter: 'daily' })).toEqual(['newsletter_differs'])
  })

  test('that differs is an error again for whoever repeats the event', async () => {
    await record({ newsletter_send_id: 'a', newsletter: 'weekly' })
    const event = anImpression({ newsletter_send_id: 'a', newsletter: 'daily', caller_key: true })
    for (const _ of [1, 2]) expect(await record(event)).toEqual(['newsletter_differs'])
    expect(await record({ ...event, newsletter: 'weekly', recipients: 7 })).toEqual([])
    expect(await record({ ...event, newsletter: 'weekly', recipients: 7 })).toEqual([])
    expect(await newsletters()).toEqual(['a 42 weekly 7'])
  })

  test('is the one that was chosen for if the report names none', async () => {
    const selection = await open()
    const chosen = await selection.select({ newsletter_send_id: 'a', newsletter: 'weekly' })
    if (!chosen.ok) return expect.fail('a choice')
    await record({
      newsletter_send_id: 'a',
      variation_id: chosen.value.variation_id,
      offer_id: chosen.value.offer_id,
    })
    expect(await newsletters()).toEqual([`a ${chosen.value.variation_id} weekly 100`])
  })

  test('is in the journal; lines of earlier versions, which have none, can be read', () => {
    const event = anImpression({ newsletter: 'weekly' })
    expect(decodeLines(Buffer.from(encodeRecord([event]))).events).toEqual([event])
    const { newsletter: _, ...former } = event
    const line = encodeRecord([former as Impression])
    expect(decodeLines(Buffer.from(line)).events).toEqual([{ ...event, newsletter: null }])
  })
})

describe('choosing for a newsletter', () => {
  test('returns it, stores it with the decision, and explains it', async () => {
    const selection = await open()
    const first = await selection.select({ newsletter_send_id: 'a', newsletter: 'weekly', segments: 2 })
    expect(first).toMatchObject({
      ok: true,
      value: { newsletter: 'weekly', segments: [{ newsletter: 'weekly' }, {}] },
    })
    expect(await selection.select({ newsletter_send_id: 'a', segments: 2 })).toEqual(first)
    expect(await selection.select({ newsletter_send_id: 'a', newsletter: 'daily' })).toMatchObject({
      ok: false,
      fault: {
        error: 'newsletter_differs',
        details: {
          newsletter:
            'is not the one that this send was chosen for before; a send belongs to one newsletter, so give each ' +
            'its own newsletter_send_id',
        },
      },
    })
    const [decision] = await explainDecisions(store.sql, 'a')
    expect(decision && explain(decision)).toContain('  newsletter   weekly')
    const unnamed = await selection.select({ newsletter_send_id: 'b' })
    expect(unnamed.ok && 'newsletter' in unnamed.value).toBe(false)
    expect(await selection.select({ newsletter_send_id: 'b', newsletter: 'daily' })).toMatchObject({
      ok: true,
      value: { newsletter: 'daily' },
    })
  })

  test('holds back texts that its own readers have just seen, not those of others', async () => {
    const selection = await open({ PROMO_SELECTION: 'thompson', PROMO_SELECTION_FLOOR: '0' })
    const sent = (
      name: string,
      newsletter: string | null,
      offer_id: number,
      variation_id: number,
      daysAgo: number,
    ) => record({ at: noon - daysAgo * day, newsletter_send_id: name, newsletter, offer_id, variation_id })
    await sent('w', 'weekly', 4, 42, 3)
    await sent('d', 'daily', 5, 50, 2)
    await sent('u', null, 4, 43, 1)
    const offers = async (newsletter?: string) => {
      const read = await selection.readShares(newsletter)
      const free = read.ok ? read.value.shares.filter(({ held }) => held === null) : []
      return [...new Set(free.map(({ offer_id }) => offer_id))]
    }
    expect(await offers('weekly')).toEqual([5])
    expect(await offers('daily')).toEqual([4])
    expect(await offers()).toEqual([5])
    expect(await offers('new')).toEqual([4, 5])
  })
})
