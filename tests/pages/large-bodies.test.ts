import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runLoad } from '../support/load.ts'
import { atThisPace } from '../support/pace.ts'
import { ask, type RunningSite, runSite } from './running-site.ts'

let running: RunningSite
beforeAll(async () => {
  running = await runSite({ PROMO_FLOOD_PER_MINUTE: '1000000000' })
})
afterAll(() => running?.end())

/** Sends text as it is, and answers all that comes back until the site closes the connection. */
async function say(...texts: (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(running.site.url)
  const socket = connect(Number(port), hostname)
  let heard = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    heard += chunk
  })
  for (const text of texts) socket.write(text)
  const [hadError] = await once(socket, 'close')
  expect(hadError).toBe(false)
  return heard
}

const paths = [
  '/',
  '/nocodemba?promo_var=42',
  '/sign-in',
  '/sign-out',
  '/analytics',
  '/analytics/offers/4',
  '/nope/nope',
  '/favicon.svg',
  '/404',
  '/_image',
  '/_actions/x',
  '/_server-islands/x',
  '/api/v1/promo/health',
  '/api/v1/promo/analytics',
  '/api/v1/promo/select-random',
  '/api/v1/promo/track-click',
  '/api/v1/promo/track-impression/',
]
const types = [
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=x',
  'text/plain',
  'application/json',
  'application/octet-stream',
  undefined,
]
const tooLarge = 'a&'.repeat(8 * 1024 + 1)

test.each(paths)(
  'a body that is too large is refused at once, and the connection closed: %s',
  async (path) => {
    const shape = path.startsWith('/api/')
      ? '{"error":"body_too_large","details":{"body":"is larger than 16384 bytes; send less"}}'
      : 'The body is larger than 16384 bytes; send less.'
    const asked = ['POST', 'GET', 'PUT', 'DELETE'].flatMap((method) =>
      types.map((type) => ({ method, type })),
    )
    await Promise.all(
      asked.flatMap(({ method, type }) => {
        const lines = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${type ? `Content-Type: ${type}\r\n` : ''}`
        const chunks = `${tooLarge.length.toString(16)}\r\n${tooLarge}\r\n0\r\n\r\n`
        return [
          say(`${lines}Content-Length: ${tooLarge.length}\r\n\r\n${tooLarge}`),
          say(`${lines}Transfer-Encoding: chunked\r\n\r\n${chunks}`),
        ].map(async (answer) => {
          const [head, body] = (await answer).split('\r\n\r\n')
          expect(head).toMatch(/^HTTP\/1\.1 413 /)
          expect(head).toMatch(/\r\nconnection: close(\r\n|$)/i)
          expect(body).toBe(shape)
        })
      }),
    )
  },
)

test('a client that expects 100-continue is answered before it sends', async () => {
  const head = (length: number) =>
    `POST /api/v1/promo/track-click HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n` +
    `Expect: 100-continue\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`
  expect(await say(head(20_000))).toMatch(/^HTTP\/1\.1 413 /)
  const body = '{"variation_id":42}'
  expect(await say(head(body.length), body)).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 204 /)
})

test('other expectations of a client change nothing', async () => {
  const head = 'POST / HTTP/1.1\r\nHost: localhost\r\nExpect: nonsense\r\nContent-Length: 20000\r\n\r\n'
  const answer = await say(head)
  expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  expect(answer).toMatch(/\r\nconnection: close\r\n/i)
})

test('a body within bounds reaches its route, however it comes', async () => {
  const headers = { 'content-type': 'application/json' }
  const body = `{"variation_id":42}${' '.repeat(16 * 1024 - 19)}`
  const path = '/api/v1/promo/track-click'
  expect((await ask(running.site, path, { method: 'POST', headers, body })).status).toBe(204)
  const chunked = { ...headers, 'transfer-encoding': 'chunked' }
  expect((await ask(running.site, path, { method: 'POST', headers: chunked, body })).status).toBe(204)
  const declared = { ...headers, 'content-length': '1' }
  expect(
    (await ask(running.site, '/nocodemba', { method: 'GET', headers: declared, body: 'x' })).status,
  ).toBe(307)
  expect(
    (await ask(running.site, '/nocodemba', { method: 'PUT', headers: declared, body: 'x' })).status,
  ).toBe(405)
  expect((await ask(running.site, '/nope/nope', { method: 'POST', headers, body: '{}' })).status).toBe(404)
})

const residentBytes = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024

test('redirects work while bodies pour in, and memory stays bounded', async () => {
  const { url, process: site } = running.site
  const redirects = () =>
    runLoad({
      url,
      connections: 4,
      seconds: 2,
      pause: 2,
      request: () => 'GET /nocodemba?promo_var=42 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    })
  await redirects()
  const idle = await redirects()
  const flood = spawn(process.execPath, ['tests/support/flood-bodies.ts', url, '1', '200', '100'])
  await once(flood.stdout, 'data')
  const attacked = await redirects()
  const memory = process.platform === 'linux' ? residentBytes(site.pid ?? 0) : 0
  flood.kill()
  expect(attacked.failures).toBe(0)
  expect(Object.keys(attacked.statuses)).toEqual(['307'])
  // The machine may be busy with other tests; one form that is read would hold everything up for seconds.
  expect(attacked.max).toBeLessThan(1_000 * atThisPace(2_000))
  expect(attacked.p99).toBeLessThan(20 * Math.max(idle.p99, 1_000 * atThisPace(5)))
  expect(memory).toBeLessThan(600 * 1024 * 1024)
})
