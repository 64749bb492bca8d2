import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import * as v from 'valibot'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { type Report, reportSchema } from '../../src/lib/model/report.ts'
import { type Table, tables } from '../../src/lib/model/report-query.ts'
import { tableOf } from '../../src/lib/reports/tables.ts'
import { attributeConversions } from '../../src/lib/store/conversions.ts'
import { contradictions } from '../support/contradictions.ts'
import { contradictoryWords } from '../support/contradictory-words.ts'
import { emptyDatabase } from '../support/database.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { expectPage, expectSends } from '../support/page-agreement.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { randomWorld } from '../support/random-worlds.ts'
import { recordClicks, recordConversions, recordImpressions } from '../support/record.ts'
import { settleAll } from '../support/settled.ts'
import { eventsOf, insertWorld } from '../support/world-events.ts'
import { ask, type RunningSite, runSite, signIn } from './running-site.ts'

/** Other worlds, or more: WORLD_SEED=7 WORLDS=200. */
const { WORLDS = '14', WORLD_SEED = '14' } = process.env

const editor = { name: 'Anna', password: 'correct horse battery' }
let running: RunningSite
let database: Database
let cookie = ''
let caller = 0

beforeAll(async () => {
  running = await runSite({ PROMO_TRUSTED_PROXIES: '127.0.0.1', SITE_URL: 'https://site.example' })
  const { url } = running.database
  database = patientDatabase(() => url, 1)
  await insertQuickEditor(running.database.sql, editor)
  cookie = await signIn(running.site, editor, 'https://site.example')
})
afterAll(async () => {
  await database?.close()
  await running?.end()
})

/** As it is now, and from an address of its own, which no limit stops. */
async function show(path: string): Promise<string> {
  caller += 1
  const { status, body } = await ask(running.site, path, {
    headers: {
      ...{ cookie, 'cache-control': 'no-cache' },
      'x-forwarded-for': `10.0.${caller >> 8}.${caller & 255}`,
    },
  })
  expect([path, status]).toEqual([path, 200])
  return body
}

const readReport = async (address: URLSearchParams, wanted: readonly string[]) => {
  const asked = new URLSearchParams(address)
  for (const section of wanted) asked.set(`include_${section}`, 'true')
  const body = await show(`/api/v1/promo/analytics?${asked}`)
  return { body, report: v.parse(reportSchema, JSON.parse(body)) }
}

/** A file has the rows of the answer; only the conversions of sends are missing. */
async function expectFile(address: URLSearchParams, table: Table | undefined, report: Report) {
  const asked = new URLSearchParams({
    ...Object.fromEntries(address),
    format: 'csv',
    include_statistics: 'true',
  })
  if (table) asked.set(`include_${table}`, 'true')
  const conversions = report.conversions?.filter(({ of }) => of !== 'send')
  const alone = { ...report, ...(conversions && { conversions }) }
  const [file, same] = [await show(`/api/v1/promo/analytics?${asked}`), tableOf(alone, table)]
  expect([table, parse(file, { bom: true })]).toEqual([table, parse(same, { bom: true })])
}

const small = randomWorld({
  most: 90,
  recipients: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 100, max: 900 })),
  sends: 14,
})

const asked = fc.record({
  period: fc.constantFrom({ days: 'all' }, { days: 'all' }, { days: '30' }, { days: '7' }),
  tz: fc.constantFrom('UTC', 'Pacific/Auckland', 'Asia/Kolkata'),
  clicks: fc.constantFrom('human' as const, 'human' as const, 'all' as const),
  newsletter: fc.constantFrom(undefined, undefined, '', 'daily'),
  table: fc.constantFrom(undefined, ...tables),
})

test('page, answer and file agree for any data, and contain no contradictions', async () => {
  const { sql } = running.database
  await fc.assert(
    fc.asyncProperty(
      small,
      asked,
      fc.nat(),
      async (world, { period, tz, clicks, newsletter: list, table }, seed) => {
        const now = Date.now()
        await emptyDatabase(sql)
        await insertWorld(sql, world)
        const events = eventsOf(world, now, seed)
        await recordImpressions(sql, events.impressions)
        await recordClicks(sql, events.clicks)
        await recordConversions(sql, events.conversions)
        await attributeConversions(sql, { patience: -1, limit: 1_000 })
        await settleAll(database)
        // Nothing was sent to a list without recipients, and a report of it is refused.
        const isSentTo = world.parts.some((part) => part.newsletter === list && part.recipients > 0)
        const newsletter = isSentTo ? list : undefined
        const address = new URLSearchParams({
          ...period,
          tz,
          clicks,
          ...(newsletter !== undefined && { newsletter }),
        })
        const wanted = ['statistics', ...tables].filter(
          (section) => newsletter === undefined || !['devices', 'referrers', 'reasons'].includes(section),
        )
        // What is said changes with the age of sends: all has to be of one moment.
        for (let tries = 0; ; tries += 1) {
          const { body, report } = await readReport(address, wanted)
          const page = await show(`/analytics?${address}`)
          const sends = await show(`/analytics/sends?${address}`)
          const [offer] = report.offers
          const one =
            offer && new URLSearchParams({ ...Object.fromEntries(address), offer_id: `${offer.offer_id}` })
          const ofOffer = one && (await readReport(one, wanted))
          const offerPage = offer && (await show(`/analytics/offers/${offer.offer_id}?${address}`))
          if ((await readReport(address, wanted)).body !== body && tries < 5) continue
          const all = {
            ...{ tz, settled: true, all: period.days === 'all' },
            ...(newsletter !== undefined && { newsletter }),
          }
          expect(contradictions(report, all)).toEqual([])
          expect(contradictoryWords(report, clicks, Date.now())).toEqual([])
          expectPage(page, report, { clicks, newsletter })
          expectSends(sends, report, clicks)
          if (ofOffer && offerPage) {
            expect(contradictions(ofOffer.report, all)).toEqual([])
            expectPage(offerPage, ofOffer.report, {
              clicks,
              newsletter,
              offer_id: ofOffer.report.offers[0]?.offer_id,
            })
          }
          if (table === undefined || wanted.includes(table)) await expectFile(address, table, report)
          return
        }
      },
    ),
    { numRuns: Number(WORLDS), seed: Number(WORLD_SEED) },
  )
})
