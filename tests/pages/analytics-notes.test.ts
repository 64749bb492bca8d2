import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import type { Doubt } from '../../src/lib/model/doubt.ts'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { tableRows, textOf } from '../support/html-tables.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { settleAll } from '../support/settled.ts'
import { ask, type RunningSite, runSite, signIn } from './running-site.ts'

const editor = { name: 'Anna', password: 'correct horse battery' }
const hour = 3_600_000
let running: RunningSite
let database: Database
let cookie = ''

beforeAll(async () => {
  running = await runSite()
  const { sql, url } = running.database
  database = patientDatabase(() => url, 1)
  await insertQuickEditor(running.database.sql, editor)
  const at = (Math.floor(Date.now() / (24 * hour)) - 4) * 24 * hour + 12 * hour
  await recordImpressions(sql, [
    anImpression({ at, variation_id: 42, newsletter_send_id: 'one', newsletter: 'daily', recipients: 500 }),
    anImpression({ at, variation_id: 43, newsletter_send_id: 'two', newsletter: 'weekly', recipients: 300 }),
    anImpression({ at, variation_id: 43, newsletter_send_id: 'three', newsletter: 'tiny', recipients: 20 }),
    anImpression({ at, variation_id: 42, newsletter_send_id: 'four', newsletter: 'tiny', recipients: 20 }),
  ])
  await recordClicks(
    sql,
    Array.from({ length: 30 }, (_, index) =>
      aClick({
        at: at + index * 60_000,
        variation_id: 42 + (index % 2),
        ip_hash: aHash(index),
        device: 'mobile',
      }),
    ),
  )
  await settleAll(database)
  cookie = await signIn(running.site, editor)
})
afterAll(async () => {
  await database?.close()
  await running?.end()
})

async function show(path: string): Promise<string> {
  const { status, body } = await ask(running.site, path, { headers: { cookie } })
  expect(status).toBe(200)
  return body
}

const untold =
  'These are counted for all newsletters together, not for each one. Choose “All newsletters” to see them.'

describe.each(['/analytics', '/analytics/offers/4'])('the page %s', (path) => {
  test('for one newsletter says once why there are no devices, sites and reasons', async () => {
    const html = await show(`${path}?newsletter=daily`)
    expect(html.split(untold)).toHaveLength(2)
    const charts = ['device', 'browser', 'os', 'referrer', 'reasons']
    expect(charts.filter((id) => html.includes(` id="${id}"`))).toEqual([])
    // What the API refuses is not offered as a file.
    const refused = ['include_devices', 'include_referrers', 'include_reasons']
    expect(refused.filter((name) => html.includes(name))).toEqual([])
    const all = await show(path)
    expect(all.includes(untold)).toBe(false)
    expect([...charts.map((id) => ` id="${id}"`), ...refused].filter((part) => !all.includes(part))).toEqual(
      [],
    )
  })

  test('says which figures use UTC days, and how UTC hours fall into days', async () => {
    const text = textOf(await show(`${path}?tz=Asia/Kolkata`))
    expect(text.match(/By UTC days, not by days in Asia\/Kolkata\./g)).toHaveLength(3)
    expect(text).toContain('Different visitors: by UTC days, not by days in Asia/Kolkata.')
    expect(text).toContain('which begin 30 minutes past the hour in Asia/Kolkata')
    const plain = textOf(await show(path))
    expect(plain).not.toMatch(/UTC days|UTC hours/)
    expect(textOf(await show(`${path}?tz=Asia/Tokyo`))).not.toContain('UTC hours')
  })
})

const firstCells = (html: string) => tableRows(html, 'Texts').map(([text = '']) => text.slice(0, 12))

