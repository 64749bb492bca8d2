import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SignJWT } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAccess } from '../../src/lib/auth/access.ts'
import { removeEditor } from '../../src/lib/auth/editor.ts'
import { hashPassword } from '../../src/lib/auth/password.ts'
import { refuseReader } from '../../src/lib/auth/reader.ts'
import { createSessions, sessionCookieFor, sessionIn, sessionLength } from '../../src/lib/auth/session.ts'
import { createSessionSecret, renewSessions } from '../../src/lib/auth/session-secret.ts'
import { createSignIn, pageAfterSignIn } from '../../src/lib/auth/sign-in.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { endSessions } from '../../src/lib/store/editors.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { databaseAway } from '../support/database-away.ts'
import { hashWith, insertQuickEditor } from '../support/editor.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { waitUntil } from '../support/wait.ts'

let store: TestDatabase
let database: Database
let now = Date.UTC(2026, 10, 18, 12)
const secret = new TextEncoder().encode('a session secret of many characters')
const password = 'correct horse battery'

beforeAll(async () => {
  store = await createTestDatabase()
})
afterAll(() => store?.drop())

beforeEach(async () => {
  database = patientDatabase(() => store.url, 2)
  now = Date.UTC(2026, 10, 18, 12)
  await insertQuickEditor(store.sql, { name: 'Anna', password })
})
afterEach(async () => {
  await database.close()
  await store.sql`truncate promo_editors, promo_session_secret restart identity cascade`
})

const hour = 3_600_000
const sessions = (on = database) =>
  createSessions({ readSecret: async () => secret, database: on, now: () => now })
const signIn = (
  given: { name?: string; password?: string; address?: string } = {},
  on = createSignIn(database, { now: () => now }),
) => on({ name: 'anna', password, address: '192.0.2.7', ...given })
const begun = async () => {
  const editor = await signIn()
  if (!editor.ok) throw new Error(editor.fault.message)
  const token = await sessions().begin(editor.value)
  if (!token.ok) throw new Error(token.fault.code)
  return token.value
}

describe('signing in', () => {
  test('accepts the name in any case with the right password', async () => {
    expect(await signIn({ name: ' ANNA ' })).toEqual(ok({ by: 'password', id: 1, name: 'Anna', version: 1 }))
  })

  test('does not reveal whether the name or the password was wrong, and takes as long', async () => {
    const fault = fail({ code: 'wrong', message: 'The name or the password is wrong.' })
    const time = async (given: { name?: string; password?: string }) => {
      const started = performance.now()
      expect(await signIn(given)).toEqual(fault)
      return performance.now() - started
    }
    await store.sql`update promo_editors set password_hash = ${await hashPassword(password)}`
    await time({ password: 'to warm up, at first' })
    const wrong = [await time({ password: 'wrong horse battery' }), await time({ password: '' })]
    const unknown = [await time({ name: 'nobody' }), await time({ name: 'nobody', password: '' })]
    const ratio = Math.min(...unknown) / Math.min(...wrong)
    expect(ratio).toBeGreaterThan(0.4)
    expect(ratio).toBeLessThan(2.5)
  })

  /** A sign-in that delays nobody, and the delays that it would have caused. */
  const noting = (on = database) => {
    const held: number[] = []
    return {
      held,
      one: createSignIn(on, { now: () => now, hold: async (delay) => held.push(delay) }),
    }
  }

  test('is delayed by failures, but no name is locked: the right password always works', async () => {
    const { held, one } = noting()
    for (let wrong = 1; wrong <= 12; wrong += 1)
      expect(await signIn({ password: 'wrong', address: `198.51.100.${wrong}` }, one)).toMatchObject({
        fault: { code: 'wrong' },
      })
    expect(held).toEqual([500, 1_000, 2_000, 4_000, 5_000, 5_000, 5_000, 5_000, 5_000])
    expect(await signIn({}, one)).toMatchObject({ ok: true })
    expect(held.splice(0)).toHaveLength(10)
    expect(await signIn({}, one)).toMatchObject({ ok: true })
    expect(held).toEqual([])
  })

  test('is delayed for an address, whatever the names, only by its own failures', async () => {
    const { held, one } = noting(databaseAway)
    const { held: heldThere, one: there } = noting()
    for (let host = 1; host <= 4; host += 1) {
      await signIn({ name: `n${host}`, address: `2001:db8::${host}` }, one)
      await signIn({ name: `n${host}`, address: `2001:db8::${host}` }, there)
    }
    // While the database is away nothing was tried, and nothing has failed.
    expect([held, heldThere]).toEqual([[], [500]])
    expect(await signIn({ address: '2001:db8:0:1::1' }, there)).toMatchObject({ ok: true })
    expect(heldThere).toEqual([500])
    now += 900_000
    await signIn({ name: 'n5', address: '2001:db8::5' }, there)
    expect(heldThere).toEqual([500])
  })

  test('serves known people first, and refuses attempts beyond the queue', async () => {
    const { one } = noting()
    // Each of these takes longer than looking all of them up does.
    const slow = hashWith(password, 2 ** 14)
    await store.sql`insert into promo_editors (name, password_hash) values ('Ben', ${slow})`
    expect(await signIn({}, one)).toMatchObject({ ok: true })
    let failed = 0
    const attack = Array.from({ length: 300 }, async (_, index) => {
      const tried = await signIn(
        { name: 'ben', password: 'wrong', address: `10.0.${index >> 4}.${index}` },
        one,
      )
      if (tried.ok || tried.fault.code === 'wrong') failed += 1
      return tried
    })
    const others = Promise.all(attack)
    await waitUntil(() => failed > 0)
    expect(await signIn({}, one)).toMatchObject({ ok: true })
    expect(failed).toBeLessThan(5)
    const turnedAway = (await others).filter((tried) => !tried.ok && tried.fault.code === 'busy')
    expect(turnedAway[0]).toEqual(
      fail({
        code: 'busy',
        message: 'Too many people are trying to sign in. Try again in 10 seconds.',
        wait: 10,
      }),
    )
    expect(turnedAway).toHaveLength(280)
    expect(failed).toBe(20)
  })
})

