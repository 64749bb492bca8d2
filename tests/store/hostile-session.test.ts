import { readFileSync } from 'node:fs'
import { afterEach, expect, test } from 'vitest'
import { createSessionSecret } from '../../src/lib/auth/session-secret.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { ok, type Result } from '../../src/lib/base/result.ts'
import { importCatalogue } from '../../src/lib/catalogue/import.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { sessionSettings } from '../../src/lib/database/session-settings.ts'
import { sections } from '../../src/lib/model/report-query.ts'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createSalts } from '../../src/lib/privacy/salts.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readReport } from '../../src/lib/reports/read-report.ts'
import { recordSampleHistory } from '../../src/lib/sample/record-history.ts'
import { insertEditor, listEditors } from '../../src/lib/store/editors.ts'
import { readDatabaseTime } from '../../src/lib/store/retention.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patientDatabase } from '../support/patient-database.ts'

const now = Date.UTC(2026, 10, 22, 15, 30)
const sample = JSON.parse(readFileSync('db/sample.json', 'utf8'))
const offers: string[] = sample.offers.map(({ name }: { name: string }) => name)

const hostile = {
  DateStyle: 'SQL, DMY',
  TimeZone: 'Asia/Kathmandu',
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '-15',
  standard_conforming_strings: 'off',
  array_nulls: 'off',
  transform_null_equals: 'on',
  quote_all_identifiers: 'on',
  default_transaction_isolation: 'serializable',
  lock_timeout: '1',
  idle_session_timeout: '1',
  idle_in_transaction_session_timeout: '1',
}

const ends: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function open(
  settings: Record<string, string>,
  options: { turkish?: boolean } = {},
): Promise<{ store: TestDatabase; database: Database }> {
  const store = await createTestDatabase(options)
  ends.push(store.drop)
  const [{ name } = { name: '' }] = await store.sql<{ name: string }[]>`select current_database() as name`
  for (const [setting, value] of Object.entries(settings))
    await store.sql`alter database ${store.sql(name)} set ${store.sql(setting)} = ${store.sql.unsafe(`'${value}'`)}`
  const database = patientDatabase(() => store.url)
  ends.push(() => database.close())
  return { store, database }
}

const answerOf = <Value>(result: Result<Value, unknown>): Value => {
  if (!result.ok) throw new Error(JSON.stringify(result.fault))
  return result.value
}

/** What the whole of a life with promos answers. */
async function live(database: Database) {
  answerOf(await importCatalogue(database, sample))
  const recorded = answerOf(await recordSampleHistory(database, { offers, now }))
  const turn = createTurns()
  const parts = { database, judge: createJudge(() => now, turn), turn }
  const report = async (tz: string, counting: 'all' | 'human') => {
    // The one moment of now in it.
    const { settled_until: _, ...report } = answerOf(
      await readReport(parts, {
        start: '2026-09-01',
        end: '2026-11-22',
        tz,
        counting,
        include: new Set(sections),
        format: 'json',
      }),
    )
    return report
  }
  return {
    recorded,
    reports: [await report('UTC', 'all'), await report('Europe/Berlin', 'human')],
  }
}

test('secrets and salts arrive unchanged, timestamps are timestamps', async () => {
  const { store, database } = await open(hostile)
  const secret = Buffer.alloc(32, 0xff)
  await store.sql`insert into promo_session_secret (secret) values (${secret}::bytea)`
  const readSecret = createSessionSecret({ database, dataFolder: temporaryFolder(), now: () => now })
  expect(await readSecret()).toEqual(secret)
  await store.sql`insert into promo_hash_salts (month, salt) values ('2026-11-01', ${secret}::bytea)`
  const salts = createSalts({ database, now: () => now, log: createLog('silent') })
  await salts.refresh()
  expect(salts.hashAt(now)?.('192.0.2.0', 'x')).toEqual(visitorHashWith(secret)('192.0.2.0', 'x'))
  const [editor] = answerOf(
    await database.run((sql) =>
      insertEditor(sql, { name: 'ada', folded: 'ada', passwordHash: 'hash', alsoFolded: [] }),
    ),
  )
  expect(answerOf(await database.run(listEditors))).toEqual([editor])
  const [time] = answerOf(await database.run(readDatabaseTime))
  const [asked] = await store.sql<
    { at: string }[]
  >`select (extract(epoch from clock_timestamp()) * 1000)::bigint as at`
  expect(Math.abs(Number(asked?.at) - (time?.at ?? 0))).toBeLessThan(60_000)
  expect(Math.abs(Number(asked?.at) - (editor?.created_at.getTime() ?? 0))).toBeLessThan(60_000)
})

test('a truncated salt is rejected', async () => {
  const { store, database } = await open({})
  await store.sql`alter table promo_hash_salts drop constraint promo_hash_salts_salt_check`
  await store.sql`insert into promo_hash_salts (month, salt) values ('2026-11-01', ${Buffer.alloc(31, 7)}::bytea)`
  const salts = createSalts({ database, now: () => now, log: createLog('silent') })
  await salts.refresh()
  expect(salts.hashAt(now)).toBeUndefined()
})

test('under hostile settings of the database, and in another language, everything works as usual', async () => {
  const { database } = await open(hostile, { turkish: true })
  const plain = await open({})
  expect(await live(database)).toEqual(await live(plain.database))
})

test('no setting of ours is dropped on its way, and connections that choose a server last as long', async () => {
  const { store, database } = await open(hostile)
  const names = Object.keys(sessionSettings)
  const given = await database.run(
    (sql) => sql<{ name: string; setting: string }[]>`
      select w.name, s.setting from json_array_elements_text(${JSON.stringify(names)}::text::json) as w (name)
      join pg_settings s using (name)
    `,
  )
  expect(Object.fromEntries(answerOf(given).map(({ name, setting }) => [name, setting]))).toEqual(
    Object.fromEntries(Object.entries(sessionSettings).map(([name, value]) => [name, String(value)])),
  )
  const url = `${store.url}?target_session_attrs=read-write`
  for (const _ of Array(5)) {
    const choosing = patientDatabase(() => url)
    ends.push(() => choosing.close())
    expect(await choosing.run((sql) => sql`select 1 as one`)).toEqual(ok([{ one: 1 }]))
  }
})
