import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { importReport } from '../../src/lib/conversions/import-report.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { findConversionDrift } from '../support/conversions.ts'
import { createTestDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { aClick } from '../support/events.ts'
import { recordClicks } from '../support/record.ts'

let tested: TestDatabase
const folder = mkdtempSync(join(tmpdir(), 'promo-conversions-'))
const at = Date.now() - 3 * 86_400_000
const clicks = Array.from({ length: 3 }, () => aClick({ at }))
const [a = '', b = '', c = ''] = clicks.map(({ event_id }) => clickIdOf(event_id))

beforeAll(async () => {
  tested = await createTestDatabase()
  await insertPromos(tested.sql)
  await recordClicks(tested.sql, clicks)
})
afterAll(async () => {
  await tested?.drop()
  rmSync(folder, { recursive: true, force: true })
})

const promo = (content: string, ...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((done) => {
    const file = join(folder, 'report.csv')
    writeFileSync(file, content)
    const settings = { ...processEnvironment, DATABASE_URL: tested.url, PROMO_DATA_DIR: folder }
    const child = execFile(
      process.execPath,
      [resolve('src/cli/promo.ts'), 'import-conversions', file, ...args],
      { cwd: folder, env: settings },
      (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
    )
  })
const rows = async () => [
  ...(await tested.sql`
    select external_id, source, amount, status, counted_on is not null as counted from promo_conversions order by id
  `),
]

const report = (...lines: string[]) => ['Nr;Ref;Betrag;Stand', ...lines].join('\n')
const mapping = join(folder, 'awin.json')

test('promo import-conversions records a report, and a second time changes nothing', async () => {
  const columns = { external_id: 'Nr', click_id: 'Ref', amount: 'Betrag', status: 'Stand' }
  writeFileSync(
    mapping,
    JSON.stringify({ source: 'awin', columns, currency: 'EUR', statuses: { bonus: 'pending' } }),
  )
  const first = report(`1;${a};1,50;offen`, `2;${b};20,00;bestätigt`, '3;;5,00;offen')
  const dry = await promo(first, '--mapping', mapping, '--dry-run')
  expect(dry.out).toBe(
    'read with ";" between cells, decimal comma, times as YYYY-MM-DD\n1 row without a click id left out\n' +
      'dry run, nothing is written: 2 conversions of awin added, 0 changed, 0 unchanged\n',
  )
  expect(await rows()).toEqual([])
  const done = await promo(first, '--mapping', mapping)
  expect([done.code, done.out]).toEqual([
    0,
    expect.stringContaining('2 conversions of awin added, 0 changed'),
  ])
  expect(await rows()).toEqual([
    { external_id: '1', source: 'awin', amount: '1.50', status: 'pending', counted: true },
    { external_id: '2', source: 'awin', amount: '20.00', status: 'approved', counted: true },
  ])
  expect((await promo(first, '--mapping', mapping)).out).toContain(
    '0 conversions of awin added, 0 changed, 2 unchanged',
  )
  const later = report(`1;${a};1,50;storniert`, `2;${b};20,00;bestätigt`, `4;${c};2,00;bonus`)
  expect((await promo(later, '--mapping', mapping)).out).toContain(
    '1 conversion of awin added, 1 changed, 1 unchanged',
  )
  expect((await rows()).map(({ status }) => status)).toEqual(['rejected', 'approved', 'pending'])
  expect(await findConversionDrift(tested.sql)).toEqual([])
})

test('an invalid row stops the file, or is left out', async () => {
  const before = await rows()
  const bad = report(`7;${a};x;offen`, `8;${a};7,00;offen`)
  const refused = await promo(bad, '--mapping', mapping)
  expect([refused.code, refused.out]).toEqual([
    1,
    expect.stringContaining('line 2, amount: "x" must be a decimal'),
  ])
  expect(await rows()).toEqual(before)
  const rest = await promo(bad, '--mapping', mapping, '--skip-bad')
  expect([rest.code, rest.out]).toEqual([0, expect.stringContaining('1 conversion of awin added')])
  // Line 2 is there already, of another click.
  const kept = await rows()
  const dry = await promo(report(`2;${a};1,00;offen`, `5;${b};3,00;offen`), '--mapping', mapping, '--dry-run')
  expect([dry.code, dry.out]).toEqual([
    1,
    expect.stringMatching(
      /line 2, external_id: is already recorded[\s\S]*1 conversion of awin added, 0 changed/,
    ),
  ])
  expect(await rows()).toEqual(kept)
  const other = await promo(report(`2;${a};1,00;offen`), '--mapping', mapping)
  expect([other.code, other.out]).toEqual([
    1,
    expect.stringContaining('line 2, external_id: is already recorded'),
  ])
  const text = await promo('external_id,variation_id,amount,currency\nz,999,1.5,EUR')
  expect([text.code, text.out]).toEqual([
    1,
    expect.stringContaining('line 2, variation_id: there is no such text'),
  ])
})

test('every bad row is named, however many there are', async () => {
  const lines = Array.from({ length: 120 }, (_, index) => index + 2)
  const bad = report(...lines.map((line) => `${line};${a};x${line};offen`), `999;${a};1,00;offen`)
  const refused = await promo(bad, '--mapping', mapping)
  expect(refused.code).toBe(1)
  expect(
    [...refused.out.matchAll(/line (\d+), amount: "x(\d+)"/g)].map(([, line, of]) => [line, of]),
  ).toEqual(lines.map((line) => [`${line}`, `${line}`]))
  const dry = await promo(bad, '--mapping', mapping, '--dry-run', '--skip-bad')
  expect(dry.out.match(/line \d+, amount/g)).toHaveLength(120)
})

test('invalid options are named, all of them', async () => {
  const unknown = join(folder, 'unknown.json')
  writeFileSync(
    unknown,
    '{"columns": {"amount": 7, "price": "P"}, "statuses": {"ok": "yes"}, "delimiter": 1, "a": 1, "b": 2}',
  )
  const [wrong, all, file, json, list] = await Promise.all([
    promo('x', '--decimal', 'dot'),
    promo('x', '--mapping', unknown, '--column', 'sum=X', '--currency', 'EURO', '--delimiter', ',,'),
    promo('x', '--mapping', join(folder, 'none.json')),
    promo('x', '--mapping', join(folder, 'report.csv')),
    promo('x', '--status', 'ok'),
  ])
  expect(wrong).toMatchObject({ code: 2, out: expect.stringContaining('decimal: must be comma or point') })
  const fields =
    'external_id, click_id, variation_id, newsletter_send_id, amount, currency, status, occurred_at'
  expect(all.code).toBe(2)
  expect(all.out.split('\n').slice(0, -2)).toEqual([
    'promo import-conversions: the mapping is not valid:',
    '  a: is not a known field; remove it',
    '  b: is not a known field; remove it',
    '  columns.amount: must be the heading of a column',
    `  columns.price: must be one of ${fields}`,
    `  columns.sum: must be one of ${fields}`,
    '  delimiter: must be one character',
    '  currency: must be an ISO 4217 currency code, for example EUR',
    '  statuses.ok: must be pending, approved or rejected',
  ])
  expect(file).toMatchObject({ code: 1, out: expect.stringContaining('there is no such file') })
  expect(json).toMatchObject({ code: 1, out: expect.stringContaining('is not valid JSON') })
  expect(list.code).toBe(2)
})

test('database failures are reported', async () => {
  const database = openDatabase({
    locate: async () => ok(tested.url),
    log: createLog('silent'),
    connections: 1,
  })
  const away = fail({ code: 'unavailable' as const, message: 'away' })
  const report = {
    ...{ external_id: 'q', source: null, click_id: null, variation_id: 42, newsletter_send_id: null },
    ...{ amount: '1', currency: 'EUR', status: 'approved' as const, occurred_at: null },
  }
  const rows = (changes: Partial<typeof report>[]) =>
    changes.map((change, index) => ({ line: index + 2, report: { ...report, ...change } }))
  const run = async (changes: Partial<typeof report>[], dryRun = false) => {
    const done = await importReport(database, { rows: rows(changes) }, { dryRun, now: Date.now })
    return done.ok ? done.value : done.fault
  }
  const wrong = { external_id: 'w', variation_id: 999 }
  const mixed = {
    ...{ added: 1, changed: 0, unchanged: 0 },
    faults: [{ line: 3, field: 'variation_id', message: 'there is no such text' }],
  }
  expect(await run([{}, wrong], true)).toEqual(mixed)
  expect(await run([{}, wrong], true)).toEqual(mixed)
  expect(await run([{}, wrong])).toEqual(mixed)
  expect(await run([{}])).toMatchObject({ added: 0, unchanged: 1 })
  expect(await run([{ amount: '2' }, { external_id: 'q0' }])).toMatchObject({ added: 1, changed: 1 })
  expect(await run([{ amount: '3', variation_id: 43 }])).toMatchObject({
    faults: [{ line: 2, field: 'external_id', message: 'is already recorded for another click or text' }],
  })
  for (const failing of [1, 2, 3]) {
    let calls = 0
    const broken = {
      ...database,
      run: async <Rows>(statements: Parameters<typeof database.run<Rows>>[0]) => {
        calls += 1
        return calls === failing ? away : await database.run(statements)
      },
    }
    const done = await importReport(
      broken,
      { rows: [{ line: 2, report: { ...report, external_id: `q${failing}` } }] },
      { dryRun: false, now: Date.now },
    )
    expect(done, String(failing)).toEqual(away)
  }
  await database.close()
})
