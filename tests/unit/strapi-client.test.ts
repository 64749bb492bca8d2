import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:net'
import { gzipSync } from 'node:zlib'
import { describe, expect, onTestFinished, test } from 'vitest'
import { openStrapi } from '../../src/lib/strapi/client.ts'
import { type FakeStrapi, sendError, sendJson, startFakeStrapi } from '../support/fake-strapi.ts'

const token = 'a-token-that-nobody-may-see'

async function begin(answer: FakeStrapi['answer'], given: { url?: string; token?: string | undefined } = {}) {
  const fake = await startFakeStrapi(answer)
  const clock = { time: 0 }
  const strapi = openStrapi({
    url: fake.url,
    token,
    type: 'affiliate-links',
    elapsed: () => clock.time,
    ...given,
  })
  onTestFinished(() => strapi.stop())
  const ask = (patience = 2_000) => strapi.ask('status=published', { patience, again: true })
  return { fake, clock, strapi, ask }
}

const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, '[1,')

test('requests one type with the token, and without a header if there is none', async () => {
  const { fake, ask } = await begin((_, response) => sendJson(response, 200, { data: [] }))
  expect(await ask()).toEqual({ ok: true, value: { data: [] } })
  expect(fake.requests).toMatchObject([
    { path: '/api/affiliate-links?status=published', headers: { authorization: `Bearer ${token}` } },
  ])
  const open = await begin((_, response) => sendJson(response, 200, {}), { token: undefined })
  await open.ask()
  expect(open.fake.requests[0]?.headers.authorization).toBeUndefined()
})

describe('an unusable answer is a fault:', () => {
  const dripping = (_: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200)
    const timer = setInterval(() => response.write(' '), 10)
    response.on('close', () => clearInterval(timer))
  }
  test.for<[string, FakeStrapi['answer'], string, string, string?]>([
    ['401', (_, r) => sendError(r, 401, 'Missing'), 'refused', 'status 401: Missing', 'PROMO_STRAPI_TOKEN'],
    ['403', (_, r) => sendError(r, 403, 'Forbidden'), 'refused', 'status 403', '"find" affiliate-links'],
    ['404', (_, r) => sendError(r, 404, 'Not Found'), 'unsuitable', 'status 404', 'PROMO_STRAPI_URL'],
    ['400', (_, r) => sendError(r, 400, 'Invalid key url'), 'unsuitable', 'status 400', 'Invalid key url'],
    ['500', (_, r) => sendError(r, 500, 'Internal'), 'failing', 'status 500'],
    ['204', (_, r) => r.writeHead(204).end(), 'failing', 'status 204'],
    ['an echo of the token', (_, r) => sendError(r, 500, `no ${token}!`), 'failing', 'no …!'],
    ['garbage', (_, r) => r.end('<html>'), 'failing', 'other than JSON'],
    [
      'half an answer',
      (_, r) => r.writeHead(200, { 'content-length': '99' }).write('{', () => r.destroy()),
      'unreachable',
      '',
    ],
    ['a broken line', (_, r) => r.socket?.end('BOO\r\n\r\n'), 'unreachable', ''],
    ['10 MB', (_, r) => r.end(tenMegabytes), 'unsuitable', 'more than 1048576 bytes', 'more than'],
    [
      '10 MB in few bytes',
      (_, r) => r.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(tenMegabytes)),
      'unsuitable',
      'more than',
      'more than',
    ],
    ['10 MB of an error', (_, r) => r.writeHead(500).end(tenMegabytes), 'failing', 'status 500'],
    [
      'a circle',
      (q, r) => r.writeHead(302, { location: `${q.url}` }).end(),
      'unsuitable',
      'status 302',
      'Strapi redirects, which is not followed',
    ],
    [
      'another host',
      (_, r) => r.writeHead(301, { location: 'https://other.example/x?y' }).end(),
      'unsuitable',
      'status 301',
      'to https://other.example, which is not followed',
    ],
    ['no answer', () => {}, 'unreachable', 'no complete answer within 0.2 s'],
    ['an answer in drips', dripping, 'unreachable', 'no complete answer within 0.2 s'],
  ])('%s', async ([, answer, code, message, advice]) => {
    const { fake, ask } = await begin(answer)
    const read = await ask(message.includes('0.2') ? 200 : 5_000)
    expect(read).toMatchObject({ ok: false, fault: { code, message: expect.stringContaining(message) } })
    if (advice === undefined) expect(read).not.toHaveProperty('fault.advice')
    else expect(read).toHaveProperty('fault.advice', expect.stringContaining(advice))
    expect(JSON.stringify(read)).not.toContain(token)
    expect(fake.requests).toHaveLength(1)
  })

  test('no server at the address, and no such host', async () => {
    const { fake, ask } = await begin(() => {})
    await fake.stop()
    expect(await ask()).toMatchObject({
      fault: { code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') },
    })
    const nowhere = await begin(() => {}, { url: 'http://no-such-host.invalid' })
    expect(await nowhere.ask()).toMatchObject({ fault: { code: 'unreachable' } })
  })
})

