import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { ask } from '../pages/running-site.ts'
import { makeDataDir, removeDataDir, type SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { outageTest, readHealth, readMetric, test, untilDrained } from './fixture.ts'

const locationOf = async ({ url }: SiteProcess, path: string): Promise<string | null> =>
  (await fetch(`${url}${path}`, { redirect: 'manual' })).headers.get('location')

/** The promise is a second; the rest is for a machine that is busy, or so slow that a start takes seconds. */
const arrivalAt = ({ startMilliseconds = 0 }: SiteProcess): number => Math.max(1_500, 2 * startMilliseconds)

test('after a quiet period the first reader gets the current destination, on every instance', async ({
  database,
  start,
}) => {
  const otherDir = makeDataDir()
  try {
    const sites = await Promise.all([start(), start({ PROMO_DATA_DIR: otherDir })])
    const arrival = Math.max(...sites.map(arrivalAt))
    // Were they only fetched every few seconds, five changes in a row would hardly all be seen in time.
    for (const place of ['a', 'b', 'c', 'd', 'e']) {
      await database.sql`
        update affiliate_links set destination_url = ${`https://m.example/${place}`} where slug = 'quietdesk'
      `
      await sleep(arrival)
      expect(await Promise.all(sites.map((site) => locationOf(site, '/quietdesk')))).toEqual(
        sites.map(() => `https://m.example/${place}`),
      )
    }
    await database.sql`update affiliate_links set active = false where slug = 'quietdesk'`
    await sleep(arrival)
    expect(await Promise.all(sites.map((site) => locationOf(site, '/quietdesk')))).toEqual([null, null])
  } finally {
    removeDataDir(otherDir)
  }
})

outageTest(
  'a link that nobody has asked for yet is known when the database goes away',
  async ({ server, database, dataDir, start }) => {
    const site = await start()
    try {
      await database.sql`insert into affiliate_links (slug, destination_url) values ('new', 'https://new.example/')`
      const snapshot = join(dataDir, 'links.json')
      await waitFor(() => expect(existsSync(snapshot) && readFileSync(snapshot, 'utf8')).toContain('"new"'))
      await server.stop()
      expect(await locationOf(site, '/new')).toBe('https://new.example/')
      await server.start()
      // A change that is made as soon as it is back arrives as well, and nobody has to restart anything.
      await database.sql`update affiliate_links set destination_url = 'https://newer.example/' where slug = 'new'`
      await waitFor(async () => expect(await locationOf(site, '/new')).toBe('https://newer.example/'))
    } finally {
      await server.start().catch(() => {})
    }
  },
)

test('invalid rows do not affect other links, the start or settling', async ({ database, start }) => {
  await database.sql`insert into affiliate_links (slug, destination_url) values ('bad', 'https://[bad')`
  await database.sql`update affiliate_links set utm = '{"utm_x": 1}' where slug = 'quietdesk'`
  const site = await start()
  expect(await fetch(`${site.url}/bad?promo_var=42`)).toMatchObject({ status: 404 })
  expect(await locationOf(site, '/nocodemba?promo_var=42')).toContain('https://merchant.example/course')
  await untilDrained(site)
  expect(await readHealth(site)).toMatchObject({ code: 200, migrated: true })
  const health = JSON.parse((await ask(site, '/api/v1/promo/health')).body)
  expect(health).toMatchObject({
    links_left_out: [{ slug: 'bad', reason: expect.stringContaining('destination_url') }],
  })
  expect(await readMetric(site, 'promo_rows_left_out', 'kind="link"')).toBe(1)
  await waitFor(() => expect(site.log.some((line) => line.includes('"purged'))).toBe(true))
  expect(site.log.filter((line) => line.includes('cannot be read'))).toHaveLength(1)
  await database.sql`insert into affiliate_links (slug, destination_url) values ('after', 'https://after.example/')`
  await sleep(arrivalAt(site))
  expect(await site.stop()).toBe(0)
  const nowhere = { DATABASE_URL: 'postgres://promo@127.0.0.1:1/promo' }
  const cold = await start(nowhere)
  expect(await locationOf(cold, '/after')).toBe('https://after.example/')
  expect(await locationOf(cold, '/quietdesk')).toContain('utm_x=1')
})
