import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CompactSign, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { createTokenCheck } from '../../src/lib/auth/check-token.ts'
import { createLog } from '../../src/lib/base/log.ts'
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

const noSettings = { PROMO_JWKS_URL: undefined, PROMO_JWT_ISSUER: undefined, PROMO_JWT_AUDIENCE: undefined }
const check = (more: object = {}) =>
  createTokenCheck(
    { PROMO_DATA_DIR: temporaryFolder(), PROMO_JWT_SECRET: secret, ...more },
    () => now,
    createLog('silent'),
  )

describe('tokens signed with the shared secret', () => {
  test('are accepted and identify their subject', async () => {
    expect(await check()(await token().sign(key))).toEqual({
      ok: true,
      value: { subject: 'anna', expiresAt: seconds + 60 },
    })
    const nameless = new SignJWT({}).setProtectedHeader({ alg: 'HS256' }).setExpirationTime(seconds + 60)
    expect(await check()(await nameless.sign(key))).toMatchObject({ value: { subject: 'token' } })
  })

  test.each([
    ['expired', (jwt: SignJWT) => jwt.setExpirationTime(seconds - 6), 'The token has expired; get a new one'],
    [
      'not yet valid',
      (jwt: SignJWT) => jwt.setNotBefore(seconds + 60),
      'The token is not valid yet: wait until its "nbf"',
    ],
  ])('that are %s are refused', async (_, changes, message) => {
    expect(await check()(await token(changes).sign(key))).toMatchObject({
      ok: false,
      fault: { code: 'unauthorized', message: expect.stringContaining(message) },
    })
  })

  test('clocks may differ by five seconds', async () => {
    expect(await check()(await token((jwt) => jwt.setExpirationTime(seconds - 4)).sign(key))).toMatchObject({
      ok: true,
    })
  })

  const payload = (json: string) => new CompactSign(new TextEncoder().encode(json))
  const longKey = new Uint8Array([...key, ...key])
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa(`{"exp":${seconds + 60}}`)}.`.replaceAll('=', '')
  const whole =
    'is incomplete: it must be a signed JWT, which is three parts separated by dots. Copy all of it'
  const signedByOthers =
    'was changed, or was signed with a secret other than that of this site (PROMO_JWT_SECRET, or'
  const wrongWay = 'is signed in a way that this site does not accept; it must be signed with HS256'
  const hs256 = (jwt: CompactSign) => jwt.setProtectedHeader({ alg: 'HS256' }).sign(key)
  const cut = async () => (await token().sign(key)).slice(0, -3)

  test.each<[string, () => Promise<string> | string, string]>([
    ['no token', () => 'no-token', whole],
    ['an empty text', () => '', whole],
    ['a token that breaks off', async () => (await cut()).replace(/\.[^.]*$/, ''), whole],
    ['a token without its end', cut, signedByOthers],
    ['a header that is none', () => `bm9uZQ.e30.${'a'.repeat(43)}`, whole],
    ['no object', () => hs256(payload('7')), whole],
    ['no JSON', () => hs256(payload('{')), whole],
    [
      'a token of another secret',
      () => token().sign(new TextEncoder().encode('x'.repeat(32))),
      signedByOthers,
    ],
    ['another algorithm', () => token(undefined, 'HS512').sign(longKey), wrongWay],
    ['no signature', () => unsigned, wrongWay],
    ['no end', () => hs256(payload('{"sub":"anna"}')), 'has no "exp"; get one that has'],
    [
      'an end that is a text',
      () => hs256(payload('{"exp":"soon"}')),
      'has a "exp" that is not a number of seconds',
    ],
    [
      'a beginning that is a text',
      () => hs256(payload('{"exp":1e11,"nbf":"now"}')),
      'has a "nbf" that is not a number of seconds',
    ],
    [
      'a subject that is a number',
      () => hs256(payload('{"exp":1e11,"sub":7}')),
      'has a "sub" that is not a string',
    ],
  ])('%s is refused with an error that says what is wrong', async (_, make, words) => {
    const checked = await check()(await make())
    expect(checked).toMatchObject({
      ok: false,
      fault: { code: 'unauthorized', message: expect.stringContaining(`The token ${words}`) },
    })
    expect(JSON.stringify(checked)).not.toMatch(/JWS|JWK|claim|Serialization/)
  })

  test('issuer and audience are checked if they are set: a token for something else is forbidden', async () => {
    const strict = check({ PROMO_JWT_ISSUER: 'backend', PROMO_JWT_AUDIENCE: 'promo' })
    const right = token((jwt) => jwt.setIssuer('backend').setAudience('promo'))
    expect(await strict(await right.sign(key))).toMatchObject({ ok: true })
    for (const wrong of [
      token((jwt) => jwt.setIssuer('backend').setAudience('shop')),
      token((jwt) => jwt.setIssuer('elsewhere').setAudience('promo')),
      token(),
    ])
      expect(await strict(await wrong.sign(key))).toMatchObject({
        ok: false,
        fault: {
          code: 'forbidden',
          message: expect.stringMatching(
            / something else: its "(iss" must be "backend|aud" must be "promo)"$/,
          ),
        },
      })
  })

  test('with an unreadable secret everybody is refused', async () => {
    const config = { ...noSettings, PROMO_JWT_SECRET: undefined, PROMO_DATA_DIR: '/dev/null/no-folder' }
    const log = createLog('silent')
    const error = vi.spyOn(log, 'error')
    const broken = createTokenCheck(config, () => now, log)
    const message = 'The token cannot be checked; the log of the site says why'
    expect(await broken(await token().sign(key))).toEqual({
      ok: false,
      fault: { code: 'unauthorized', message },
    })
    expect(error).toHaveBeenCalledWith(
      { reason: expect.stringContaining('/dev/null/no-folder') },
      'a token could not be checked',
    )
  })
})

describe('tokens of another back end', () => {
  let url = ''
  let privateKey: CryptoKey
  const server = createServer()

  beforeAll(async () => {
    const pair = await generateKeyPair('ES256')
    privateKey = pair.privateKey
    const key = { ...(await exportJWK(pair.publicKey)), alg: 'ES256' }
    const keys = JSON.stringify({ keys: ['one', 'two', 'two'].map((kid) => ({ ...key, kid })) })
    server.on('request', (_, response) => response.setHeader('content-type', 'application/json').end(keys))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    url = `http://127.0.0.1:${port}/keys`
  })
  afterAll(() => server.close())

  const signed = (algorithm = 'ES256', kid = 'one') =>
    new SignJWT({})
      .setProtectedHeader({ alg: algorithm, kid })
      .setSubject('ben')
      .setExpirationTime(seconds + 60)

  test('are checked with the keys that it publishes', async () => {
    const remote = check({ PROMO_JWKS_URL: url, PROMO_JWT_SECRET: undefined })
    expect(await remote(await signed().sign(privateKey))).toMatchObject({ value: { subject: 'ben' } })
    // The public key is no secret, so it must not do as one.
    expect(await remote(await signed('HS256').sign(key))).toMatchObject({
      ok: false,
      fault: {
        code: 'unauthorized',
        message: expect.stringMatching(/must be signed with RS256, .*, ES256, .*EdDSA$/),
      },
    })
  })

  test.each<[string, () => Promise<string>, string]>([
    [
      'a key that is not there',
      () => signed('ES256', 'none').sign(privateKey),
      'is signed with a key that the back end',
    ],
    [
      'one of two keys of a name',
      () => signed('ES256', 'two').sign(privateKey),
      'does not say with which of several',
    ],
    [
      'a key of somebody else',
      async () => signed().sign((await generateKeyPair('ES256')).privateKey),
      'was changed, or was',
    ],
    ['nothing, which are none', async () => 'none', 'is incomplete: it must be a signed JWT'],
  ])('that are signed with %s are refused with an error that says so', async (_, make, words) => {
    const remote = check({ PROMO_JWKS_URL: url, PROMO_JWT_SECRET: undefined })
    expect(await remote(await make())).toMatchObject({
      fault: { code: 'unauthorized', message: expect.stringContaining(`The token ${words}`) },
    })
  })
})