test('an answer of more than 10 MB is not read to its end', async () => {
  let sent = 0
  const { ask } = await begin((_, response) => {
    const more = () => {
      while (
        !response.destroyed &&
        sent < 100 * 1024 * 1024 &&
        response.write(tenMegabytes.subarray(0, 65_536))
      )
        sent += 65_536
    }
    response.on('drain', more)
    more()
  })
  expect(await ask()).toMatchObject({ fault: { message: expect.stringContaining('more than') } })
  expect(sent).toBeLessThan(10 * 1024 * 1024)
})

describe('a requested pause is kept:', () => {
  const date = new Date(1_000_000).toUTCString()
  test.for<[string, Record<string, string>, number]>([
    ['so many seconds', { 'retry-after': '7' }, 7_000],
    ['until a time', { 'retry-after': new Date(1_005_000).toUTCString(), date }, 5_000],
    ['five minutes at the most', { 'retry-after': '86400' }, 300_000],
    ['half a minute where it does not say', {}, 30_000],
    ['half a minute where it says nothing', { 'retry-after': 'soon' }, 30_000],
  ])('%s', async ([, headers, pause]) => {
    const { fake, clock, ask } = await begin((_, response) => sendError(response, 429, 'Slow down', headers))
    expect(await ask()).toMatchObject({
      fault: { code: 'busy', message: 'answered with status 429: Slow down' },
    })
    clock.time = pause - 1
    expect(await ask()).toMatchObject({ fault: { code: 'busy', message: expect.stringContaining('pause') } })
    expect(fake.requests).toHaveLength(1)
    clock.time = pause
    await ask()
    expect(fake.requests).toHaveLength(2)
  })

  test('of a 503 as well', async () => {
    const { ask } = await begin((_, response) =>
      sendError(response, 503, 'Restarting', { 'retry-after': '9' }),
    )
    expect(await ask()).toMatchObject({ fault: { code: 'busy' } })
  })
})

test('an unchanged answer is not sent again', async () => {
  let etag = '"1"'
  const { fake, strapi, ask } = await begin((request, response) => {
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    else sendJson(response, 200, { data: [etag] }, { etag })
  })
  expect(await ask()).toEqual({ ok: true, value: { data: ['"1"'] } })
  expect(await ask()).toEqual({ ok: true, value: { data: ['"1"'] } })
  expect(fake.requests[1]?.headers['if-none-match']).toBe('"1"')
  await strapi.ask('status=published', { patience: 2_000 })
  expect(fake.requests[2]?.headers['if-none-match']).toBeUndefined()
  etag = '"2"'
  expect(await ask()).toEqual({ ok: true, value: { data: ['"2"'] } })
})

test('a 304 without an ETag is a fault, and a stop ends a request under way', async () => {
  const { ask } = await begin((_, response) => response.writeHead(304).end())
  expect(await ask()).toMatchObject({ fault: { code: 'unsuitable' } })
  const hanging = await begin(() => {})
  const asked = hanging.ask(60_000)
  await expect.poll(() => hanging.fake.requests.length).toBe(1)
  hanging.strapi.stop()
  expect(await asked).toMatchObject({ fault: { code: 'unreachable' } })
})

test('a server that never answers is given up at the timeout', async () => {
  const silent = createServer(() => {})
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void silent.close())
  const address = silent.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { ask } = await begin(() => {}, { url: `http://127.0.0.1:${port}` })
  expect(await ask(200)).toMatchObject({ fault: { code: 'unreachable' } })
})