describe('a session', () => {
  test('identifies its editor, and is renewed after ten minutes', async () => {
    const token = await begun()
    const editor = { by: 'password', id: 1, name: 'Anna', version: 1 }
    expect(await sessions().check(token)).toEqual(ok({ editor }))
    now += 10 * 60_000
    const checked = await sessions().check(token)
    expect(checked).toEqual(ok({ editor, renewed: expect.any(String) }))
    now += 11.9 * hour
    expect(checked.ok && (await sessions().check(checked.value.renewed))).toMatchObject({ ok: true })
    expect(await sessions().check(token)).toEqual(fail({ code: 'signed_out' }))
  })

  test('ends with its editor, or with all others on request', async () => {
    const token = await begun()
    const kept = sessions()
    expect(await kept.check(token)).toMatchObject({ ok: true })
    await database.run((sql) => endSessions(sql, 'Anna'))
    expect(await kept.check(token)).toMatchObject({ ok: true })
    now += 5_000
    expect(await kept.check(token)).toEqual(fail({ code: 'signed_out' }))
    const next = await begun()
    expect(await sessions().check(next)).toMatchObject({ ok: true })
    await removeEditor(database, 'Anna')
    expect(await sessions().check(next)).toEqual(fail({ code: 'signed_out' }))
  })

  test('ends on request within five seconds, also after the clock was set back', async () => {
    const token = await begun()
    const kept = sessions()
    expect(await kept.check(token)).toMatchObject({ ok: true })
    await database.run((sql) => endSessions(sql, 'Anna'))
    now -= 5_000
    expect(await kept.check(token)).toEqual(fail({ code: 'signed_out' }))
  })

  test('works without the database if its version is known, and not otherwise', async () => {
    const token = await begun()
    let gone = false
    const flaky: Database = {
      ...databaseAway,
      run: (...given) => (gone ? databaseAway.run(...given) : database.run(...given)),
    }
    const kept = sessions(flaky)
    expect(await kept.check(token)).toMatchObject({ ok: true })
    gone = true
    now += hour
    expect(await kept.check(token)).toMatchObject({ ok: true })
    expect(await sessions(databaseAway).check(token)).toEqual(fail({ code: 'unavailable' }))
  })

  test('ends after seven days, however often it is used, and so does its last token', async () => {
    const began = now
    let token = await begun()
    while (now - began < (7 * 24 - 6) * hour) {
      now += 6 * hour - 60_000
      const checked = await sessions().check(token)
      token =
        checked.ok && checked.value.renewed ? checked.value.renewed : expect.fail('is used all the time')
    }
    now = began + 7 * 24 * hour - 1_000
    expect(await sessions().check(token)).toMatchObject({ ok: true })
    now += 1_000
    expect(await sessions().check(token)).toEqual(fail({ code: 'signed_out' }))
  })

  test('from before sessions had a kind still works', async () => {
    const former = new SignJWT({ sub: 'Anna', id: 1, version: 1 })
      .setProtectedHeader({ alg: 'HS256' })
      .setAudience('promo-editor')
      .setIssuedAt(now / 1000)
      .setExpirationTime(now / 1000 + 60)
    expect(await sessions().check(await former.sign(secret))).toMatchObject(
      ok({ editor: { by: 'password' } }),
    )
  })

  test('needs a token that is neither forged nor meant for something else', async () => {
    const forged = createSessions({
      readSecret: async () => new TextEncoder().encode('another'.repeat(5)),
      database,
      now: () => now,
    })
    const api = new SignJWT({ sub: 'anna' })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(now / 1000 + 60)
    const stranger = await forged.begin({ by: 'password', id: 1, name: 'Anna', version: 1 })
    for (const token of [
      undefined,
      '',
      'nonsense',
      stranger.ok ? stranger.value : 'none',
      await api.sign(secret),
    ])
      expect(await sessions().check(token)).toEqual(fail({ code: 'signed_out' }))
  })

  test('is in a cookie that scripts and other sites do not get', async () => {
    expect(sessionCookieFor('a.b-c.d_e', 'https://site.example')).toBe(
      `__Host-promo_session=a.b-c.d_e; Path=/; Max-Age=${sessionLength}; HttpOnly; SameSite=Lax; Secure`,
    )
    for (const local of ['http://localhost:4321', 'http://127.0.0.1', 'http://[::1]:1'])
      expect(sessionCookieFor('a', local)).toMatch(/^promo_session=a; (?!.*Secure)/)
    for (const remote of ['http://site.example', 'https://localhost', 'http://localhost.example'])
      expect(sessionCookieFor('a', remote)).toContain('; Secure')
    expect(sessionCookieFor(undefined, 'http://localhost')).toContain('promo_session=; Path=/; Max-Age=0;')
  })

  test('is read from the cookie of its scheme alone: another host of the domain can set the plain one', () => {
    const both = 'theme=dark; promo_session=plain.b-c.d_e; __Host-promo_session=host.b; x=y'
    expect(sessionIn(both, 'https://site.example')).toBe('host.b')
    expect(sessionIn(both, 'http://localhost:4321')).toBe('plain.b-c.d_e')
    expect(sessionIn('promo_session=a', 'https://site.example')).toBeUndefined()
    expect(sessionIn('__Host-promo_session=a', 'http://localhost')).toBeUndefined()
    for (const none of [undefined, '', 'other_promo_session=a', 'promo_session='])
      expect(sessionIn(none, 'http://localhost')).toBeUndefined()
  })
})