test('texts are listed below their offer, and not ranked if sends are too small', async () => {
  const html = await show('/analytics')
  expect(html).toContain('aria-label="Texts, best first"')
  expect(firstCells(html).slice(0, 5)).toEqual([
    'No Code MBA',
    'Want to buil',
    'Build your d',
    'Quiet Desk',
    'A desk that ',
  ])
  const small = await show('/analytics?newsletter=tiny')
  expect(small).toContain('aria-label="Texts"')
  expect(firstCells(small).slice(0, 3)).toEqual(['No Code MBA', 'Build your d', 'Want to buil'])
  expect(
    tableRows(small, 'Texts')
      .map((cells) => cells.slice(3, 5))
      .slice(1, 3),
  ).toEqual([
    ['–', '–'],
    ['–', '–'],
  ])
  const text = textOf(small)
  expect(text).toContain('A send goes to about 20 recipients here. That is too few to learn from')
  expect(text).not.toMatch(/is ahead|does best|leads in|best first/)
})

test('a test send alone in a period does not make the list a small one', async () => {
  const at = Date.now() - 40 * 24 * hour
  await recordImpressions(running.database.sql, [
    anImpression({ at, newsletter_send_id: 'a test', newsletter: 'daily', recipients: 3 }),
  ])
  const date = new Date(at).toISOString().slice(0, 10)
  const asked = `from=${date}&to=${date}&newsletter=daily`
  for (const path of ['/analytics', '/analytics/offers/4', '/analytics/sends']) {
    const fresh = { headers: { cookie, 'cache-control': 'no-cache' } }
    const text = textOf((await ask(running.site, `${path}?${asked}`, fresh)).body)
    expect(text).toContain('a test')
    expect(text).not.toMatch(/too few to learn from|Not ranked/)
  }
  const { body } = await ask(running.site, `/api/v1/promo/analytics?${asked}&include_sends=true`, {
    headers: { cookie },
  })
  expect(JSON.parse(body)).toMatchObject({
    sends: [{ recipients: 3 }],
    usual_send: { texts: 1, recipients: 251.5 },
  })
})

test('sections that leave out the newest clicks say so, and only while there are some', async () => {
  const note = /each newer one follows about 15 minutes after it came/g
  const notes = async (path: string) => textOf(await show(path)).match(note)?.length ?? 0
  const paths = ['/analytics', '/analytics/offers/4', '/analytics/sends', '/analytics?newsletter=daily']
  const counted = async () => Promise.all(paths.map(notes))
  expect(await counted()).toEqual([0, 0, 0, 0])
  const at = Date.now() - hour
  await recordClicks(running.database.sql, [aClick({ at, variation_id: 42, ip_hash: aHash(99) })])
  const fresh = { headers: { cookie, 'cache-control': 'no-cache' } }
  const { body } = await ask(running.site, '/analytics', fresh)
  expect(textOf(body)).toContain(
    'Click rate and clicks count every click at once. Different visitors: clicks up to',
  )
  expect(textOf(body).match(note)).toHaveLength(6)
  for (const [index, path] of paths.entries()) {
    await ask(running.site, path, fresh)
    expect([path, await notes(path)]).toEqual([path, [6, 6, 1, 4][index]])
  }
  expect(textOf(await show('/analytics?newsletter=daily'))).not.toContain('count every click at once')
})

test('the overview says how many links of its period came damaged, and why that may be', async () => {
  const day = new Date(Date.now() - 4 * 24 * hour).toISOString().slice(0, 10)
  await running.database.sql`
    insert into promo_link_damage (day, slug, damaged, unreadable) values (${day}, 'nocodemba', 0, 20)
  `
  expect(textOf(await show('/analytics?days=90'))).toMatch(
    /In this period 20 of 5\d clicks \(\d\d %\) came through a link that was damaged on its way; 20 of them did not/,
  )
  expect(textOf(await show('/analytics?days=7&tz=Asia/Kolkata'))).toContain('keep promo_var directly after')
  expect(textOf(await show('/analytics?days=90&newsletter=daily'))).toContain(
    'In this period, in all newsletters, 20 of 5',
  )
  expect(textOf(await show('/analytics?from=2020-01-01&to=2020-01-31'))).not.toContain('damaged on its way')
})

