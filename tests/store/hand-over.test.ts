import { SignJWT } from 'jose'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createAccess } from '../../src/lib/auth/access.ts'
import { sessionIn } from '../../src/lib/auth/session.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patientDatabase } from '../support/patient-database.ts'

const secret = 'a-secret-of-thirty-two-characters'
const hour = 3_600_000
const keep = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
let folder = ''
let store: TestDatabase
let database: Database
let now = 0

beforeEach(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 4)
  folder = temporaryFolder()
  now = Date.UTC(2026, 10, 18, 12)
})
afterEach(async () => {
  await database.close()
  await store.drop()
})

const instance = (settings: Record<string, string> = { PROMO_JWT_SECRET: secret }, on = database) => {
  const config = readConfig({ PROMO_DATA_DIR: folder, ...settings })
  if (!config.ok) throw new Error('the settings do not hold')
  return createAccess({ config: config.value, database: on, now: () => now, log: createLog('silent') })
}

const token = (subject = 'ben', lifetime = 60, claims = {}) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(subject)
    .setExpirationTime(now / 1000 + lifetime)
    .sign(new TextEncoder().encode(secret))

const cookieOf = async (given: string, access = instance()) => {
  const handedOver = await access.handOver(given)
  if (!handedOver.ok) throw new Error(handedOver.fault.message)
  return handedOver.value
}

const used = fail({
  code: 'used',
  message: 'This token has already been used to sign in. Get a new one from where it was issued.',
})
const signedOut = fail({ code: 'signed_out' })

describe('a token of another back end', () => {
  test('begins a session for its subject, which ends twelve hours later', async () => {
    const access = instance()
    const cookie = await cookieOf(await token(), access)
    const editor = { by: 'token', id: 1, name: 'ben', version: 1 }
    now += 11.9 * hour
    expect(await access.readSession(cookie)).toEqual(ok({ editor, cookie: undefined }))
    now += 0.2 * hour
    expect(await access.readSession(cookie)).toEqual(signedOut)
  })

  test('does so once, whichever instance it is handed to, and however many at the same time', async () => {
    const one = await token()
    const tries = await Promise.all(Array.from({ length: 8 }, () => instance().handOver(one)))
    expect(tries.filter(({ ok }) => ok)).toHaveLength(1)
    for (const refused of tries.filter(({ ok }) => !ok)) expect(refused).toEqual(used)
    expect(await instance().handOver(await token('ben', 61))).toMatchObject({ ok: true })
    expect(await instance().handOver(await token('eve'))).toMatchObject({ ok: true })
  })

  test('is the same token however its signature is encoded', async () => {
    const one = await token()
    // The last of 43 characters stands for four bits and two that nobody reads.
    const other = ['A', 'B', 'C', 'D']
      .flatMap((_, offset) => {
        const last = alphabet.indexOf(one.at(-1) ?? '')
        return one.slice(0, -1) + alphabet[(last & ~3) + offset]
      })
      .filter((written) => written !== one)
    expect(await instance().handOver(one)).toMatchObject({ ok: true })
    for (const written of other) expect(await instance().handOver(written)).not.toMatchObject({ ok: true })
  })

  test('can read the API any number of times, handed over or not', async () => {
    const one = await token()
    const access = instance()
    const read = () => access.refuseReader((name) => (name === 'authorization' ? `Bearer ${one}` : undefined))
    expect(await read()).toBeUndefined()
    await cookieOf(one, access)
    for (let times = 0; times < 3; times += 1) expect(await read()).toBeUndefined()
    expect(await access.handOver(one)).toEqual(used)
  })

  test.each([60, 20 * 24 * 3_600])(
    'that lives for %i s is known until it has expired and its session has ended',
    async (lifetime) => {
      const one = await token('ben', lifetime)
      const access = instance()
      const cookie = await cookieOf(one, access)
      now += Math.max(lifetime + 5, 12 * 3_600) * 1000 - 1_000
      expect(await purge(database, now, keep)).toMatchObject(ok({ tokens: 0 }))
      expect(await access.handOver(one)).not.toMatchObject({ ok: true })
      if (lifetime === 60) expect(await access.readSession(cookie)).toMatchObject({ ok: true })
      now += 2 * hour
      expect(await purge(database, now, keep)).toMatchObject(ok({ tokens: 1 }))
      expect(await access.handOver(one)).toMatchObject(fail({ code: 'unauthorized' }))
    },
  )

  test('may expire later than a database can store', async () => {
    expect(await instance().handOver(await token('ben', 1e15))).toMatchObject({ ok: true })
  })

  test('is not accepted if it is forged, or while the database is down', async () => {
    expect(await instance().handOver('forged')).toMatchObject(fail({ code: 'unauthorized' }))
    const away: Database = { ...database, run: async () => fail({ code: 'unavailable', message: 'gone' }) }
    expect(await instance(undefined, away).handOver(await token())).toMatchObject(
      fail({ code: 'unavailable' }),
    )
    expect(await instance().handOver(await token())).toMatchObject({ ok: true })
  })

  test('is not accepted if no other back end is set: the site’s own tokens are for programs', async () => {
    const access = instance({})
    expect(access.takesTokens).toBe(false)
    expect(await access.handOver(await token())).toMatchObject(fail({ code: 'forbidden' }))
    expect(
      instance({ PROMO_JWKS_URL: 'https://auth.example.com/keys', PROMO_JWT_AUDIENCE: 'promo' }).takesTokens,
    ).toBe(true)
    expect(instance().takesTokens).toBe(true)
  })
})

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

