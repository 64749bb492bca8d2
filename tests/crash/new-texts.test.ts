import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { rejectsFile } from '../../src/lib/buffer/rejects.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { post, type RawAnswer } from '../pages/running-site.ts'
import type { SiteProcess } from '../support/site.ts'
import { outageTest, readMetric, untilDrained, visit } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger, userAgentOf } from './ledger.ts'

/** Texts of the first offer that no site has seen yet; answers their ids. */
async function insertTexts(sql: Sql, count: number): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    insert into promo_text_variations (offer_id, text_content, approved)
    select 4, 'New text ' || number, true from generate_series(1, ${count}) number
    returning id
  `
  return rows.map(({ id }) => id)
}

/** One click on each text at once, each under a name of its own, all of which have to be redirected. */
async function clickAll(site: SiteProcess, ledger: Ledger, texts: readonly number[]): Promise<void> {
  const clicks = texts.map(async (variation) => {
    const name = `visit-${ledger.sent.size}`
    ledger.sent.add(name)
    const status = await visit(site, { variation, headers: { 'user-agent': userAgentOf(name) } })
    expect(status).toBe(307)
    ledger.answered.add(name)
  })
  await Promise.all(clicks)
}

async function report(site: SiteProcess, ledger: Ledger, variation_id: number): Promise<RawAnswer> {
  const name = `report-${ledger.sent.size}`
  ledger.sent.add(name)
  ledger.answered.add(name)
  return await post(site, 'track-click', { variation_id, user_agent: userAgentOf(name) })
}

outageTest(
  'clicks on texts that are seconds old are recorded, whatever the database does, and invented ones fill nothing',
  async ({ server, database: { sql }, dataDir, start }) => {
    const site = await start()
    const ledger = createLedger()
    await untilDrained(site)
    await clickAll(site, ledger, await insertTexts(sql, 20))

    const [locked = 0, ofReport = 0] = await insertTexts(sql, 2)
    await sql.begin(async (transaction) => {
      await transaction`lock table promo_text_variations in access exclusive mode`
      const clicks = clickAll(site, ledger, [locked, locked, locked])
      await Promise.race([clicks, sleep(5_000).then(() => Promise.reject(new Error('a redirect waited')))])
      await sleep(1_000)
    })
    expect((await report(site, ledger, ofReport)).status).toBe(204)
    await sql`update promo_offers set link_slug = 'renamed' where id = 5`
    await sql`insert into affiliate_links (slug, destination_url) values ('renamed', 'https://desk.example/')`
    const moved = (slug: string, name: string) => {
      ledger.sent.add(name)
      ledger.answered.add(name)
      return visit(site, { variation: 50, slug, headers: { 'user-agent': userAgentOf(name) } })
    }
    expect(await moved('quietdesk', 'under the former slug')).toBe(307)
    expect(await moved('renamed', 'under the new slug')).toBe(307)
    await untilDrained(site)

    const texts = await insertTexts(sql, 20)
    const invented = Array.from({ length: 30 }, (_, index) => 900_000 + index)
    await server.stop()
    await clickAll(site, ledger, texts)
    for (const variation of invented) expect(await visit(site, { variation })).toBe(307)
    const kept = await report(site, ledger, texts[0] ?? 0)
    expect([kept.status, JSON.parse(kept.body)]).toMatchObject([503, { queued: true }])
    // All texts may have been read again between their creation and the outage; then only the invented ones are left.
    expect([30, 51]).toContain(await readMetric(site, 'promo_unchecked_clicks'))
    await site.kill()
    await server.start()
    const next = await start()
    await untilDrained(next)
    await expectExactlyOnce(sql, ledger)
    expect(await readMetric(next, 'promo_events_rejected_total', 'unknown_variation')).toBe(30)
    expect(await readMetric(next, 'promo_unchecked_clicks')).toBe(0)
    expect(existsSync(rejectsFile(join(dataDir, 'journal')))).toBe(false)
  },
)
