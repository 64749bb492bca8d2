import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { openKnown } from '../../src/lib/open/known.ts'
import {
  forgetCatalogueChanges,
  noteCatalogueChange,
  readCatalogueVersion,
} from '../../src/lib/store/catalogue-changes.ts'
import { listLinks } from '../../src/lib/store/links.ts'
import { settleClicks } from '../../src/lib/store/settlement.ts'
import { listWholeTable } from '../../src/lib/store/whole-table.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, anImpression } from '../support/events.ts'
import { temporaryFolder } from '../support/folders.ts'
import { atThisPace } from '../support/pace.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { waitFor } from '../support/wait.ts'

let store: TestDatabase

beforeEach(async () => {
  store = await createTestDatabase()
  await insertPromos(store.sql)
})
afterEach(() => store.drop())

const versionNow = async () => (await readCatalogueVersion(store.sql))[0]?.version

function open(folder = temporaryFolder(), url = store.url) {
  const log = createLog('silent')
  const database = openDatabase({ locate: async () => ok(url), log })
  const known = openKnown({ database, folder, log })
  onTestFinished(async () => {
    known.stop()
    await database.close()
  })
  return known
}

describe('the version of the catalogue', () => {
  test.for([
    `update affiliate_links set active = false where slug = 'quietdesk'`,
    `insert into affiliate_links (slug, destination_url) values ('new', 'https://new.example/')`,
    `delete from affiliate_links where slug = 'gone'`,
    `truncate affiliate_links`,
    `update promo_offers set link_slug = 'quietdesk' where id = 4`,
    `update promo_offers set weight = 3 where id = 4`,
    `update promo_offers set active = false, name = 'Another' where id = 4`,
    `delete from promo_offers where id = 5`,
    `insert into promo_text_variations (offer_id, text_content) values (4, 'new')`,
    `update promo_text_variations set offer_id = 5 where id = 44`,
    `update promo_text_variations set approved = false where id = 43`,
    `update promo_text_variations set text_content = 'other', tone = null where id = 43`,
    `delete from promo_text_variations where id = 44`,
  ])('changes after %s', async (change) => {
    const before = await versionNow()
    expect(await versionNow()).toBe(before)
    await store.sql.unsafe(change)
    expect(await versionNow()).not.toBe(before)
  })

  test('is the same after clicks and impressions, settled or not', async () => {
    const before = await versionNow()
    await recordClicks(store.sql, [aClick({}), aClick({ variation_id: 43 })])
    await recordImpressions(store.sql, [anImpression({ recipients: 100 })])
    await settleClicks(store.sql, { age: 0, limit: 10, duplicateSeconds: 10, visitorsPerAddress: 5 })
    expect(await versionNow()).toBe(before)
    expect(await findDrift(store.sql)).toEqual([])
  })

  test('changes after each of two concurrent changes, and neither waits for the other', async () => {
    const [slow, quick] = [postgres(store.url, { max: 1 }), postgres(store.url, { max: 1 })]
    const versions = [await versionNow()]
    await slow.begin('isolation level repeatable read', async (sql) => {
      await sql`update affiliate_links set pass_parameters = true where slug = 'nocodemba'`
      await quick`update affiliate_links set pass_parameters = false where slug = 'quietdesk'`
      versions.push(await versionNow())
      await sql`update promo_offers set link_slug = 'nocodemba' where id = 6`
    })
    versions.push(await versionNow())
    expect(new Set(versions).size).toBe(3)
    await Promise.all([slow.end(), quick.end()])
  })

  test('is written whoever changes a link, and deleted after a while', async () => {
    const role = `writer_${Date.now()}`
    await store.sql.unsafe(
      `create role ${role}; grant insert, update, delete, select on affiliate_links to ${role}`,
    )
    const before = await versionNow()
    await store.sql.begin(async (sql) => {
      await sql.unsafe(`set local role ${role}; set local search_path = ''`)
      await sql`update public.affiliate_links set active = false where slug = 'quietdesk'`
    })
    expect(await versionNow()).not.toBe(before)
    await store.sql.unsafe(`drop owned by ${role}; drop role ${role}`)
    await store.sql`update promo_catalogue_changes set changed_at = now() - interval '11 minutes' where id = 1`
    const [{ count } = { count: 0 }] =
      await store.sql`select count(*)::integer as count from promo_catalogue_changes`
    await forgetCatalogueChanges(store.sql)
    expect(await store.sql`select min(id)::integer as id from promo_catalogue_changes`).toEqual([{ id: 2 }])
    expect(await store.sql`select count(*)::integer as count from promo_catalogue_changes`).toEqual([
      { count: count - 1 },
    ])
    const emptier = await versionNow()
    await store.sql`update promo_catalogue_changes set changed_at = now() - interval '11 minutes' where id = 2`
    await noteCatalogueChange(store.sql)
    await forgetCatalogueChanges(store.sql)
    expect(await versionNow()).not.toBe(emptier)
  })
})

