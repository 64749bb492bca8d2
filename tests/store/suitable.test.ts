import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { pino } from 'pino'
import postgres from 'postgres'
import { afterEach, expect, inject, test } from 'vitest'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { migrate } from '../../src/lib/database/migrate.ts'
import { findUnsuitable } from '../../src/lib/database/suitable.ts'
import { createTestDatabase } from '../support/database.ts'
import { temporaryFolder } from '../support/folders.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { waitFor } from '../support/wait.ts'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function open(options?: { empty: boolean }) {
  const store = await createTestDatabase(options)
  ends.push(store.drop)
  return store
}

function opened(url: string) {
  const told: string[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => told.push(JSON.parse(line).reason) })
  const database = openDatabase({ locate: async () => ok(url), log })
  ends.push(() => database.close())
  return { database, told }
}

const newer = /newer version of this project \(it has 999_later\.sql\): start that version/

test('an empty database and one of this version are suitable', async () => {
  expect(await findUnsuitable((await open({ empty: true })).sql)).toBeUndefined()
  expect(await findUnsuitable((await open()).sql)).toBeUndefined()
})

test('a database of a newer version is not used, until it is of this one again', async () => {
  const store = await open()
  await store.sql`insert into promo_migrations (name) values ('999_later.sql')`
  const { database, told } = opened(store.url)
  const count = () => database.run((sql) => sql`select 1 as one`)
  for (const _ of [1, 2]) {
    expect(await count()).toMatchObject({
      ok: false,
      fault: { code: 'unsuitable', message: expect.stringMatching(newer) },
    })
    expect(database.up).toBe(false)
  }
  expect(told).toEqual([expect.stringMatching(newer)])
  await store.sql`delete from promo_migrations where name = '999_later.sql'`
  await waitFor(async () => expect(await count()).toEqual(ok([{ one: 1 }])))
  expect(database.up).toBe(true)
})

test('an unsuitable one is not checked again for each statement', async () => {
  const store = await createTestDatabase()
  await store.sql`insert into promo_migrations (name) values ('999_later.sql')`
  const { database } = opened(store.url)
  const code = async () => {
    const answer = await database.run((sql) => sql`select 1 as one`)
    return answer.ok ? 'ok' : answer.fault.code
  }
  expect(await code()).toBe('unsuitable')
  await store.drop()
  expect(await code()).toBe('unsuitable')
  await waitFor(async () => expect(await code()).toBe('unavailable'))
})

test('a database of a newer version that keeps this one right is used', async () => {
  const store = await open()
  await store.sql`insert into promo_migrations (name, keeps_former) values ('999_later.sql', true)`
  expect(await findUnsuitable(store.sql)).toBeUndefined()
})

test('whether a migration keeps the former version right is in its file, and stored', async () => {
  const store = await open({ empty: true })
  await store.sql`create table promo_migrations (name text primary key, applied_at timestamptz not null default now())`
  await store.sql`insert into promo_migrations (name) values ('001_from_before.sql')`
  const folder = join(temporaryFolder(), 'migrations')
  mkdirSync(folder)
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text)
  write('001_from_before.sql', 'select 1;')
  write(
    '002_right.sql',
    '-- Adds a table.\n-- Keeps the former version right: it does not know the table.\nselect 1;',
  )
  write('003_wrong.sql', 'select 1;')
  const url = pathToFileURL(`${folder}/`)
  expect(await migrate(store.sql, url)).toEqual(['002_right.sql', '003_wrong.sql'])
  expect(await migrate(store.sql, url)).toEqual([])
  expect(await store.sql`select name, keeps_former from promo_migrations order by name`).toEqual([
    { name: '001_from_before.sql', keeps_former: false },
    { name: '002_right.sql', keeps_former: true },
    { name: '003_wrong.sql', keeps_former: false },
  ])
})

test('a database that is not UTF-8 is not used', async () => {
  const admin = postgres(inject('serverUrl'), { max: 1, onnotice: () => {} })
  const name = `promo_test_latin_${process.pid}`
  await admin.unsafe(
    `create database ${name} encoding 'WIN1252' locale_provider 'libc' locale 'C' template template0`,
  )
  ends.push(() => admin.unsafe(`drop database ${name} with (force)`).then(() => admin.end()))
  const { database } = opened(databaseUrl(inject('serverUrl'), name))
  expect(await database.run((sql) => migrate(sql))).toMatchObject({
    ok: false,
    fault: {
      code: 'unsuitable',
      message: expect.stringMatching(/encoded as WIN1252.*encoding 'UTF8' locale 'C' template template0/),
    },
  })
})

test.each([
  ['extra_float_digits', '0', '1'],
  ['array_nulls', 'off', 'on'],
  ['transform_null_equals', 'on', 'off'],
])('a session with %s = %s is unsuitable', async (name, value, wanted) => {
  const { sql } = await open({ empty: true })
  await sql.begin(async (own) => {
    await own.unsafe(`set local ${name} = '${value}'`)
    expect(await findUnsuitable(own)).toMatch(`set ${name} = ${wanted}`)
  })
})

test.each(['idle_session_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout'])(
  'a session that %s ends at once is unsuitable, and one after a second is not',
  async (name) => {
    const { sql } = await open({ empty: true })
    await sql.begin(async (own) => {
      // In the place of the real one, where it would end this connection if the machine is slow.
      await own.unsafe(`create table pg_settings as select '${name}'::text as name, '999'::text as setting`)
      await own.unsafe('set local search_path = public, pg_catalog')
      expect(await findUnsuitable(own)).toBe(
        `connections end after 999 ms (${name}), before their work is done: run "alter role <role> set ${name} = 0" ` +
          'for the role in DATABASE_URL, and have a pooler reconnect',
      )
      for (const setting of ['0', '1000']) {
        await own.unsafe(`update pg_settings set setting = '${setting}'`)
        expect(await findUnsuitable(own)).toBeUndefined()
      }
    })
  },
)

test.each(['force_generic_plan', 'force_custom_plan'])('plan_cache_mode = %s does no harm', async (mode) => {
  const { sql } = await open({ empty: true })
  await sql.begin(async (own) => {
    await own.unsafe(`set local plan_cache_mode = '${mode}'`)
    expect(await findUnsuitable(own)).toBeUndefined()
  })
})

test('more digits than needed do no harm', async () => {
  const { sql } = await open({ empty: true })
  await sql.begin(async (own) => {
    await own.unsafe('set local extra_float_digits = 3')
    expect(await findUnsuitable(own)).toBeUndefined()
  })
})
