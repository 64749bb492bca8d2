import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { createPostbacks, hashOfSecret } from '../../src/lib/conversions/postback.ts'
import { statusOf } from '../../src/lib/conversions/statuses.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { deletePostback, savePostback } from '../../src/lib/store/postbacks.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { aClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'

let store: TestDatabase
let database: Database
const folder = mkdtempSync(join(tmpdir(), 'promo-postback-'))
beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 1)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
  rmSync(folder, { recursive: true, force: true })
})

const click = aClick()
const told = { id: 'order-1', subid: clickIdOf(click.event_id), amount: '2.50', currency: 'eur' }
const save = (slug: string, parameters: Record<string, string> = {}) =>
  savePostback(store.sql, slug, { source: 'awin', secret_hash: hashOfSecret('secret'), parameters })
const asked = (query: Record<string, string>) =>
  new URLSearchParams({ link: 'desk', secret: 'secret', ...query })

test('a postback is read under the names of its network', async () => {
  await save('desk', { external_id: 'id', click_id: 'subid' })
  const postbacks = createPostbacks(database)
  expect(await postbacks.read(asked({ ...told, status: 'Declined', customer: 'Ann' }))).toEqual(
    ok({
      ...{ external_id: 'order-1', source: 'awin', click_id: { eventId: click.event_id, at: click.at } },
      ...{ amount: '2.50', currency: 'EUR', status: 'rejected' },
    }),
  )
  const faultsOf = async (query: URLSearchParams) => {
    const read = await postbacks.read(query)
    return read.ok ? undefined : (read.fault.details ?? read.fault.error)
  }
  expect(await faultsOf(asked({ amount: 'x', status: 'odd', id: '' }))).toEqual({
    id: 'is missing',
    subid: 'is missing',
    currency: 'is missing',
    amount: expect.stringContaining('12.50'),
    status: 'must be pending, approved or rejected',
  })
  const twice = asked(told)
  twice.append('amount', '3')
  expect(await faultsOf(twice)).toEqual({ amount: 'is given more than once' })
  for (const wrong of [{ secret: 'other' }, { secret: '' }, { link: '' }, { link: 'chair' }])
    expect(await faultsOf(asked({ ...told, ...wrong })), JSON.stringify(wrong)).toBe('unauthorized')
})

test('personal data from a network is refused in fields that are read, ignored in others', async () => {
  await save('desk', { external_id: 'id', click_id: 'subid' })
  const postbacks = createPostbacks(database)
  const people = { email: 'ann@mail.example', name: 'Ann Smith', newsletter_send_id: 'ann@mail.example' }
  const read = await postbacks.read(asked({ ...told, ...people }))
  expect(read).toMatchObject({ ok: true, value: { external_id: 'order-1' } })
  expect(JSON.stringify(read)).not.toMatch(/ann/i)
  for (const name of ['id', 'subid', 'amount', 'currency', 'status', 'occurred_at']) {
    const refused = await postbacks.read(asked({ ...told, [name]: 'ann@mail.example' }))
    expect(refused, name).toMatchObject({ fault: { details: { [name]: expect.any(String) } } })
    expect(JSON.stringify(refused)).not.toContain('ann@')
  }
})

test('a known secret works while the database is down, and a replaced one does not', async () => {
  await save('desk', { external_id: 'id', click_id: 'subid' })
  let away = false
  const postbacks = createPostbacks({
    ...database,
    run: async (statements, deadline) =>
      away ? fail({ code: 'unavailable', message: 'away' }) : await database.run(statements, deadline),
  })
  away = true
  expect(await postbacks.read(asked(told))).toMatchObject({ fault: { error: 'database_unavailable' } })
  away = false
  expect(await postbacks.read(asked(told))).toMatchObject({ ok: true })
  away = true
  expect(await postbacks.read(asked(told))).toMatchObject({ ok: true })
  away = false
  expect([...(await deletePostback(store.sql, 'desk'))]).toEqual([{ slug: 'desk' }])
  expect(await postbacks.read(asked(told))).toMatchObject({ fault: { error: 'unauthorized' } })
})

test('statuses are those of networks, with configured words first', () => {
  expect(['Confirmed', ' open ', 'storniert', 'odd'].map((word) => statusOf(word))).toEqual([
    ...['approved', 'pending', 'rejected'],
    undefined,
  ])
  expect(statusOf('Open', new Map([['open', 'approved']]))).toBe('approved')
})

const promo = (...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((done) => {
    const settings = {
      ...{ ...processEnvironment, DATABASE_URL: store.url, PROMO_DATA_DIR: folder },
      SITE_URL: 'https://site.example',
    }
    const child = execFile(
      process.execPath,
      [resolve('src/cli/promo.ts'), 'postback-secret', ...args],
      { cwd: folder, env: settings },
      (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
    )
  })

test('promo postback-secret makes an address that works until the next call', async () => {
  const postbacks = createPostbacks(database)
  const made = await promo('Desk', '--source', 'Awin', '--parameter', 'external_id=tid')
  expect(made.out.replace(/(?<=&secret=)[\w-]{32}(?=&)/, 'SECRET')).toMatch(
    `https://site.example/api/v1/promo/postback?link=desk&secret=SECRET&tid={external_id}` +
      '&click_id={click_id}&amount={amount}&',
  )
  const fill = (address: string) =>
    new URL(
      address
        .trim()
        .replace('{external_id}', 'x')
        .replace('{click_id}', told.subid)
        .replace('{amount}', '1')
        .replace('{currency}', 'EUR')
        .replace('{status}', 'paid')
        .replace('{occurred_at}', ''),
    ).searchParams
  const former = fill(made.out)
  expect(await postbacks.read(former)).toMatchObject({
    value: { source: 'awin', external_id: 'x', status: 'approved' },
  })
  const kept = await store.sql`select * from promo_postbacks`
  expect(JSON.stringify(kept)).not.toContain(former.get('secret'))
  const [again, wrong, unknown, twice, slug, source, taken] = await Promise.all([
    promo('desk'),
    promo('desk2', '--parameter', 'external_id'),
    promo('desk2', '--parameter', 'price=x'),
    promo('desk2', '--parameter', 'external_id=amount'),
    promo('a b'),
    promo('desk2', '--source', 'a b'),
    promo('desk2', '--parameter', 'external_id=secret'),
  ])
  expect(await postbacks.read(former)).toMatchObject({ fault: { error: 'unauthorized' } })
  expect(
    await postbacks.read(fill(again.out.replace('external_id={external_id}', 'external_id=x'))),
  ).toMatchObject({
    value: { source: 'desk' },
  })
  for (const { code } of [wrong, unknown, twice, slug, source, taken]) expect(code).toBe(2)
  expect(wrong.out).toContain('must be like external_id=tid')
  expect(twice.out).toContain('gives two parameters the name "amount"')
  expect((await promo('desk', '--remove')).out).toBe('/desk accepts no more postbacks\n')
  expect((await promo('desk', '--remove')).code).toBe(1)
})
