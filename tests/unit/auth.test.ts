import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { jwtVerify } from 'jose'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { acceptName, foldName } from '../../src/lib/auth/editor-name.ts'
import {
  acceptPassword,
  generatePassword,
  hashPassword,
  verifyPassword,
} from '../../src/lib/auth/password.ts'
import { tokenSecret } from '../../src/lib/auth/secret.ts'
import { parseLifetime, signToken } from '../../src/lib/auth/token.ts'

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  return { ...fs, linkSync: vi.fn(fs.linkSync) }
})

describe('passwords', () => {
  test('a hash matches only its password, and no two hashes are the same', async () => {
    const [hash, other] = [
      await hashPassword('correct horse battery'),
      await hashPassword('correct horse battery'),
    ]
    expect(hash).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[\w+/=]{24}\$[\w+/=]{44}$/)
    expect(hash).not.toBe(other)
    expect(await verifyPassword('correct horse battery', hash)).toBe(true)
    expect(await verifyPassword('correct horse Battery', hash)).toBe(false)
    expect(await verifyPassword('', hash)).toBe(false)
  })

  test('a hash made with other parameters is checked with its own', async () => {
    // RFC 7914, section 12, second vector, cut to 32 bytes.
    const key = Buffer.from('fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162', 'hex')
    const stored = `$scrypt$ln=10,r=8,p=16$${Buffer.from('NaCl').toString('base64')}$${key.toString('base64')}`
    expect(await verifyPassword('password', stored)).toBe(true)
    expect(await verifyPassword('passwort', stored)).toBe(false)
  })

  test.each([
    '',
    'plain',
    '$scrypt$ln=15,r=0,p=3$AAAA$AAAA',
    '$scrypt$ln=15,r=8,p=3$AAAA$AAAA',
    '$2b$10$abc',
  ])('nothing matches the invalid hash %j', async (stored) =>
    expect(await verifyPassword('', stored)).toBe(false),
  )

  test('the same characters are the same password, composed or not', async () => {
    const accepted = acceptPassword('cafe\u0301 au lait, s’il')
    if (!accepted.ok) throw new Error(accepted.fault.message)
    expect(await verifyPassword('café au lait, s’il', await hashPassword(accepted.value))).toBe(true)
  })

  test('too short and too long ones are refused, counted in characters', () => {
    expect(acceptPassword('😀'.repeat(11))).toMatchObject({
      ok: false,
      fault: { message: expect.stringContaining('12') },
    })
    expect(acceptPassword('x'.repeat(12)).ok).toBe(true)
    expect(acceptPassword('x'.repeat(1000)).ok).toBe(true)
    expect(acceptPassword('x'.repeat(1001))).toMatchObject({ ok: false })
  })

  test('generated ones are strong, readable and different', () => {
    const made = new Set(Array.from({ length: 50 }, generatePassword))
    expect(made.size).toBe(50)
    for (const password of made) expect(password).toMatch(/^([a-km-np-z2-9]{5}-){3}[a-km-np-z2-9]{5}$/)
  })
})

test.each([
  ['  Anna ', 'Anna'],
  ['', undefined],
  ['   ', undefined],
  ['x'.repeat(101), undefined],
  ['a\nb', undefined],
  ['a\0b', undefined],
  ['\uD800', undefined],
  ['Zoe\u0308', 'Zoë'],
])('the editor name %j is read as %j', (given, taken) => {
  const name = acceptName(given)
  expect(name.ok ? name.value : undefined).toBe(taken)
})

/** Every letter that has a case, by JavaScript's own folding: that of regular expressions without case. */
const cased = Array.from({ length: 0x1fa00 }, (_, code) => code)
  .filter((code) => code < 0xd800 || code > 0xdfff)
  .map((code) => String.fromCodePoint(code))
  .filter((letter) => letter.toLowerCase() !== letter || letter.toUpperCase() !== letter)

test('names differ only in case if Unicode says so, whatever the language', () => {
  const alike = (one: string, other: string) => new RegExp(`^${one}$`, 'iu').test(other)
  for (const letter of cased) {
    for (const other of [letter.toLowerCase(), letter.toUpperCase()]) {
      if ([...other].length > 1) continue
      expect([letter, other, foldName(letter) === foldName(other)]).toEqual([
        letter,
        other,
        alike(letter, other),
      ])
    }
  }
  expect(foldName('INFO')).toBe('info')
  expect(foldName('Ilse')).not.toBe(foldName('ılse'))
  expect(foldName('Ilse')).not.toBe(foldName('İlse'))
  for (const name of ['Straße', 'STRAẞE']) expect(foldName(name)).toBe(foldName('STRASSE'))
  expect(foldName('ΝΙΚΟΣ')).toBe(foldName('νικος'))
  expect(foldName('ΝΙΚΟΣ')).toBe(foldName('νικοσ'))
  expect(foldName('Zoe\u0308')).toBe(foldName('ZOË'))
})

