import { chmodSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { runningServer } from '../../src/lib/database/embedded/server.ts'
import { processMark } from '../../src/lib/processes/process-mark.ts'
import { endServer } from '../store/embedded-fixture.ts'
import { aClick } from '../support/events.ts'
import { ownerThatDied } from '../support/folders.ts'
import { outageTest, readHealth, test, untilDrained, visit } from './fixture.ts'

/** A process takes seconds to come up where many tests run; the lock would be waited for for minutes. */
const soon = 60_000

const link = {
  slug: 'nocodemba',
  destination_url: 'https://merchant.example/',
  utm: {},
  pass_parameters: false,
}

test('with a backlog the site listens at once if links are known', async ({ database, dataDir, start }) => {
  const first = await start()
  expect(await visit(first)).toBe(307)
  await untilDrained(first)
  expect(await first.stop()).toBe(0)
  const journal = join(dataDir, 'journal')
  for (let segment = 0; segment < 40; segment += 1) {
    const clicks = Array.from({ length: 1_000 }, () => aClick({ at: Date.now() }))
    const name = `000000000000001-${String(segment).padStart(6, '0')}.dead.journal`
    writeFileSync(join(journal, name), clicks.map((click) => encodeRecord([click])).join(''))
  }
  writeFileSync(join(journal, 'dead.owner'), ownerThatDied)
  const site = await start()
  expect((await readHealth(site)).journal.depth).toBeGreaterThan(1_000)
  expect(await visit(site)).toBe(307)
  await untilDrained(site)
  const [counted] = await database.sql`select count(*)::integer as clicks from promo_click_tracking`
  expect(counted?.clicks).toBe(40_002)
})

test('while the embedded server is locked by another start the site listens, and stops', async ({
  dataDir,
  start,
}) => {
  chmodSync(dataDir, 0o711)
  writeFileSync(join(dataDir, 'links.json'), JSON.stringify([link]))
  writeFileSync(join(dataDir, 'postgres.lock'), processMark(process.pid) ?? '')
  const begun = performance.now()
  const site = await start({ DATABASE_URL: '' })
  expect(performance.now() - begun).toBeLessThan(soon)
  expect(await visit(site)).toBe(307)
  const stopping = performance.now()
  expect(await site.stop()).toBe(0)
  expect(performance.now() - stopping).toBeLessThan(soon)
})

test.skipIf(process.platform !== 'linux')(
  'a frozen embedded server does not delay a stop',
  async ({ dataDir, start }) => {
    chmodSync(dataDir, 0o711)
    const site = await start({ DATABASE_URL: '' })
    const pid = runningServer(clusterIn(dataDir))?.pid ?? 0
    process.kill(pid, 'SIGSTOP')
    const begun = performance.now()
    expect(await site.stop()).toBe(0)
    const took = performance.now() - begun
    await endServer(clusterIn(dataDir))
    expect(took).toBeLessThan(soon)
  },
)

/** One request on a connection that is kept; answers its status and what is said of the connection. */
const ask = (url: string, agent: Agent, options: { method?: string; body?: string } = {}) =>
  new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    const headers = options.body ? { 'content-type': 'application/json' } : {}
    const asked = request(url, { agent, method: options.method ?? 'GET', headers }, (response) => {
      response.resume()
      response.once('end', () =>
        resolve({ status: response.statusCode, connection: response.headers.connection }),
      )
    })
    asked.once('error', reject)
    asked.end(options.body)
  })

outageTest(
  'connections in use are told that they end before they are cut',
  async ({ server, database, start }) => {
    const site = await start()
    const busy = new Agent({ keepAlive: true, maxSockets: 1 })
    const waiting = new Agent({ keepAlive: true, maxSockets: 1 })
    const link = `${site.url}/nocodemba`
    expect(await ask(link, busy)).toEqual({ status: 307, connection: 'keep-alive' })
    await server.pause()
    const body = JSON.stringify({ offer_id: 4, variation_id: 42, newsletter_send_id: 'last' })
    const report = ask(`${site.url}/api/v1/promo/track-impression`, waiting, { method: 'POST', body })
    await sleep(200)
    const stopped = site.stop()
    // The signal takes a moment to be heard.
    await expect.poll(() => ask(link, busy), { interval: 1 }).toEqual({ status: 307, connection: 'close' })
    expect(await report).toEqual({ status: 503, connection: 'close' })
    await server.resume()
    expect(await stopped).toBe(0)
    await untilDrained(await start())
    expect(await database.sql`select newsletter_send_id from promo_impression_tracking`).toEqual([
      { newsletter_send_id: 'last' },
    ])
  },
)
