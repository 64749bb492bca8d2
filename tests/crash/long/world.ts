import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import postgres from 'postgres'
import { migrate } from '../../../src/lib/database/migrate.ts'
import { migrationsFolder } from '../../../src/lib/database/migrations-folder.ts'
import type { Sql } from '../../../src/lib/database/sql.ts'
import { insertPromos } from '../../support/database.ts'
import { databaseUrl } from '../../support/global-setup.ts'
import { startTestServer, type TestServer } from '../../support/postgres-server.ts'
import { openDisk } from './disk.ts'
import { gpcTexts } from './ledger.ts'

/** What outlives all databases of a run: one server, and the folders of two sites and of one on a disk of its own. */
export type World = Awaited<ReturnType<typeof openWorld>>

export type Chapter = { url: string; sql: Sql; drop(): Promise<void> }

/** How far behind the databases are on which migrations are killed: after so many migrations. */
const behind = [3, 5, 8, 11]

/** As `insertPromos` has them. */
const knownLinks = [
  {
    slug: 'nocodemba',
    destination_url: 'https://merchant.example/course?ref=daily',
    utm: { utm_source: 'dailybrief' },
    pass_parameters: false,
  },
  { slug: 'quietdesk', destination_url: 'https://desk.example/#top', utm: {}, pass_parameters: true },
]

export async function openWorld() {
  const place = mkdtempSync(join(tmpdir(), 'promo-crash-long-'))
  const server = await startTestServer({ fsync: true })
  const templates: string[] = []
  for (const count of behind) templates.push(await makeTemplate(server, place, count))
  const folders = ['one', 'other'].map((name) => join(place, name))
  for (const folder of folders) mkdirSync(folder)
  const [one = '', other = ''] = folders
  const disk = openDisk(place)
  // A site that has never read its links answers 404 while its database is away: these are folders of sites that have.
  for (const folder of disk ? [...folders, disk.folder] : folders)
    writeFileSync(join(folder, 'links.json'), JSON.stringify(knownLinks))
  return {
    server,
    one,
    other,
    disk,
    openChapter: (number: number) => openChapter(server, templates[number % templates.length] ?? '', number),
    async close() {
      disk?.remove()
      await server.remove()
      rmSync(place, { recursive: true, force: true })
    },
  }
}

/** A database with promos as this project would have left it some migrations ago. */
async function makeTemplate({ url }: TestServer, place: string, count: number): Promise<string> {
  const name = `after_${count}`
  const folder = join(place, name)
  mkdirSync(folder)
  const files = readdirSync(migrationsFolder).filter((file) => file.endsWith('.sql'))
  for (const file of files.sort().slice(0, count)) cpSync(new URL(file, migrationsFolder), join(folder, file))
  await createDatabase(url, name)
  const sql = postgres(databaseUrl(url, name), { max: 1, onnotice: () => {} })
  await migrate(sql, pathToFileURL(`${folder}/`))
  await insertPromos(sql)
  await sql`
    insert into promo_text_variations (id, offer_id, text_content, approved)
    select ${gpcTexts.first}::integer + number, 4, 'Text ' || number, false
    from generate_series(0, ${gpcTexts.count - 1}::integer) number
  `
  await sql.end()
  return name
}

async function createDatabase(url: string, name: string, template = 'template1'): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  await admin`create database ${admin(name)} template ${admin(template)}`
  await admin.end()
}

async function openChapter(server: TestServer, template: string, number: number): Promise<Chapter> {
  const name = `chapter_${number}`
  await createDatabase(server.url, name, template)
  const url = databaseUrl(server.url, name)
  const sql = postgres(url, { max: 4, onnotice: () => {}, backoff: () => 0.1 })
  return {
    url,
    sql,
    async drop() {
      await sql.end({ timeout: 1 })
      const admin = postgres(server.url, { max: 1, onnotice: () => {} })
      await admin`drop database ${admin(name)} with (force)`
      await admin.end()
    },
  }
}

/** Whether a migration is still to be made. */
export async function isBehind(sql: Sql): Promise<boolean> {
  const files = readdirSync(migrationsFolder).filter((file) => file.endsWith('.sql'))
  const [row] = await sql<{ made: number }[]>`select count(*)::integer as made from promo_migrations`
  return (row?.made ?? 0) < files.length
}

/** As if all that is not settled yet had been recorded two minutes earlier, so that it is due. */
export async function letTimePass(sql: Sql): Promise<void> {
  // What a killed site is still recording must not be overtaken.
  await untilQuiet(sql)
  await sql`
    update promo_click_tracking set recorded_at = recorded_at - interval '2 minutes'
    where id > (select click_id from promo_settlement)
  `
}

/** A killed site's statements go on for a moment. */
export async function untilQuiet(sql: Sql): Promise<void> {
  for (;;) {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::integer from pg_stat_activity
      where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()
    `
    if (row?.count === 0) return
    await sleep(50)
  }
}

/** The segments of a folder's journal with something in them. */
export const filledSegmentsIn = (folder: string): string[] =>
  segmentsIn(folder).filter((name) => statSync(join(folder, 'journal', name)).size > 0)

/** The files of a folder's journal that wait for the database. */
export function segmentsIn(folder: string): string[] {
  const journal = join(folder, 'journal')
  return existsSync(journal) ? readdirSync(journal).filter((name) => name.endsWith('.journal')) : []
}

/** Lines of the rejects file of a folder. */
export function rejectsIn(folder: string): string[] {
  const path = join(folder, 'journal', 'rejects.ndjson')
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
}
