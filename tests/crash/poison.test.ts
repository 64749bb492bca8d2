import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { findDrift } from '../support/database.ts'
import type { SiteProcess } from '../support/site.ts'
import { readHealth, test, untilDrained, visit } from './fixture.ts'

test.for([
  { when: 'while it waits', kill: false },
  { when: 'while the site is dead', kill: true },
])(
  'a click whose variation is deleted $when does not block the others',
  async ({ kill }, { database, start, dataDir }) => {
    let site: SiteProcess = await start()
    await database.sql.begin(async (sql) => {
      await sql`lock table promo_click_tracking in access exclusive mode`
      for (const variation of [42, 44, 50, 43]) expect(await visit(site, { variation })).toBe(307)
      if (kill) await site.kill()
      await sql`delete from promo_text_variations where id = 44`
    })
    if (kill) site = await start()
    await untilDrained(site)
    const rows = await database.sql`select variation_id from promo_click_tracking order by variation_id`
    expect(rows.map((row) => row.variation_id)).toEqual([42, 43, 50])
    const lines = readFileSync(join(dataDir, 'journal', 'rejects.ndjson'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { reason: 'variation_gone', event: { variation_id: 44, user_agent: null, ip_hash: null } },
    ])
    expect(await readHealth(site)).toMatchObject({ code: 200, rejects: 1 })
    expect(await findDrift(database.sql)).toEqual([])
  },
)
