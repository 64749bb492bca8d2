import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { plain } from '../../src/lib/database/connect.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { createSelection } from '../../src/lib/selection/selection.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { marks } from '../../src/lib/stats/arrival.ts'
import { listUndecidedReports } from '../../src/lib/store/decisions.ts'
import { listSends } from '../../src/lib/store/evidence.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { databaseAway } from '../support/database-away.ts'
import { processEnvironment } from '../support/environment.ts'
import { anImpression } from '../support/events.ts'
import { knownLinks } from '../support/known-links.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const day = 86_400_000

let store: TestDatabase
let database: Database

beforeEach(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url)
  await insertPromos(store.sql)
})
afterEach(async () => {
  await database.close()
  await store.drop()
})

async function open(settings: Record<string, string> = {}, from = database) {
  const config = readConfig({ SITE_URL: 'https://news.example', ...settings })
  if (!config.ok) return expect.fail('settings')
  const links = await knownLinks(database)
  let drawn = 0
  const random = () => {
    drawn += 1
    return (drawn * 0.618) % 1
  }
  return createSelection({ config: config.value, database: from, links, now: () => noon, random })
}

const sent = (name: string | null, variation_id: number, daysAgo: number, offer_id = 4, recipients = 1_000) =>
  recordImpressions(store.sql, [
    anImpression({ at: noon - daysAgo * day, newsletter_send_id: name, offer_id, variation_id, recipients }),
  ])

/** Clicks and clickers of a send, by the hours at which their spans begin. */
async function clicked(name: string, spans: [hours: number, clickers: number][]) {
  for (const [hours, clickers] of spans)
    await store.sql`
      insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers, crowd_clickers,
        uncertain_clickers, doubtful_clicks)
      select id, ${hours}, ${clickers * 3}, ${clickers * 2}, ${clickers}, ${name === 'a' ? 1 : 0},
        ${name === 'b' ? 2 : 0}, ${name === 'b' ? 5 : 0}
      from promo_impression_tracking where newsletter_send_id = ${name}
    `
}

test('the evidence of sends equals a recount row by row', async () => {
  const spans = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168].map((hours, index): [number, number] => [
    hours,
    index * 7 + 1,
  ])
  await sent('a', 42, 9)
  await sent('b', 43, 8)
  await sent('b', 42, 8)
  await sent('c', 50, 7, 5)
  await sent('none', 43, 6)
  await sent(null, 42, 5)
  await store.sql`insert into promo_offers (id, name, offer_type, link_slug)
    values (9, 'Test', 'self_test', 'nocodemba')`
  await store.sql`insert into promo_text_variations (id, offer_id, text_content, approved) values (90, 9, 'Test', true)`
  await sent('d', 90, 4, 9)
  await clicked('a', spans)
  await clicked('b', spans.slice(5))
  await clicked('c', spans.slice(8))
  await clicked('d', spans)
  await store.sql`
    insert into promo_crowd_metrics (impression_id, addresses, visits, largest, human_clicks)
    select id, 2, 30, 20, 25 from promo_impression_tracking where newsletter_send_id = 'a'
  `

  const impressions = await store.sql`
    select id, offer_id, variation_id, newsletter_send_id, recipients, tracked_at from promo_impression_tracking
    where newsletter_send_id is not null and offer_id <> 9 order by tracked_at, id
  `
  const metrics = await store.sql`select impression_id, hours, clickers::float from promo_send_metrics`
  const recounted = impressions.map((row) => {
    const own = metrics.filter((one) => one.impression_id === row.id)
    const within = (hours: number) =>
      own.filter((one) => one.hours < hours).reduce((sum, one) => sum + one.clickers, 0)
    return {
      offer_id: row.offer_id,
      variation_id: row.variation_id,
      newsletter_send_id: row.newsletter_send_id,
      newsletter: '',
      recipients: row.recipients,
      sent_at: row.tracked_at.getTime(),
      clickers: within(Number.POSITIVE_INFINITY),
      clickers_by: marks.map(within),
      crowd:
        row.newsletter_send_id === 'a'
          ? {
              addresses: 2,
              visits: 30,
              largest: 20,
              other_clicks: 2 * within(Number.POSITIVE_INFINITY) - 25,
              clickers: own.length,
              clickers_by: marks.map((mark) => own.filter(({ hours }) => hours < mark).length),
            }
          : null,
      signs: row.newsletter_send_id === 'b' ? { uncertain: 2 * own.length, doubtful: 5 * own.length } : null,
    }
  })
  expect(recounted).toHaveLength(5)
  // As the site reads it, whose driver knows no arrays.
  const asked = postgres(store.url, { ...plain, max: 1 })
  onTestFinished(() => asked.end())
  expect([...(await listSends(asked, undefined))]).toEqual(recounted)
  expect([...(await listSends(asked, 'b'))]).toEqual(
    recounted.filter(({ newsletter_send_id }) => newsletter_send_id !== 'b'),
  )
})