test('access sets cookies, and removes them', async () => {
  const read = readConfig({
    PROMO_DATA_DIR: temporaryFolder(),
    PROMO_JWT_SECRET: 'a-secret-of-thirty-two-characters',
  })
  if (!read.ok) throw new Error('the settings do not hold')
  const config = read.value
  const access = createAccess({ config, database, now: () => now, log: createLog('silent') })
  const given = { name: 'anna', password, address: '192.0.2.7' }
  const cookie = await access.signIn(given)
  if (!cookie.ok) throw new Error(cookie.fault.message)
  expect(await access.signIn({ ...given, password: 'wrong' })).toMatchObject({ ok: false })
  const editor = { by: 'password', id: 1, name: 'Anna', version: 1 }
  expect(await access.readSession(cookie.value)).toEqual(ok({ editor, cookie: undefined }))
  expect(access.seemsEditor(cookie.value)).toBe(true)
  for (const none of ['theme=dark', 'promo_session=', 'promo_session=a.b.c'])
    expect(access.seemsEditor(none)).toBe(false)
  expect(await access.readSession(undefined)).toEqual(fail({ code: 'signed_out' }))
  expect(await access.refuseReader((name) => (name === 'cookie' ? cookie.value : undefined))).toBeUndefined()
  now += 11 * 60_000
  expect(await access.readSession(cookie.value)).toEqual(
    ok({ editor, cookie: expect.stringContaining('promo_session=') }),
  )
  const ended = ok(expect.stringContaining('promo_session=; Path=/; Max-Age=0'))
  expect(await access.signOut(cookie.value, false)).toEqual(ended)
  expect(await access.readSession(cookie.value)).toMatchObject({ ok: true })
  expect(await access.signOut(cookie.value, true)).toEqual(ended)
  expect(await access.readSession(cookie.value)).toEqual(fail({ code: 'signed_out' }))
  expect(access.seemsEditor(cookie.value)).toBe(false)
  // There is nothing to end for whoever is signed out.
  for (const former of [cookie.value, undefined]) expect(await access.signOut(former, true)).toEqual(ended)
})

