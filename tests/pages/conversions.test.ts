import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { hashOfSecret } from '../../src/lib/conversions/postback.ts'
import { savePostback } from '../../src/lib/store/postbacks.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { tableRows, textOf } from '../support/html-tables.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { settleAll } from '../support/settled.ts'
import { type ApiSite, apiHeaders, jsonOf, runApiSite } from './api-site.ts'
import { ask, untilFlushed } from './running-site.ts'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite()
  await api.sql`update affiliate_links set click_id_parameter = 'subid' where slug = 'nocodemba'`
})
afterAll(() => api?.end())

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const tell = (body: unknown) =>
  ask(api.site, '/api/v1/promo/track-conversion', {
    method: 'POST',
    headers: { ...api.fresh(), 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
/** Clicks as a reader of one address each; the id that the redirect brings along. */
async function click(headers: Record<string, string> = {}): Promise<string | null> {
  const answer = await ask(api.site, '/nocodemba?promo_var=42', {
    headers: { ...api.fresh(), 'user-agent': firefox, ...headers },
  })
  return new URL(answer.headers.location ?? '').searchParams.get('subid')
}

test('a click becomes a sale, by the id that the redirect passed on', async () => {
  await expect.poll(() => click()).toMatch(/^[0-9a-v]{26}$/)
  expect(
    await api.impression({ offer_id: 4, variation_id: 42, newsletter_send_id: 'of-today' }),
  ).toMatchObject({
    status: 204,
  })
  const id = await click()
  await untilFlushed(api.site)
  const sale = { external_id: 'order-1', click_id: id, amount: '12.50', currency: 'EUR', status: 'pending' }
  expect(await tell(sale)).toMatchObject({ status: 204, body: '', headers: apiHeaders })
  expect(await tell({ ...sale, status: 'approved', amount: '12.00' })).toMatchObject({ status: 204 })
  await expect
    .poll(
      () =>
        api.sql`select variation_id, impression_id > 0 as sent, amount, status from promo_conversions
          where counted_on is not null`,
    )
    .toEqual([{ variation_id: 42, sent: true, amount: '12.00', status: 'approved' }])
})

test('another click under the same id is a 409, and names of people are refused', async () => {
  const id = await click()
  const differs = await tell({ external_id: 'order-1', click_id: id, amount: 1, currency: 'EUR' })
  expect([differs.status, jsonOf(differs)]).toMatchObject([409, { error: 'conversion_differs' }])
  const named = await tell({
    external_id: 'a@b.example',
    click_id: id,
    amount: 1,
    currency: 'EUR',
    name: 'Ann',
  })
  expect([named.status, jsonOf(named)]).toMatchObject([
    400,
    {
      details: {
        external_id: expect.stringContaining('e-mail'),
        name: expect.stringContaining('not a known field'),
      },
    },
  ])
})

test('nobody who asks not to be tracked gets an id', async () => {
  expect(await click({ 'sec-gpc': '1' })).toBeNull()
  expect(await click({ dnt: '1' })).toBeNull()
})

test('it needs the token, and accepts only POST', async () => {
  const path = '/api/v1/promo/track-conversion'
  expect(await ask(api.site, path)).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.9' }
  expect(await ask(api.site, path, { method: 'POST', headers, body: '{}' })).toMatchObject({ status: 401 })
})

test('a conversion whose click is unknown waits, and health reports it', async () => {
  const unknown = { external_id: 'order-2', click_id: '0'.repeat(26), amount: 1, currency: 'EUR' }
  expect(await tell(unknown)).toMatchObject({ status: 204 })
  await expect
    .poll(async () => jsonOf(await ask(api.site, '/api/v1/promo/health')))
    .toMatchObject({ status: 'ok', waiting_conversions: 1 })
})

test('the pages show nothing about conversions until there is one', async () => {
  const { fresh, sql, url } = api
  const database = patientDatabase(() => url, 1)
  onTestFinished(() => database.close())
  const editor = { name: 'Anna', password: 'correct horse battery' }
  await insertQuickEditor(sql, editor)
  const { headers } = await ask(api.site, '/sign-in', {
    method: 'POST',
    headers: {
      ...fresh(),
      'content-type': 'application/x-www-form-urlencoded',
      origin: 'https://site.example',
    },
    body: new URLSearchParams(editor).toString(),
  })
  const cookie = headers['set-cookie']?.split(';')[0] ?? ''
  const show = async (path: string) => {
    const answer = await ask(api.site, path, { headers: { ...fresh(), cookie, 'cache-control': 'no-cache' } })
    expect(answer.status).toBe(200)
    return answer.body
  }
  const paths = ['/analytics', '/analytics/offers/4', '/analytics/sends']
  const found = await sql`select * from promo_conversion_metrics`
  await sql`delete from promo_conversion_metrics`
  for (const path of paths) expect(textOf(await show(path))).not.toMatch(/conversion/i)
  const lost = found.map((row) => ({ ...row, offer_id: null, variation_id: null }))
  await sql`insert into promo_conversion_metrics ${sql([...found, ...lost])}`
  await settleAll(database)
  const [overview = '', offer = '', sends = ''] = await Promise.all(paths.map(show))
  for (const page of [overview, offer]) {
    expect(textOf(page)).toContain('Conversions')
    expect(tableRows(page, 'From recipients to conversions').map(([step]) => step)).toEqual([
      'Recipients',
      'Clicks by people',
      'Conversions',
    ])
  }
  // Whatever a page does not show, it does not read either.
  const shown = (page: string, label: string) =>
    tableRows(page, label).map(([name, count, , revenue]) => [name, count, revenue])
  expect(shown(overview, 'Conversions by offer')).toEqual([
    ['All', '1', '€12.00'],
    ['No Code MBA', '1', '€12.00'],
    ['Click not found', '1', '€12.00'],
  ])
  expect(shown(offer, 'Conversions by text')).toEqual([
    ['All', '1', '€12.00'],
    ['Build your dream startup this weekend', '1', '€12.00'],
  ])
  for (const page of [offer, sends]) expect(textOf(page)).toContain('1 for €12.00')
  await sql`delete from promo_conversion_metrics where variation_id is null`
})

test('a network reports a conversion by calling an address, and again with another status', async () => {
  const postback = {
    source: 'awin',
    secret_hash: hashOfSecret('of-awin'),
    parameters: { external_id: 'tid' },
  }
  await savePostback(api.sql, 'nocodemba', postback)
  const id = await click()
  await untilFlushed(api.site)
  const call = (further: Record<string, string>) => {
    const query = { link: 'nocodemba', secret: 'of-awin', currency: 'EUR', ...further }
    const headers = { 'x-forwarded-for': '192.0.2.77' }
    return ask(api.site, `/api/v1/promo/postback?${new URLSearchParams(query)}`, { headers })
  }
  const sale = { tid: 'A-1', click_id: `${id}`, amount: '3.20' }
  expect(await call({ ...sale, status: 'open' })).toMatchObject({ status: 200, body: 'ok\n' })
  expect(await call({ ...sale, status: 'confirmed' })).toMatchObject({ status: 200 })
  expect(await call({ ...sale, status: 'confirmed' })).toMatchObject({ status: 200 })
  expect(await call({ ...sale, secret: 'guessed' })).toMatchObject({ status: 401 })
  const people = { email: 'ann@mail.example', customer: 'Ann-Smith-17' }
  expect(await call({ ...sale, ...people, status: 'confirmed' })).toMatchObject({ status: 200 })
  expect(await call({ ...sale, ...people, tid: people.email })).toMatchObject({ status: 400 })
  expect(await call({ ...sale, ...people, secret: 'guessed' })).toMatchObject({ status: 401 })
  const wrong = await call({ click_id: `${id}`, amount: '3,20' })
  expect([wrong.status, jsonOf(wrong)]).toMatchObject([400, { details: { tid: 'is missing' } }])
  expect([
    ...(await api.sql`select external_id, amount, status from promo_conversions where source = 'awin'`),
  ]).toEqual([{ external_id: 'A-1', amount: '3.20', status: 'approved' }])
  // What came along of people is nowhere: in no table, no file and no line of the log.
  const tables = await api.sql<{ name: string }[]>`
    select relid::regclass::text as name from pg_stat_user_tables where schemaname = 'public'
  `
  const rows = await Promise.all(
    tables.map(({ name }) => api.sql`select coalesce(json_agg(t)::text, '') as text from ${api.sql(name)} t`),
  )
  const kept = rows.map(([row]) => `${row?.text}`).join('\n')
  expect(kept).toContain('A-1')
  expect(`${kept}${api.site.log.join('\n')}`).not.toMatch(/ann@|ann%40|Ann-Smith/)
  const found = spawnSync('grep', ['-rlsE', 'ann@|ann%40|Ann-Smith', api.site.dataDir], { encoding: 'utf8' })
  expect(found.stdout).toBe('')
})
