import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createTokenCheck } from '../../src/lib/auth/check-token.ts'
import { openLog } from '../../src/lib/operations/log.ts'
import { temporaryFolder } from '../support/folders.ts'

const secret = 'a secret of thirty-two characters'
const key = new TextEncoder().encode(secret)
const now = Date.UTC(2026, 10, 18, 12)
const seconds = now / 1000

const token = (changes: (jwt: SignJWT) => SignJWT = (jwt) => jwt, algorithm = 'HS256') =>
  changes(
    new SignJWT({})
      .setProtectedHeader({ alg: algorithm })
      .setSubject('anna')
      .setExpirationTime(seconds + 60),
  )

const check = (more: object = {}) =>
  createTokenCheck(
    { PROMO_DATA_DIR: temporaryFolder(), PROMO_JWT_SECRET: secret, ...more },
    () => now,
    openLog('silent'),
  )

describe('tokens signed with the shared secret', () => {
  test('are accepted and say whom they speak of', async () => {
    expect(await check()(await token().sign(key))).toEqual({
      ok: true,
      value: { subject: 'anna', expiresAt: seconds + 60 },
    })
    const nameless = new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(seconds + 60)
    expect(await check()(await nameless.sign(key))).toMatchObject({ value: { subject: 'token' } })
  })

  test.each([
    ['expired', (jwt: SignJWT) => jwt.setExpirationTime(seconds - 6), 'The token has expired; get a new one'],
    ['not yet valid', (jwt: SignJWT) => jwt.setNotBefore(seconds + 60), 'nbf'],
  ])('that are %s are refused', async (_, changes, message) => {
    expect(await check()(await token(changes).sign(key))).toMatchObject({
      ok: false,
      fault: { code: 'unauthorized', message: expect.stringContaining(message) },
    })
  })

  test('a clock may be five seconds off', async () => {
    expect(await check()(await token((jwt) => jwt.setExpirationTime(seconds - 4)).sign(key))).toMatchObject({
      ok: true,
    })
  })

  test('without an end, with another key, another algorithm or none are refused', async () => {
    const endless = new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).sign(key)
    const stranger = token().sign(new TextEncoder().encode('another secret of many characters'))
    const longer = token(undefined, 'HS512').sign(new Uint8Array([...key, ...key]))
    const numbered = new SignJWT(JSON.parse(`{"sub":7,"exp":${seconds + 60}}`))
      .setProtectedHeader({ alg: 'HS256' })
      .sign(key)
    const unsigned = `${btoa('{"alg":"none"}')}.${btoa(`{"exp":${seconds + 60}}`)}.`.replaceAll('=', '')
    for (const one of [await endless, await stranger, await longer, await numbered, unsigned, 'no token', ''])
      expect(await check()(one)).toMatchObject({ ok: false, fault: { code: 'unauthorized' } })
  })

  test('issuer and audience are checked where they are set: a token for something else is forbidden', async () => {
    const strict = check({ PROMO_JWT_ISSUER: 'backend', PROMO_JWT_AUDIENCE: 'promo' })
    const right = token((jwt) => jwt.setIssuer('backend').setAudience('promo'))
    expect(await strict(await right.sign(key))).toMatchObject({ ok: true })
    for (const wrong of [
      token((jwt) => jwt.setIssuer('backend').setAudience('shop')),
      token((jwt) => jwt.setIssuer('elsewhere').setAudience('promo')),
      token(),
    ])
      expect(await strict(await wrong.sign(key))).toMatchObject({ ok: false, fault: { code: 'forbidden' } })
  })

  test('a secret that cannot be read refuses everybody', async () => {
    const broken = check({ PROMO_JWT_SECRET: undefined, PROMO_DATA_DIR: '/dev/null/no-folder' })
    expect(await broken(await token().sign(key))).toMatchObject({
      ok: false,
      fault: { code: 'unauthorized' },
    })
  })
})

describe('tokens of another back end', () => {
  let url = ''
  let privateKey: CryptoKey
  const server = createServer()

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256')
    privateKey = pair.privateKey
    const keys = JSON.stringify({
      keys: [{ ...(await exportJWK(pair.publicKey)), alg: 'ES256', kid: 'one' }],
    })
    server.on('request', (_, response) => response.setHeader('content-type', 'application/json').end(keys))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    url = `http://127.0.0.1:${port}/keys`
  })
  afterAll(() => server.close())

  const signed = (algorithm = 'ES256') =>
    new SignJWT({})
      .setProtectedHeader({ alg: algorithm, kid: 'one' })
      .setSubject('ben')
      .setExpirationTime(seconds + 60)

  test('are checked with the keys that it publishes', async () => {
    const remote = check({ PROMO_JWKS_URL: url, PROMO_JWT_SECRET: undefined })
    expect(await remote(await signed().sign(privateKey))).toMatchObject({ value: { subject: 'ben' } })
    // The public key is no secret, so it must not do as one.
    expect(await remote(await signed('HS256').sign(key))).toMatchObject({
      ok: false,
      fault: { code: 'unauthorized' },
    })
  })
})