test('pages and the API name a send that was reported late, and the one that has its first clickers', async () => {
  const { sql } = running.database
  const noon = Math.floor(Date.now() / (24 * hour)) * 24 * hour + 12 * hour
  const sends = [30, 25, 20, 15, 10].map((ago) => ({
    name: `desk-${ago}`,
    // Fifteen days ago it was reported after four hours; 200 of its 500 clickers had come.
    at: noon - (ago * 24 - (ago === 15 ? 4 : 0)) * hour,
    clickers: ago === 15 ? 300 : 500,
    strays: ago === 20 ? 200 : 0,
  }))
  await recordImpressions(
    sql,
    sends.map(({ name, at }) =>
      anImpression({ at, offer_id: 5, variation_id: 50, newsletter_send_id: name, recipients: 10_000 }),
    ),
  )
  const { shares } = curveOf([])
  for (const { name, clickers, strays } of sends)
    for (const [place, hours] of [0, 1, 2, 3, 6, 12, 24, 48, 72].entries()) {
      const by = (mark: number) => Math.round(clickers * (shares[mark] ?? Number(mark > 0)))
      const come = by(place) - by(place - 1)
      const all = come + (hours === 72 ? strays : 0)
      await sql`
        insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
        select id, ${hours}, ${all}, ${all}, ${all} from promo_impression_tracking where newsletter_send_id = ${name}
      `
    }
  const late =
    /Send (\S+) was probably reported hours after it went out: about (\d+) of the clickers shown for earlier sends are/g
  const before =
    /Send (\S+) got far more of its clicks late [^.]+\. It counts with about (\d+) of the (\d+) who clicked\./g
  const fresh = { headers: { cookie, 'cache-control': 'no-cache' } }
  const { body } = await ask(running.site, '/api/v1/promo/analytics?offer_id=5&include_sends=true', fresh)
  const doubts = JSON.parse(body).doubts
  expect(doubts).toMatchObject([
    { newsletter_send_id: 'desk-15', reason: 'reported_late', clickers: 300, counted_clickers: 300 },
    { newsletter_send_id: 'desk-20', reason: 'late_clicks', clickers: 700, early_clickers: 0 },
  ])
  const [{ early_clickers: early }, { counted_clickers: counted }] = doubts
  expect(Math.abs(early - 200)).toBeLessThan(10)
  expect(early + counted).toBe(700)
  for (const path of ['/analytics', '/analytics/offers/5', '/analytics/sends?days=90']) {
    const text = textOf((await ask(running.site, path, fresh)).body)
    expect([...text.matchAll(late)].map(([, ...found]) => found)).toEqual([['desk-15', `${early}`]])
    expect([...text.matchAll(before)].map(([, ...found]) => found)).toEqual([
      ['desk-20', `${counted}`, '700'],
    ])
    expect(text).toContain('and count for it. Report a send before it goes out, or as it does.')
  }
  expect(textOf(await show('/analytics/offers/5'))).toContain('in 5 sends, 2 of them doubtful')
  expect(textOf(await show('/analytics/offers/4'))).not.toMatch(late)
  // Both went to the list without a name.
  for (const [newsletter, names] of [
    ['', ['desk-15', 'desk-20']],
    ['daily', []],
  ] as const) {
    const asked = `offer_id=5&newsletter=${newsletter}&include_statistics=true`
    const { body: own } = await ask(running.site, `/api/v1/promo/analytics?${asked}`, fresh)
    expect(JSON.parse(own).doubts.map((doubt: Doubt) => doubt.newsletter_send_id)).toEqual(names)
    for (const path of ['/analytics', '/analytics/offers/5', '/analytics/sends']) {
      const text = textOf(await show(`${path}?newsletter=${newsletter}`))
      expect([...text.matchAll(late), ...text.matchAll(before)].map(([, name]) => name)).toEqual(names)
    }
  }
})