describe('the decisions of sends', () => {
  test('are returned for the requested sends, segment by segment, however many others there are', async () => {
    const selection = await open()
    const names = ['first', 'a "quoted", {odd} \\name', 'third']
    for (const name of names)
      expect(
        await selection.select({ newsletter_send_id: name, strategy: 'thompson', segments: 3 }),
      ).toMatchObject({ ok: true })
    const read = await selection.readDecisions(names.slice(0, 2))
    const rows = read.ok ? [...read.value] : []
    expect(rows.map((row) => [row.newsletter_send_id, row.segment])).toEqual(
      names
        .slice(0, 2)
        .toSorted()
        .flatMap((name) => [1, 2, 3].map((segment) => [name, segment])),
    )
    expect(new Set(rows.slice(0, 3).map(({ variation_id }) => variation_id)).size).toBe(3)
    expect(rows[0]).toEqual({
      newsletter_send_id: expect.any(String),
      segment: 1,
      variation_id: expect.any(Number),
      strategy: 'thompson',
      probability: expect.any(Number),
      goal: null,
    })
  })

  test('are empty for sends that nothing was chosen for', async () => {
    const selection = await open()
    for (const sends of [[], ['unknown']])
      expect(await selection.readDecisions(sends)).toMatchObject({ ok: true, value: [] })
  })
})

test('the reported text of a send is shown if another one was chosen', async () => {
  const selection = await open()
  const chosen = await selection.select({ newsletter_send_id: 'daily' })
  if (!chosen.ok) return expect.fail('a choice')
  const { offer_id, variation_id } = chosen.value
  await sent('daily', variation_id, 1, offer_id)
  await sent('other', variation_id, 1, offer_id)
  expect([...(await listUndecidedReports(store.sql, 'daily'))]).toEqual([])
  const other = variation_id === 42 ? 43 : 42
  await sent('daily', other, 1, 4, 1_200)
  expect([...(await listUndecidedReports(store.sql, 'daily'))]).toEqual([
    {
      offer_id: 4,
      variation_id: other,
      offer_name: 'No Code MBA',
      newsletter: '',
      recipients: 1_200,
      tracked_at: '2026-11-17T12:00:00Z',
    },
  ])
})

describe('the shares that variations would get now', () => {
  test.each(['weighted', 'ctr_weighted', 'thompson'])('follow the setting %s', async (strategy) => {
    const selection = await open({ PROMO_SELECTION: strategy })
    await sent('first', 50, 2, 5)
    const read = await selection.readShares()
    const shares = read.ok ? read.value.shares : []
    expect(read).toMatchObject({ ok: true, value: { strategy } })
    expect(shares.map(({ variation_id }) => variation_id)).toEqual([42, 43, 50])
    expect(shares.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9)
    expect(shares[2]?.share === 0).toBe(strategy === 'thompson')
    expect(selection.settings).toEqual({ strategy, goal: 'clicks', currency: undefined })
  })

  test('are listed by the ids of offers and variations, in whatever order they were stored', async () => {
    await store.sql`
      insert into promo_text_variations (id, offer_id, text_content, approved) values (41, 4, 'New', true)
    `
    const read = await (await open({ PROMO_SELECTION: 'weighted' })).readShares()
    expect(read.ok && read.value.shares.map(({ variation_id }) => variation_id)).toEqual([41, 42, 43, 50])
  })

  test('follow the limits of the settings', async () => {
    await sent('first', 50, 2, 5)
    const free = {
      PROMO_SELECTION: 'thompson',
      PROMO_VARIETY_OFFER_GAP: '0',
      PROMO_VARIETY_VARIATION_GAP: '0',
      PROMO_SELECTION_FLOOR: '100',
    }
    const shareOf50 = async (settings: Record<string, string>) => {
      const read = await (await open({ ...free, ...settings })).readShares()
      return read.ok ? read.value.shares[2]?.share : undefined
    }
    expect(await shareOf50({})).toBeCloseTo(0.75, 9)
    expect(await shareOf50({ PROMO_VARIETY_OFFER_GAP: '1' })).toBe(0)
    expect(await shareOf50({ PROMO_VARIETY_VARIATION_GAP: '1' })).toBe(0)
    expect(await shareOf50({ PROMO_VARIETY_OFFER_SENDS: '1', PROMO_VARIETY_WINDOW: '2' })).toBe(0)
    expect(await shareOf50({ PROMO_VARIETY_OFFER_SENDS: '1', PROMO_VARIETY_WINDOW: '1' })).toBeCloseTo(
      0.75,
      9,
    )
  })

  test('are not known while the database is down', async () => {
    expect(await (await open({}, databaseAway)).readShares()).toMatchObject(fail({ code: 'unavailable' }))
  })
})

