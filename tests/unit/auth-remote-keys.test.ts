import { createServer, type RequestListener } from 'node:http'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { pino } from 'pino'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createTokenCheck } from '../../src/lib/auth/check-token.ts'
import { refuseReader } from '../../src/lib/auth/reader.ts'
import { createRemoteKeys } from '../../src/lib/auth/remote-keys.ts'
import { faultAnswer } from '../../src/lib/http/answer.ts'
import { temporaryFolder } from '../support/folders.ts'

const begin = Date.UTC(2026, 10, 18, 12)
const minute = 60_000

let answer: RequestListener
let asked: number
let now: number
let lines: string[]
let url: string
let close: () => Promise<void>
const keys = new Map<string, { privateKey: CryptoKey; jwk: object }>()

beforeAll(async () => {
  for (const kid of ['one', 'two']) {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    keys.set(kid, { privateKey, jwk: { ...(await exportJWK(publicKey)), alg: 'ES256', kid } })
  }
})

beforeEach(async () => {
  now = begin
  asked = 0
  lines = []
  answer = publishing('one')
  const server = createServer((request, response) => {
    asked += 1
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}/keys`
  close = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})
afterEach(() => close())

const publishing =
  (...kids: string[]): RequestListener =>
  (_, response) =>
    response.end(JSON.stringify({ keys: kids.map((kid) => keys.get(kid)?.jwk) }))

const log = () => pino({ level: 'warn' }, { write: (line: string) => void lines.push(JSON.parse(line).msg) })

const check = () =>
  createTokenCheck(
    {
      PROMO_DATA_DIR: temporaryFolder(),
      PROMO_JWT_SECRET: undefined,
      PROMO_JWKS_URL: url,
      PROMO_JWT_ISSUER: undefined,
      PROMO_JWT_AUDIENCE: undefined,
    },
    () => now,
    log(),
  )

const token = (kid: string) =>
  new SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid })
    .setSubject('ben')
    .setExpirationTime(begin / 1000 + 400 * 86_400)
    .sign(keys.get(kid)?.privateKey ?? expect.fail(kid))

const good = { ok: true, value: { subject: 'ben' } }
const unknown = { ok: false, fault: { code: 'keys_unavailable' } }

const outages: [string, RequestListener | undefined][] = [
  ['is gone', undefined],
  ['answers garbage', (_, response) => response.end('<html>')],
  ['answers something else', (_, response) => response.end('{"keys": 7}')],
  ['answers a fault', (_, response) => response.writeHead(502).end('{"keys": []}')],
  ['leads elsewhere', (_, response) => response.writeHead(302, { location: url }).end()],
  ['answers 10 MB', (_, response) => response.end(`{"keys": [], "a": "${'a'.repeat(10_000_000)}"}`)],
]

describe.each(outages)('while the key server %s', (_, outage) => {
  const beginOutage = async () => {
    if (outage) answer = outage
    else await close()
  }

  test('known keys stay valid for months, and an unknown one is not called wrong', async () => {
    const checkToken = check()
    expect(await checkToken(await token('one'))).toMatchObject(good)
    await beginOutage()
    for (const later of [0, 11 * minute, 90 * 86_400_000]) {
      now = begin + later
      expect(await checkToken(await token('one'))).toMatchObject(good)
    }
    expect(await checkToken(await token('two'))).toMatchObject(unknown)
    expect(await checkToken(await token('two'))).toMatchObject(unknown)
    expect(lines.toSorted()).toEqual([
      'a token was refused: its key is not known and the keys could not be fetched',
      'the keys for tokens could not be fetched; known keys stay in use',
      'the keys for tokens could not be fetched; known keys stay in use',
    ])
  })

  test('an unknown key is not called wrong after the clock was set back either, and it is logged', async () => {
    const checkToken = check()
    expect(await checkToken(await token('one'))).toMatchObject(good)
    await beginOutage()
    now = begin + 11 * minute
    expect(await checkToken(await token('two'))).toMatchObject(unknown)
    now = begin - 11 * minute
    expect(await checkToken(await token('two'))).toMatchObject(unknown)
    expect(lines).toHaveLength(4)
  })

  test('without keys at the start, callers are asked to retry, and requests to the server are limited', async () => {
    await beginOutage()
    const checkToken = check()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => token('one')))
    for (const one of tokens) expect(await checkToken(one)).toMatchObject(unknown)
    expect(asked).toBe(outage ? 1 : 0)
    expect(lines).toHaveLength(2)
    const sessions = {
      begin: () => expect.fail(),
      check: () => expect.fail(),
      seems: () => false,
      forgetVersions: () => {},
    }
    const refused = await refuseReader(
      { checkToken, sessions, siteUrl: 'http://localhost' },
      () => `Bearer ${tokens[0]}`,
    )
    expect(refused && faultAnswer(refused)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '30' },
      body: expect.stringContaining('"keys_unavailable"'),
    })
    if (!outage) return
    answer = publishing('one')
    now += 10_000
    expect(await checkToken(tokens[0] ?? '')).toMatchObject(good)
  })
})

test('a hanging key server is waited for up to a limit, and only once in a while', async () => {
  answer = (_, response) => response.write('{"keys": [')
  const remote = createRemoteKeys({ url, now: () => now, log: log(), patience: 1_000 })
  const header = { alg: 'ES256', kid: 'one' }
  const flattened = { payload: '', signature: '' }
  const started = performance.now()
  for (let request = 0; request < 50; request += 1)
    await expect(remote(header, flattened)).rejects.toThrow('could not be fetched')
  expect(performance.now() - started).toBeLessThan(20_000)
  expect(asked).toBe(1)
})

test('a new key is fetched when a token names it, at most every half minute', async () => {
  const checkToken = check()
  expect(await checkToken(await token('one'))).toMatchObject(good)
  answer = publishing('two')
  now += 29_999
  expect(await checkToken(await token('two'))).toMatchObject({ fault: { code: 'unauthorized' } })
  expect(asked).toBe(1)
  now += 1
  expect(await checkToken(await token('two'))).toMatchObject(good)
  expect(await checkToken(await token('one'))).toMatchObject({ fault: { code: 'unauthorized' } })
  expect([asked, lines]).toEqual([2, []])
})

test('a withdrawn key is valid for at most ten minutes, even without requests in between', async () => {
  const checkToken = check()
  await checkToken(await token('one'))
  answer = publishing('two')
  now += 10 * minute
  expect(await checkToken(await token('one'))).toMatchObject({ fault: { code: 'unauthorized' } })
})

test('an unusable key in a set is the fault of the token', async () => {
  answer = (_, response) => response.end(JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', kid: 'one' }] }))
  expect(await check()(await token('one'))).toMatchObject({ fault: { code: 'unauthorized' } })
})
