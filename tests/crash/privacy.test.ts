import { createHmac } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import type { Sql } from '../../src/lib/database/sql.ts'
import { post } from '../pages/running-site.ts'
import { findDrift } from '../support/database.ts'
import type { SiteProcess } from '../support/site.ts'
import { test, untilDrained, visit } from './fixture.ts'

const addresses = ['198.51.100.23', '2001:db8:7:7::beef', '203.0.113.77', '192.0.2.201']
const [first = '', second = '', reported = '', anonymous = ''] = addresses
const referrer = 'https://mail.reader.example/inbox/jane.roe@private.example?token=s3cr3t-query#frag'
const intricate = 'https://jane.roe:s3cr3t-query@MAIL.reader.example:8443/inbox'
const traces = [...addresses, 'jane.roe', 'private.example', 's3cr3t-query', '/inbox', 'silent-agent']

test('no address and no path of a referrer is stored anywhere, and hashes are useless without their salt', async ({
  database: { sql },
  dataDir,
  start,
}) => {
  const proxied = { PROMO_TRUSTED_PROXIES: '127.0.0.1', PROMO_LOG_LEVEL: 'trace' }
  const site = await start(proxied)
  await clickAll(site)
  await untilDrained(site)
  // The journal and the rejects, filled: these clicks cannot be recorded, one of them for good.
  const everything: string[] = []
  await sql.begin(async (held) => {
    await held`lock table promo_click_tracking in access exclusive mode`
    await clickAll(site)
    await visit(site, { variation: 44, headers: { 'x-forwarded-for': second, referer: referrer } })
    everything.push(...filesOf(dataDir), await textOf(`${site.url}/api/v1/promo/metrics`))
    expect(everything.join('\n')).toContain('"kind":"click"')
    await held`delete from promo_text_variations where id = 44`
  })
  await untilDrained(site)
  everything.push(...filesOf(dataDir), ...(await tablesOf(sql)), ...site.log)
  everything.push(
    await textOf(`${site.url}/api/v1/promo/metrics`),
    await textOf(`${site.url}/api/v1/promo/health`),
  )
  expect(filesOf(dataDir).join('\n')).toContain('variation_gone')
  expect(traces.filter((trace) => everything.some((text) => text.includes(trace)))).toEqual([])

  const clicks = await sql<{ user_agent: string | null; referrer: string | null; ip_hash: string | null }[]>`
    select user_agent, referrer, ip_hash from promo_click_tracking order by user_agent, id
  `
  const [kept] = await sql<{ salt: Buffer }[]>`select salt from promo_hash_salts order by month`
  const salt = kept?.salt ?? Buffer.alloc(0)
  const hash = (network: string, agent: string) =>
    createHmac('sha256', salt).update(`visitor\n${network}\n${agent}`).digest('hex')
  const seen = (
    user_agent: string | null,
    ip_hash: string | null,
    host: string | null = 'mail.reader.example',
  ) => expect.objectContaining({ user_agent, ip_hash, referrer: host })
  const expected = [
    seen('agent-1', hash(first, 'agent-1')),
    seen('agent-2', hash(first, 'agent-2')),
    seen('agent-3', hash('20010db8:70007/64', 'agent-3')),
    seen('agent-4', hash(reported, 'agent-4')),
    ...[seen(null, null, null), seen(null, null, null)],
  ]
  expect(clicks).toEqual(expected.flatMap((click) => [click, click]))
  expect(await findDrift(sql)).toEqual([])

  await site.stop()
  await sql`delete from promo_hash_salts`
  const later = await start(proxied)
  // Clicks that come before the new salt have no hash.
  const hashed = async () => {
    await visit(later, { headers: { 'x-forwarded-for': first, 'user-agent': 'agent-later' } })
    await untilDrained(later)
    return await sql`
      select ip_hash from promo_click_tracking where user_agent = 'agent-later' and ip_hash is not null
    `
  }
  await expect.poll(hashed).not.toEqual([])
  const [again] = await hashed()
  const left = [...filesOf(dataDir), ...(await tablesOf(sql)), ...later.log].join('\n')
  for (const form of ['hex', 'base64', 'latin1'] as const) expect(left).not.toContain(salt.toString(form))
  expect(again?.ip_hash).toMatch(/^[0-9a-f]{64}$/)
  expect(again?.ip_hash).not.toBe(hash(first, 'agent-later'))
})

/** Six clicks: two of one address, the second time in IPv6 form; another one; a reported one; two without a trace. */
async function clickAll(site: SiteProcess): Promise<void> {
  const from = (address: string, agent: string, more: Record<string, string> = {}) =>
    visit(site, { headers: { 'x-forwarded-for': address, 'user-agent': agent, referer: referrer, ...more } })
  const statuses = [
    await from(first, 'agent-1'),
    await from(`::ffff:${first}`, 'agent-2'),
    await from(second, 'agent-3', { referer: intricate }),
    await from(anonymous, 'silent-agent', { 'sec-gpc': '1' }),
    await from(anonymous, 'silent-agent', { dnt: '1' }),
  ]
  expect(statuses).toEqual([307, 307, 307, 307, 307])
  const report = { variation_id: 43, ip_address: reported, user_agent: 'agent-4', referrer }
  const response = await post(site, 'track-click', report)
  expect([204, 503]).toContain(response.status)
}

const textOf = async (url: string): Promise<string> => await (await fetch(url)).text()

/** Names and contents of all files below a folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const path = join(folder, name)
    return statSync(path).isFile() ? [name, readFileSync(path, 'latin1')] : [name]
  })
}

/** Every row of every table but the salts, as text. */
async function tablesOf(sql: Sql): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_name <> 'promo_hash_salts'
  `
  const rows = tables.map(
    ({ name }) => sql<{ row: string }[]>`select entry::text as row from ${sql(name)} entry`,
  )
  return (await Promise.all(rows)).flat().map(({ row }) => row)
}
