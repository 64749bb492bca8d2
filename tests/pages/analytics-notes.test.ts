import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { tableRows, textOf } from '../support/html-tables.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { ask, type RunningSite, runSite, signIn } from './running-site.ts'

const editor = { name: 'Anna', password: 'correct horse battery' }
const hour = 3_600_000
let running: RunningSite
let database: Database
let cookie = ''

beforeAll(async () => {
  running = await runSite()
  const { sql, url } = running.database
  database = openDatabase({ locate: async () => ok(url), log: createLog('silent'), connections: 1 })
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
  await settle(database, { age: 0 })
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
