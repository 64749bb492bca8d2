import { execFile, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres from 'postgres'
import { describe, expect } from 'vitest'
import { makeClickPartitions, migrate } from '../../src/lib/database/migrate.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { startTestServer } from '../support/postgres-server.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { waitFor } from '../support/wait.ts'
import { test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce } from './ledger.ts'

const run = promisify(execFile)

/** PostgreSQL's own programs do not come as packages; Debian has them as postgresql-client. */
const hasClients = ['pg_dump', 'pg_restore', 'psql'].every(
  (name) =>
    Number(/ (\d+)\./.exec(spawnSync(name, ['--version'], { encoding: 'utf8' }).stdout ?? '')?.[1]) >= 15,
)

const restoreTest = test.extend<{ oldServer: string; database: TestDatabase }>({
  oldServer: [
    // biome-ignore lint/correctness/noEmptyPattern: Vitest reads the fixtures that this one needs from here
    async ({}, use) => {
      const server = await startTestServer({ version: 15 })
      await use(server.url)
      await server.remove()
    },
    { scope: 'file' },
  ],
  database: async ({ oldServer }, use) => {
    const name = `promo_restore_${randomUUID().slice(0, 8)}`
    const admin = postgres(oldServer, { max: 1, onnotice: () => {} })
    await admin`create database ${admin(name)}`
    const url = databaseUrl(oldServer, name)
    const sql = postgres(url, { max: 2, onnotice: () => {} })
    await migrate(sql)
    await makeClickPartitions(sql, Date.now())
    await insertPromos(sql)
    await use({ url, sql, drop: async () => {} })
    await sql.end({ timeout: 1 })
    await admin`drop database ${admin(name)} with (force)`
    await admin.end()
  },
})

describe.skipIf(!hasClients)('db/backup.sh and db/restore.sh (needs pg_dump, pg_restore and psql)', () => {
  const script = (name: string, url: string, ...args: string[]) =>
    run(`db/${name}.sh`, args, { env: { PATH: process.env.PATH, DATABASE_URL: url } })

  restoreTest('bring back what was there, and no salt and no secret', async ({ database: { sql, url } }) => {
    await recordClicks(sql, [aClick({}), aClick({ at: Date.UTC(2020, 1, 1) })])
    await recordImpressions(sql, [anImpression({ recipients: 10 })])
    await sql`insert into promo_hash_salts (month, salt) values ('2026-11-01', ${Buffer.alloc(32)})`
    await sql`insert into promo_session_secret (secret) values (${Buffer.alloc(32)})`
    const file = join(temporaryFolder(), 'promo.dump')
    await script('backup', url, file)
    await sql.unsafe(`
      delete from promo_offers where id = 4;
      create table promo_of_a_later_version (offer_id integer references promo_offers);
      create function promo_of_a_later_version() returns integer language sql as 'select 1';
    `)
    expect(await script('restore', url, file)).toMatchObject({ stderr: '' })
    const [counts] = await sql`
      select (select count(*) from promo_click_tracking)::integer as clicks,
        (select count(*) from promo_offers)::integer as offers,
        (select count(*) from promo_hash_salts)::integer + (select count(*)
          from promo_session_secret)::integer as secrets,
        (select count(*) from pg_class where relname like '%later_version')::integer as later
    `
    expect(counts).toEqual({ clicks: 2, offers: 3, secrets: 0, later: 0 })
    expect(await findDrift(sql)).toEqual([])
    expect(await migrate(sql)).toEqual([])
    await recordClicks(sql, [aClick({})])
    expect(await findDrift(sql)).toEqual([])
  })

  restoreTest('bring back tables in another schema', async ({ database: { sql, url } }) => {
    await sql`alter schema public rename to elsewhere`
    const there = `${url}?options=-csearch_path%3Delsewhere`
    const file = join(temporaryFolder(), 'promo.dump')
    await script('backup', there, file)
    await sql`create table elsewhere.promo_of_a_later_version ()`
    expect(await script('restore', there, file)).toMatchObject({ stderr: '' })
    expect(
      await sql`
      select count(*)::integer as offers, to_regclass('elsewhere.promo_of_a_later_version') as later
      from elsewhere.promo_offers
    `,
    ).toEqual([{ offers: 3, later: null }])
  })

  restoreTest('say first what the role lacks for a schema', async ({ database: { sql, url } }) => {
    const role = `plain ${randomUUID()}`
    const [{ name } = { name: '' }] = await sql<{ name: string }[]>`select current_database() as name`
    const there = `${url}?options=-csearch_path%3D%22it%27s%22`
    const file = join(temporaryFolder(), 'promo.dump')
    await sql.unsafe(`alter schema public rename to "it's"; create role "${role}" login password 'plain'`)
    await script('backup', there, file)
    const own = new URL(there)
    Object.assign(own, { username: role, password: 'plain' })
    const restore = () => script('restore', own.href, file)
    const said = (steps: string) =>
      `the role ${role} may not create the schemas of this backup anew: run "${steps}" as a superuser, then try again`
    const owner = `alter schema "it's" owner to "${role}"`
    const grant = `grant create on database ${name} to "${role}"`
    await expect(restore()).rejects.toThrow(said(`${owner}; ${grant}`))
    await sql.unsafe(grant)
    await expect(restore()).rejects.toThrow(said(owner))
    const steps = await sql<{ step: string }[]>`
      select format('alter table %s owner to %I', oid::regclass, ${role}::text) as step from pg_class
      where relnamespace = ${`"it's"`}::regnamespace and relkind in ('r', 'p')
      union all
      select format('alter routine %s owner to %I', oid::regprocedure, ${role}::text) from pg_proc
      where pronamespace = ${`"it's"`}::regnamespace
    `
    await sql.unsafe([owner, ...steps.map(({ step }) => step)].join(';'))
    await restore()
    expect(await sql`select count(*)::integer as offers from "it's".promo_offers`).toEqual([{ offers: 3 }])
  })

  restoreTest('change nothing where anything is at fault', async ({ database: { sql, url } }) => {
    const file = join(temporaryFolder(), 'promo.dump')
    await script('backup', url, file)
    await sql`create view of_others as select id from promo_offers`
    await expect(script('restore', url, file)).rejects.toThrow('of_others')
    // This one is found only after our tables were dropped.
    await sql.unsafe(`
      drop view of_others; drop index idx_impression_corrected_late;
      create view idx_impression_corrected_late as select 1 as one;
    `)
    await expect(script('restore', url, file)).rejects.toThrow('is not an index')
    await expect(script('restore', url, `${file}.none`)).rejects.toThrow('No such file')
    await expect(script('restore', url)).rejects.toThrow('usage')
    await expect(script('backup', url)).rejects.toThrow('usage')
    await expect(run('db/restore.sh', [file], { env: { PATH: process.env.PATH } })).rejects.toThrow(
      'DATABASE_URL',
    )
    expect(await sql`select count(*)::integer as offers from promo_offers`).toEqual([{ offers: 3 }])
  })

  restoreTest('a site that runs through a restore drops no click', async ({ database, start }) => {
    const { sql, url } = database
    // Something to restore, so that it takes a moment.
    await sql`insert into promo_event_keys (event_id) select gen_random_uuid() from generate_series(1, 100000)`
    const file = join(temporaryFolder(), 'promo.dump')
    await script('backup', url, file)
    const site = await start()
    const ledger = createLedger()
    const load = new AbortController()
    const visits = ledger.load('visit', { url: site.url, connections: 4, pause: 2, signal: load.signal })
    await waitFor(() => expect(ledger.answered.size).toBeGreaterThan(50))
    const restored = script('restore', url, file)
    await waitFor(async () => expect(await isLocked(sql)).toBe(true), 5)
    // What was recorded before is gone with the restore; from here on nothing can be recorded before its end.
    const earlier = new Set(ledger.answered)
    await restored
    await sleep(1_000)
    load.abort()
    const result = await visits
    expect(result).toMatchObject({ failures: 0, statuses: { 307: result.answered } })
    expect(ledger.answered.size - earlier.size).toBeGreaterThan(100)
    await untilDrained(site)
    for (const name of earlier) ledger.answered.delete(name)
    await expectExactlyOnce(sql, ledger)
  })
})

const isLocked = async (sql: Sql): Promise<boolean> => {
  const [row] = await sql<{ locked: boolean }[]>`
    select count(*) > 10 as locked from pg_locks where mode = 'AccessExclusiveLock' and granted
      and database = (select oid from pg_database where datname = current_database())
  `
  return row?.locked ?? false
}

/** The tables of a schema, without partitions and what migrations know. */
const tablesOf = async (sql: Sql) =>
  (
    await sql<{ name: string }[]>`
      select relname as name from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
        and relname <> 'promo_migrations'
    `
  ).map(({ name }) => name)

/**
 * Again for as long as the site's statements lock the same tables in another order, and this is the one that is
 * ended.
 */
async function untilUndisturbed(work: () => Promise<unknown>): Promise<void> {
  const disturbed = await work().then(
    () => false,
    (error) => error.code === '40P01' || Promise.reject(error),
  )
  if (disturbed) await untilUndisturbed(work)
}

test('a site that runs through "pg_restore --clean", which fills tables one by one, drops no click', async ({
  database: { sql },
  start,
}) => {
  const site = await start()
  const ledger = createLedger()
  const load = new AbortController()
  const visits = ledger.load('visit', { url: site.url, connections: 4, pause: 2, signal: load.signal })
  await sleep(500)
  const tables = await tablesOf(sql)
  await sql`create schema saved`
  // Tables vanish, come back empty and without their keys, are filled, and get keys and triggers at the end.
  for (const name of tables) await sql`alter table ${sql(name)} set schema saved`
  await sleep(700)
  for (const name of tables)
    await sql`create table ${sql(name)} (like ${sql(`saved.${name}`)} including defaults)`
  await sleep(3_000)
  for (const name of tables)
    await sql
      .unsafe(`insert into ${name} overriding system value select * from saved.${name}`)
      .catch(() => {})
  await sleep(700)
  await untilUndisturbed(() =>
    sql.begin(async (one) => {
      for (const name of tables) {
        await one`drop table ${one(name)}`
        await one`alter table ${one(`saved.${name}`)} set schema public`
      }
    }),
  )
  await sleep(500)
  load.abort()
  const result = await visits
  expect(result).toMatchObject({ failures: 0, statuses: { 307: result.answered } })
  await untilDrained(site)
  await expectExactlyOnce(sql, ledger)
})