test('signing out everywhere ends all sessions of the same subject, and of nobody else', async () => {
  const access = instance()
  await insertQuickEditor(store.sql, { name: 'ben', password: 'correct horse battery' })
  const given = { name: 'ben', password: 'correct horse battery', address: '192.0.2.7' }
  const withPassword = await access.signIn(given)
  if (!withPassword.ok) throw new Error(withPassword.fault.message)
  const [here, there] = [await cookieOf(await token()), await cookieOf(await token('ben', 61))]
  const [other, capital] = [await cookieOf(await token('eve')), await cookieOf(await token('Ben'))]
  const elsewhere = instance()
  for (const cookie of [here, there, other, capital, withPassword.value])
    expect(await elsewhere.readSession(cookie)).toMatchObject({ ok: true })

  const ended = await access.signOut(here, true)
  expect(ended.ok && sessionIn(ended.value, 'http://localhost')).toBeUndefined()
  for (const cookie of [here, there]) expect(await access.readSession(cookie)).toEqual(signedOut)
  now += 5_000
  expect(await elsewhere.readSession(there)).toEqual(signedOut)
  for (const cookie of [other, capital, withPassword.value])
    expect(await elsewhere.readSession(cookie)).toMatchObject({ ok: true })
  expect(await access.readSession(await cookieOf(await token('ben', 62)))).toMatchObject({ ok: true })

  expect(await access.signOut(withPassword.value, true)).toMatchObject({ ok: true })
  expect(await access.readSession(withPassword.value)).toEqual(signedOut)
  expect(await access.readSession(other)).toMatchObject({ ok: true })
})

test('no page says that all sessions have ended while the database is down', async () => {
  const cookie = await cookieOf(await token())
  let away = false
  const flaky: Database = {
    ...database,
    run: async (...given) => (away ? fail({ code: 'unavailable', message: 'gone' }) : database.run(...given)),
  }
  const [warm, cold] = [instance(undefined, flaky), instance(undefined, flaky)]
  expect(await warm.readSession(cookie)).toMatchObject({ ok: true })
  away = true
  for (const access of [warm, cold])
    expect(await access.signOut(cookie, true)).toMatchObject(fail({ code: 'unavailable' }))
  expect(await cold.signOut(cookie, false)).toMatchObject({ ok: true })
  expect(await cold.readSession(cookie)).toEqual(fail({ code: 'unavailable' }))
})
