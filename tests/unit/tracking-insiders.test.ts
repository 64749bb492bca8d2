import { SignJWT } from 'jose'
import { expect, test } from 'vitest'
import {
  createSessions,
  longestSession,
  type SignedInEditor,
  sessionLength,
} from '../../src/lib/auth/session.ts'
import { parseNetworks } from '../../src/lib/base/networks.ts'
import { createInsiders } from '../../src/lib/tracking/insiders.ts'
import { databaseAway } from '../support/database-away.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const secret = new Uint8Array(32).fill(7)
const ada: SignedInEditor = { by: 'password', id: 1, name: 'Ada', version: 3 }

/** Sessions with a clock of their own, over a secret that can be read and a database that cannot. */
function sessionsAt() {
  let now = noon
  const sessions = createSessions({ readSecret: async () => secret, database: databaseAway, now: () => now })
  return { sessions, wait: (seconds: number) => (now += seconds * 1000) }
}

async function begun(sessions: ReturnType<typeof createSessions>): Promise<string> {
  const token = await sessions.begin(ada)
  if (!token.ok) throw new Error(token.fault.code)
  return token.value
}

test('the site’s own networks are recognised by any of their addresses', () => {
  const insiderOf = createInsiders({
    networks: parseNetworks('198.51.100.0/24, 2001:db8::/48'),
    isEditor: (cookies) => cookies === 'hers',
  })
  expect(insiderOf('198.51.100.255', undefined)).toBe('own_network')
  expect(insiderOf('198.51.101.0', undefined)).toBeNull()
  expect(insiderOf('2001:db8:0:ffff::1', 'other')).toBe('own_network')
  expect(insiderOf('2001:db8:1::1', 'other')).toBeNull()
  expect(insiderOf('198.51.100.7', 'hers')).toBe('editor')
  const open = createInsiders({ networks: undefined, isEditor: () => false })
  expect(open('198.51.100.7', 'a=b')).toBeNull()
  const trusting = createInsiders({ networks: undefined, isEditor: () => true })
  expect([trusting('198.51.100.7', undefined), trusting('198.51.100.7', '')]).toEqual([null, 'editor'])
})

test('a session is recognised at once, unless it has ended, was tampered with, or has another secret', async () => {
  const { sessions, wait } = sessionsAt()
  const token = await begun(sessions)
  expect(sessions.seems(token)).toBe(true)
  const [head, payload = '', signature] = token.split('.')
  const raised = Buffer.from(Buffer.from(payload, 'base64url').toString().replace('"id":1', '"id":2'))
  for (const forged of [
    '',
    'x',
    `${head}.${payload}.`,
    `${head}.${payload}.${signature}x`,
    `${head}.${raised.toString('base64url')}.${signature}`,
    `${token}${'a'.repeat(2_000)}`,
  ])
    expect(sessions.seems(forged)).toBe(false)
  wait(sessionLength - 1)
  expect(sessions.seems(token)).toBe(true)
  wait(1)
  expect(sessions.seems(token)).toBe(false)
})

test('a token that is no session, or a session that is too old, is not recognised', async () => {
  const { sessions } = sessionsAt()
  await begun(sessions)
  const seconds = noon / 1000
  const signed = (claims: Record<string, unknown>, audience = 'promo-editor') =>
    new SignJWT({ by: 'password', id: 1, version: 3, ...claims })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject('Ada')
      .setAudience(audience)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 60)
      .sign(secret)
  expect(sessions.seems(await signed({}))).toBe(true)
  expect(sessions.seems(await signed({}, 'promo-analytics'))).toBe(false)
  expect(sessions.seems(await signed({ began: seconds - longestSession }))).toBe(false)
  expect(sessions.seems(await signed({ began: seconds - longestSession + 1 }))).toBe(true)
})

test('nobody is recognised before the secret is read, which the first check starts', async () => {
  const token = await begun(sessionsAt().sessions)
  const { sessions } = sessionsAt()
  expect(sessions.seems(token)).toBe(false)
  await expect.poll(() => sessions.seems(token)).toBe(true)
})