describe('why offers are not chosen', () => {
  test('is the missing part of those that cannot be chosen', async () => {
    const selection = await open()
    expect(await selection.readObstacles()).toEqual(
      ok(new Map([[6, 'This offer has no link, so the newsletter does not choose it.']])),
    )
    await store.sql`update promo_offers set weight = 0 where id = 4`
    await store.sql`update promo_text_variations set approved = false where offer_id = 5`
    await store.sql`update affiliate_links set active = false`
    const read = await (await open()).readObstacles()
    expect(read).toMatchObject({ ok: true })
    expect(read.ok && read.value.get(4)).toMatch(/paused \(weight 0\) and has a link that leads nowhere/)
    expect(read.ok && read.value.get(5)).toMatch(/no approved text and has a link that leads nowhere/)
    await store.sql`update promo_offers set link_slug = null, weight = 1 where id = 4`
    const slugless = await selection.readObstacles()
    expect(slugless.ok && slugless.value.get(4)).toContain('has no link, so')
  })

  test('is not known while the database is down', async () => {
    expect(await (await open({}, databaseAway)).readObstacles()).toMatchObject(fail({ code: 'unavailable' }))
  })
})

describe('promo explain', () => {
  async function promo(args: string[]) {
    const folder = mkdtempSync(join(tmpdir(), 'promo-explain-'))
    const child = spawn(process.execPath, [resolve('src/cli/promo.ts'), ...args], {
      cwd: folder,
      env: { ...processEnvironment, DATABASE_URL: store.url, PROMO_DATA_DIR: join(folder, 'data') },
    })
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    rmSync(folder, { recursive: true, force: true })
    return { code: child.exitCode, out, err }
  }

  test('prints why a send got its promos, segment by segment', async () => {
    const selection = await open()
    await selection.select({ newsletter_send_id: 'daily', strategy: 'thompson', segments: 2 })
    const { code, out, err } = await promo(['explain', 'daily'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toMatch(/^segment 1: variation \d+ of "/)
    expect(out).toMatch(/^segment 2: variation \d+ of "/m)
    expect(out.match(/gives this variation again/g)).toHaveLength(2)
    expect(out).toMatch(/probability {2}[\d.]+ %, estimated from seeded draws/)
  })

  test('names a reported text that select-random did not choose', async () => {
    await sent('by hand', 42, 1, 4, 1_200)
    expect((await promo(['explain', 'by hand'])).out).toBe(
      [
        'chosen elsewhere: variation 42 of "No Code MBA"',
        '  reported     2026-11-17T12:00:00Z, to 1,200 recipients',
        '  why          not known here: no choice of select-random is kept for it (they are kept for 13 months)',
        '',
      ].join('\n'),
    )
    const selection = await open()
    const chosen = await selection.select({ newsletter_send_id: 'both', segments: 2 })
    const [first, second] = chosen.ok ? (chosen.value.segments ?? []) : []
    if (!first || !second) return expect.fail('two segments')
    await sent('both', first.variation_id, 1, first.offer_id)
    const third = [42, 43, 50].find((one) => one !== first.variation_id && one !== second.variation_id) ?? 0
    await sent('both', third, 1, third === 50 ? 5 : 4)
    const { out } = await promo(['explain', 'both'])
    const [ofFirst = '', ofSecond = ''] = out.split(/^segment 2/m)
    expect(ofFirst).not.toContain('reported')
    expect(ofSecond).toContain('reported     no: the send was reported with what was chosen elsewhere, below')
    expect(ofSecond).toContain(`chosen elsewhere: variation ${third} of`)
    expect(out.match(/chosen elsewhere: /g)).toHaveLength(1)
  })

  test('says so if nothing was chosen, or no send is named', async () => {
    expect(await promo(['explain', 'nothing'])).toEqual({
      code: 1,
      out: '',
      err: 'promo explain: nothing was chosen or reported for the send "nothing"\n',
    })
    expect(await promo(['explain'])).toMatchObject({
      code: 2,
      err: expect.stringContaining('SEND is missing'),
    })
  })
})