describe('the secret of sessions', () => {
  const secretOf = (dataFolder: string, on = database) =>
    createSessionSecret({ database: on, dataFolder, now: () => now })
  const folderWith = (secret: string) => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'session-secret'), secret)
    return folder
  }

  test('is one for all instances, however many ask at once, and stays', async () => {
    const asked = Array.from({ length: 6 }, () => secretOf(temporaryFolder())())
    const [first, ...others] = await Promise.all(asked)
    expect(first).toHaveLength(32)
    for (const other of [...others, await secretOf('/dev/null/no-folder')()]) expect(other).toEqual(first)
  })

  test('is the one that an earlier version left in the data folder, if there is none yet', async () => {
    const former = new TextEncoder().encode('q'.repeat(43))
    const one = secretOf(folderWith(`${'q'.repeat(43)}\n`))
    expect(Buffer.from((await one()) ?? [])).toEqual(Buffer.from(former))
    const other = await secretOf(folderWith(`${'r'.repeat(43)}\n`))()
    expect(Buffer.from(other ?? [])).toEqual(Buffer.from(former))
  })

  test('is replaced if the one that was left is too short', async () => {
    expect(await secretOf(folderWith('short\n'))()).toHaveLength(32)
  })

  test('is read when the database is back, and cached from then on', async () => {
    let gone = true
    const flaky: Database = {
      ...databaseAway,
      run: (...given) => (gone ? databaseAway.run(...given) : database.run(...given)),
    }
    const read = secretOf(temporaryFolder(), flaky)
    expect(await read()).toBeUndefined()
    const nobody = createSessions({ readSecret: read, database, now: () => now })
    expect(await nobody.begin({ by: 'password', id: 1, name: 'Anna', version: 1 })).toEqual(
      fail({ code: 'unavailable' }),
    )
    expect(await nobody.check(await begun())).toEqual(fail({ code: 'unavailable' }))
    expect(await nobody.check(undefined)).toEqual(fail({ code: 'signed_out' }))
    gone = false
    const secret = await read()
    expect(secret).toHaveLength(32)
    gone = true
    expect(await read()).toBe(secret)
  })

  test('that is renewed ends all sessions on every instance within five seconds', async () => {
    const folder = folderWith('q'.repeat(43))
    const instances = [secretOf(folder), secretOf(temporaryFolder())].map((readSecret) => ({
      readSecret,
      sessions: createSessions({ readSecret, database, now: () => now }),
    }))
    const [first, second] = instances
    const begun = await first?.sessions.begin({ by: 'password', id: 1, name: 'Anna', version: 1 })
    const token = begun?.ok ? begun.value : expect.fail('begins')
    for (const one of instances) expect(await one.sessions.check(token)).toMatchObject({ ok: true })
    expect(await renewSessions(database)).toMatchObject({ ok: true })
    now += 5_000
    for (const one of instances) expect(await one.sessions.check(token)).toEqual(fail({ code: 'signed_out' }))
    expect(await first?.readSecret()).toEqual(await second?.readSecret())
    expect(await secretOf(folder)()).toEqual(await second?.readSecret())
  })

  test('is created by renewing if there is none yet', async () => {
    await renewSessions(database)
    const [row] = await store.sql<{ secret: Buffer }[]>`select secret from promo_session_secret`
    expect(await secretOf(temporaryFolder())()).toEqual(row?.secret)
  })

  test('that cannot be read keeps people from signing in, and the page says why', async () => {
    let statements = 0
    const stopping: Database = {
      ...databaseAway,
      run: (...given) => {
        statements += 1
        return statements === 1 ? database.run(...given) : databaseAway.run(...given)
      },
    }
    const read = readConfig({ PROMO_DATA_DIR: temporaryFolder() })
    if (!read.ok) throw new Error('the settings do not hold')
    const access = createAccess({
      config: read.value,
      database: stopping,
      now: () => now,
      log: createLog('silent'),
    })
    expect(await access.signIn({ name: 'anna', password, address: '192.0.2.7' })).toMatchObject(
      fail({ code: 'unavailable', message: expect.stringContaining('The database does not answer') }),
    )
  })
})

