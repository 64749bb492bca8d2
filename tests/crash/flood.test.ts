import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { findDrift, type TestDatabase } from '../support/database.ts'
import { runLoad } from '../support/load.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { settleAll } from '../support/settled.ts'
import type { SiteProcess } from '../support/site.ts'
import { waitUntil } from '../support/wait.ts'
import { test, untilDrained } from './fixture.ts'
import { seededRandom } from './seeded-random.ts'

const random = seededRandom()
const firstText = 2_000
const texts = 40
const browser = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

test('a flood is summed up: every answered click counts once, through kills and takeovers', async ({
  database,
  start,
}) => {
  await database.sql`
    insert into promo_text_variations (id, offer_id, text_content, approved)
    select ${firstText}::integer + number, 4, 'Text ' || number, true
    from generate_series(0, ${texts - 1}::integer) number
  `
  const flood = openFlood()
  const begun = performance.now()
  const site = () => start({ PROMO_FLOOD_PER_MINUTE: '3' })
  const survivor = await site()
  for (let kills = 0; kills < 3; kills += 1) {
    const victim = await site()
    const load = new AbortController()
    const runs = [flood.load(survivor, load.signal), flood.load(victim, load.signal)]
    const before = sum(flood.answered)
    await waitUntil(() => sum(flood.answered) > before + 2 * texts, 5)
    await sleep(random() * 250)
    if (kills % 2 === 0) await victim.kill()
    else
      await database.sql.begin(async (sql) => {
        await sql`lock table promo_surplus_clicks in access exclusive mode`
        await sleep(200)
        await victim.kill()
      })
    load.abort()
    await Promise.all(runs)
  }
  await untilDrained(survivor)
  // What the last victim has left is taken over by the next start at once.
  await untilDrained(await site())

  const { sent, answered } = flood
  const recorded = await clicksByText(database)
  const all = sum(recorded)
  expect(sum(answered)).toBeGreaterThan(4 * texts)
  for (let text = 0; text < texts; text += 1) {
    expect(recorded[text]).toBeGreaterThanOrEqual(answered[text] ?? 0)
    expect(recorded[text]).toBeLessThanOrEqual(sent[text] ?? 0)
  }
  const [rows] = await database.sql`
    select (select count(*) from promo_click_tracking)::integer as single,
      (select count(*) from promo_surplus_clicks)::integer as counts,
      (select count(distinct reason) from promo_surplus_clicks)::integer as reasons
  `
  const processes = 5
  const minutes = 2 + Math.ceil((performance.now() - begun) / 60_000)
  expect(rows?.single).toBeLessThanOrEqual(2 * 3 * processes * minutes)
  expect(rows?.counts).toBeLessThanOrEqual(2 * texts * processes * minutes)
  expect(rows?.reasons).toBe(2)
  expect(await findDrift(database.sql)).toEqual([])
  const settling = patientDatabase(() => database.url)
  await settleAll(settling)
  await settling.close()
  expect(sum(await clicksByText(database))).toBe(all)
  expect(await findDrift(database.sql)).toEqual([])
})

/** Clicks of one address on all texts in turn, every other one by a program. */
function openFlood() {
  const sent = new Array<number>(texts).fill(0)
  const answered = new Array<number>(texts).fill(0)
  const load = (site: SiteProcess, signal: AbortSignal) =>
    runLoad({
      url: site.url,
      connections: 4,
      requests: 4_000,
      signal,
      request(n) {
        const text = n % texts
        sent[text] = (sent[text] ?? 0) + 1
        const agent = Math.floor(n / texts) % 2 === 0 ? browser : 'curl/8.5.0'
        return (
          `GET /nocodemba?promo_var=${firstText + text} HTTP/1.1\r\nHost: site.test\r\nUser-Agent: ` +
          `${agent}\r\n\r\n`
        )
      },
      onAnswer({ n, status }) {
        expect(status).toBe(307)
        answered[n % texts] = (answered[n % texts] ?? 0) + 1
      },
    })
  return { sent, answered, load }
}

async function clicksByText({ sql }: TestDatabase): Promise<number[]> {
  const rows = await sql<{ clicks: number }[]>`
    select clicks::integer from promo_text_variations where id >= ${firstText} order by id
  `
  return rows.map(({ clicks }) => clicks)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)