describe('the known links and variations', () => {
  test('follows changes without requests, and so does its snapshot', async () => {
    const folder = temporaryFolder()
    const known = open(folder)
    await known.refresh()
    const times: number[] = []
    for (const path of ['a', 'b', 'c', 'd', 'e']) {
      await store.sql`update affiliate_links set destination_url = ${`https://m.example/${path}`}
        where slug = 'quietdesk'`
      await store.sql`insert into affiliate_links (slug, destination_url) values (${path}, 'https://m.example/')`
      const changed = performance.now()
      await waitFor(
        () => expect(readFileSync(join(folder, 'links.json'), 'utf8')).toContain(`m.example/${path}`),
        20,
      )
      times.push(performance.now() - changed)
      expect(known.links.get('quietdesk')).toMatchObject({
        location: `https://m.example/${path}`,
      })
      expect(known.links.get(path)).toMatchObject({ slug: path })
    }
    // Where nobody says that something has changed, each but the first takes eight seconds.
    expect(times.toSorted((one, other) => one - other)[2]).toBeLessThan(atThisPace(5_000))
    await store.sql`update promo_offers set link_slug = 'a' where id = 4`
    await waitFor(() => expect(known.variations.get(42)).toMatchObject({ link_slug: 'a' }))
  })

  test('leaves out an invalid row, reads numbers as texts, and has the others', async () => {
    await store.sql`
      insert into affiliate_links (slug, destination_url, utm) values
        ('bad', 'https://[bad', '{}'),
        ('worse', 'https://m.example/', '{"utm_a": [1]}'),
        ('number', 'https://m.example/', '{"utm_id": 1}')
    `
    const folder = temporaryFolder()
    const known = open(folder)
    expect(await known.refresh()).toBe(true)
    expect(known.links.get('number')).toMatchObject({ location: 'https://m.example/?utm_id=1' })
    expect(known.links.get('nocodemba')).toMatchObject({ slug: 'nocodemba' })
    expect(await known.links.get('bad')).toBeUndefined()
    expect(known.table?.leftOut).toEqual([
      { key: 'bad', reason: 'destination_url must be a complete URL that begins with https:// or http://' },
      { key: 'worse', reason: 'utm.utm_a must be a string' },
    ])
    await waitFor(() => expect(existsSync(join(folder, 'links.json'))).toBe(true))
    expect(open(folder).links.get('number')).toMatchObject({ location: 'https://m.example/?utm_id=1' })
  })

  test('is not fetched while the database is down, or a table may be incomplete', async () => {
    const known = open(temporaryFolder(), 'postgres://promo@127.0.0.1:1/promo')
    expect([await known.refresh(), known.table?.current, known.variations.current]).toEqual([
      false,
      false,
      false,
    ])
    const database = patientDatabase(() => store.url)
    const listed = await listWholeTable(database, 'no_such_table', (sql) => listLinks(sql))
    expect(listed).toMatchObject({ ok: false, fault: { message: expect.stringContaining('no_such_table') } })
    await database.close()
  })

  test('is read from a snapshot row by row, also from that of an earlier version', () => {
    const folder = temporaryFolder()
    const link = { slug: 'desk', destination_url: 'https://desk.example/', utm: {}, pass_parameters: false }
    const rows = [
      { ...link, slug: 'bad', utm: { utm_x: null } },
      link,
      { ...link, slug: 'one', utm: { utm_x: 1 } },
    ]
    writeFileSync(join(folder, 'links.json'), JSON.stringify(rows))
    writeFileSync(
      join(folder, 'variations.json'),
      JSON.stringify([{ variation_id: '1' }, { variation_id: 42, offer_id: 4, link_slug: null }]),
    )
    const known = open(folder)
    expect(['bad', 'desk', 'one'].map((slug) => known.links.get(slug) !== undefined)).toEqual([
      false,
      true,
      true,
    ])
    expect([known.table?.leftOut, known.variations.leftOut].map((rows) => rows?.length)).toEqual([1, 1])
    expect(known.variations.get(42)).toMatchObject({ offer_id: 4 })
  })

  test('is kept while a restore drops the tables and fills them again', async () => {
    const known = open()
    await known.refresh()
    const [links, texts] = [known.links.size, known.variations.size]
    const { sql } = store
    const stays = async (worked: boolean) => {
      expect(await known.refresh()).toBe(worked)
      expect([known.links.size, known.variations.size]).toEqual([links, texts])
    }
    await sql.unsafe(`
      create table saved_links as table affiliate_links;
      create table saved_texts as table promo_text_variations;
      alter table promo_text_variations rename to dropped_texts;
      drop table affiliate_links;
    `)
    await stays(false)
    await sql.unsafe(`
      create table affiliate_links as table saved_links with no data;
      create table promo_text_variations as table saved_texts with no data;
    `)
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000)
    onTestFinished(() => void vi.restoreAllMocks())
    await stays(false)
    await sql`insert into affiliate_links select * from saved_links limit 1`
    await sql`insert into promo_text_variations select * from saved_texts limit 1`
    await stays(false)
    await sql`insert into affiliate_links select * from saved_links offset 1`
    await sql`insert into promo_text_variations select * from saved_texts offset 1`
    await stays(false)
    await sql`alter table affiliate_links add primary key (slug)`
    await sql`alter table promo_text_variations add primary key (id)`
    await stays(true)
  })

  test('is forgotten if somebody deletes all links, and a single link is withdrawn at once', async () => {
    const known = open()
    await known.refresh()
    const links = known.links.size
    const time = vi.spyOn(performance, 'now')
    onTestFinished(() => void vi.restoreAllMocks())
    const now = performance.now()
    time.mockImplementation(() => now)
    await store.sql`update affiliate_links set active = not active`
    expect(await known.refresh()).toBe(true)
    expect(known.links.size).toBe(1)
    await store.sql`update affiliate_links set active = false`
    expect(await known.refresh()).toBe(true)
    expect(known.links.size).toBe(0)
    await store.sql`update affiliate_links set active = slug <> 'gone'`
    await known.refresh()
    await store.sql`delete from affiliate_links`
    expect(await known.refresh()).toBe(false)
    expect(known.links.size).toBe(links)
    time.mockImplementation(() => now + 10_001)
    expect(await known.refresh()).toBe(true)
    expect(known.links.size).toBe(0)
  })
})