test('readers of the API have a token or a session', async () => {
  const parts = {
    siteUrl: 'http://localhost',
    sessions: sessions(),
    checkToken: async (token: string) =>
      token === 'good'
        ? ok({ subject: 'anna', expiresAt: 0 })
        : fail({
            code: token === 'other' ? ('forbidden' as const) : ('unauthorized' as const),
            message: `not ${token}`,
          }),
  }
  const refuse = (headers: Record<string, string>) => refuseReader(parts, (name) => headers[name])
  expect(await refuse({ authorization: 'Bearer good' })).toBeUndefined()
  expect(await refuse({ cookie: `promo_session=${await begun()}` })).toBeUndefined()
  expect(await refuse({})).toMatchObject({ error: 'unauthorized', headers: { 'www-authenticate': 'Bearer' } })
  expect(await refuse({ authorization: 'Basic YTpi' })).toMatchObject({ error: 'unauthorized' })
  // Nobody can say whether a session is still good.
  const blind = { ...parts, sessions: sessions(databaseAway) }
  const cookie = `promo_session=${await begun()}`
  expect(await refuseReader(blind, (name) => (name === 'cookie' ? cookie : undefined))).toMatchObject({
    error: 'database_unavailable',
  })
  // A bad token is an error even with a valid session.
  expect(await refuse({ authorization: 'Bearer bad', cookie: `promo_session=${await begun()}` })).toEqual({
    error: 'unauthorized',
    message: 'not bad',
    headers: { 'www-authenticate': 'Bearer error="invalid_token"' },
  })
  expect(await refuse({ authorization: 'Bearer other' })).toEqual({
    error: 'forbidden',
    message: 'not other',
  })
})

test.each([
  ['/analytics', '/analytics'],
  ['/analytics?days=7&tz=Europe/Oslo', '/analytics?days=7&tz=Europe/Oslo'],
  ['/analytics/offers/4?from=2025-01-01', '/analytics/offers/4?from=2025-01-01'],
  [null, '/analytics'],
  ['', '/analytics'],
  ['/', '/analytics'],
  ['/elsewhere', '/analytics'],
  ['/analyticsevil', '/analytics'],
  ['//evil.example/analytics', '/analytics'],
  ['/\\evil.example', '/analytics'],
  ['/analytics/../../evil', '/analytics'],
  ['/analytics/%2e%2e/%2e%2e/evil', '/analytics'],
  ['/analytics\t//evil.example', '/analytics'],
  ['/analytics\r\nset-cookie: a=b', '/analytics'],
  ['https://evil.example/analytics', '/analytics'],
  ['javascript:alert(1)//analytics', '/analytics'],
])('after signing in, %j leads to %s', (given, page) => {
  expect(pageAfterSignIn(given)).toBe(page)
})