describe('tokens', () => {
  const secret = new TextEncoder().encode('a-secret-of-at-least-32-characters!!')
  const now = Date.UTC(2026, 10, 22, 12)
  const request = { secret, subject: 'dashboard', lifetime: 3_600, now, config: {} }

  test('are verified by jose, but not with another secret or at a later time', async () => {
    const token = await signToken(request)
    const checked = await jwtVerify(token, secret, { algorithms: ['HS256'], currentDate: new Date(now) })
    expect(checked.payload).toEqual({ sub: 'dashboard', iat: now / 1000, exp: now / 1000 + 3_600 })
    const other = new TextEncoder().encode('another-secret-of-at-least-32-chars!')
    await expect(jwtVerify(token, other, { currentDate: new Date(now) })).rejects.toThrow('signature')
    await expect(jwtVerify(token, secret, { currentDate: new Date(now + 3_601_000) })).rejects.toThrow('exp')
  })

  test('issuer and audience are those of the settings', async () => {
    const config = { PROMO_JWT_ISSUER: 'https://site.example', PROMO_JWT_AUDIENCE: 'promo' }
    const token = await signToken({ ...request, config })
    const expected = { issuer: 'https://site.example', audience: 'promo', currentDate: new Date(now) }
    expect((await jwtVerify(token, secret, expected)).payload).toMatchObject({
      iss: 'https://site.example',
      aud: 'promo',
    })
    await expect(jwtVerify(await signToken(request), secret, expected)).rejects.toThrow()
  })

  test.each([
    ['45s', 45],
    ['30m', 1_800],
    ['1h', 3_600],
    ['7d', 604_800],
    ['366d', 31_622_400],
    ['367d', undefined],
    ['0h', undefined],
    ['1', undefined],
    ['h', undefined],
    ['-1h', undefined],
    ['1.5h', undefined],
    ['', undefined],
    ['9x', undefined],
  ])('%j is a lifetime of %j seconds', (text, seconds) => {
    const lifetime = parseLifetime(text)
    expect(lifetime.ok ? lifetime.value : undefined).toBe(seconds)
  })
})

describe('the secret', () => {
  let folder = ''
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'promo-secret-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  const read = (
    PROMO_DATA_DIR: string,
    settings: { PROMO_JWT_SECRET?: string; PROMO_JWKS_URL?: string } = {},
  ) => {
    const secret = tokenSecret({
      PROMO_JWT_SECRET: settings.PROMO_JWT_SECRET,
      PROMO_JWKS_URL: settings.PROMO_JWKS_URL,
      PROMO_DATA_DIR,
    })
    return secret.ok ? new TextDecoder().decode(secret.value) : secret.fault
  }

  test('comes from the settings', () => {
    const given = 'x'.repeat(32)
    expect(read(folder, { PROMO_JWT_SECRET: given, PROMO_JWKS_URL: 'https://a.example/' })).toBe(given)
    expect(readdirSync(folder)).toEqual([])
  })

  test('is not created if tokens come from elsewhere', () => {
    expect(read(folder, { PROMO_JWKS_URL: 'https://auth.example/jwks' })).toMatchObject({
      code: 'keys_elsewhere',
      message: expect.stringContaining('https://auth.example/jwks'),
    })
    expect(readdirSync(folder)).toEqual([])
  })

  test('is generated once, readable by its owner alone', () => {
    const dataDir = join(folder, 'data')
    const secret = read(dataDir)
    expect(secret).toMatch(/^[\w-]{43}$/)
    expect(read(dataDir)).toBe(secret)
    expect(statSync(join(dataDir, 'jwt-secret')).mode & 0o777).toBe(0o600)
    expect(readdirSync(dataDir)).toEqual(['.gitignore', 'jwt-secret'])
  })

  test('is only one even if processes race for it', async () => {
    const module = join(import.meta.dirname, '../../src/lib/auth/secret.ts')
    const code = `
      const { tokenSecret } = await import(${JSON.stringify(module)})
      while (Date.now() < Number(process.argv[1])) {}
      process.stdout.write(tokenSecret({ PROMO_DATA_DIR: process.argv[2] }).value)`
    const start = String(Date.now() + 1_500)
    const secrets = await Promise.all(
      Array.from({ length: 4 }, async () => {
        const child = spawn(process.execPath, [
          '--input-type=module',
          '-e',
          code,
          start,
          join(folder, 'data'),
        ])
        const [secret] = await Promise.all([text(child.stdout), once(child, 'exit')])
        return secret
      }),
    )
    expect(new Set(secrets)).toEqual(new Set([read(join(folder, 'data'))]))
    expect(readdirSync(join(folder, 'data'))).toEqual(['.gitignore', 'jwt-secret'])
  })

  test('of a faster process is used', () => {
    vi.mocked(linkSync).mockImplementationOnce((_, path) => {
      writeFileSync(path, `${'q'.repeat(40)}\n`)
      throw Object.assign(new Error('it exists'), { code: 'EEXIST' })
    })
    expect(read(folder)).toBe('q'.repeat(40))
    expect(readdirSync(folder)).toEqual(['jwt-secret'])
  })

  test('that is invalid is a fault that names the file', () => {
    const path = join(folder, 'jwt-secret')
    const unusable = { code: 'unusable_file', message: expect.stringContaining(path) }
    writeFileSync(path, 'short\n')
    expect(read(folder)).toMatchObject(unusable)
    rmSync(path)
    mkdirSync(path)
    expect(read(folder)).toMatchObject(unusable)
    rmSync(path, { recursive: true })
    symlinkSync(join(folder, 'nowhere'), path)
    expect(read(folder)).toMatchObject(unusable)
    chmodSync(folder, 0o700)
    writeFileSync(join(folder, 'file'), '')
    expect(read(join(folder, 'file'))).toMatchObject({ code: 'unusable_file' })
  })
})
