import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { readGiven, unknownSettings } from '../../src/server/load-config.ts'
import { temporaryFolder } from '../support/folders.ts'

const home = process.cwd()
afterEach(() => {
  process.chdir(home)
  vi.unstubAllEnvs()
})

/** Goes to a folder with this `.env`. */
function write(text: string): void {
  const folder = temporaryFolder()
  writeFileSync(join(folder, '.env'), text)
  process.chdir(folder)
}

test('our own names take precedence over those that a site may use for something else', () => {
  vi.stubEnv('DATABASE_URL', 'file:./dev.db')
  vi.stubEnv('SITE_URL', 'https://site.example/blog')
  expect(readGiven()).toMatchObject({
    ok: false,
    fault: { message: expect.stringMatching(/set PROMO_DATABASE_URL: .*\n.*set PROMO_SITE_URL: /) },
  })
  vi.stubEnv('PROMO_DATABASE_URL', 'postgres://promo@127.0.0.1/promo')
  vi.stubEnv('PROMO_SITE_URL', 'https://site.example')
  expect(readGiven()).toMatchObject({
    ok: true,
    value: { DATABASE_URL: 'postgres://promo@127.0.0.1/promo', SITE_URL: 'https://site.example' },
  })
})

test('the port of a site is used unless a setting says otherwise', () => {
  vi.stubEnv('PORT', undefined)
  expect(readGiven({ PORT: '5000' })).toMatchObject({ ok: true, value: { PORT: 5000 } })
  vi.stubEnv('PORT', '6000')
  expect(readGiven({ PORT: '5000' })).toMatchObject({ ok: true, value: { PORT: 6000 } })
})

test('an empty name of our own counts as unset; another empty value hides that of the file', () => {
  write('PORT=5000\nDATABASE_URL=postgres://promo@127.0.0.1/promo\n')
  vi.stubEnv('PROMO_DATABASE_URL', '')
  vi.stubEnv('PORT', '')
  expect(readGiven()).toMatchObject({
    ok: true,
    value: { PORT: 4321, DATABASE_URL: 'postgres://promo@127.0.0.1/promo' },
  })
})

test('a byte order mark and the line ends of Windows belong to no name and no value', () => {
  write('\uFEFFPORT=5000\r\nHOST=::1\r\n')
  expect(readGiven()).toMatchObject({ ok: true, value: { PORT: 5000, HOST: '::1' } })
})

test('misspelled settings are named', () => {
  write('PROMO_TRUSTED_PROXY=127.0.0.1\nPROMO_WORKERS=2\nPROMO_SITE_URL=https://a.example\nOTHER=1\n')
  vi.stubEnv('PROMO_RETAIN_DETAIL_DAYS', '7')
  expect(unknownSettings().toSorted()).toEqual(['PROMO_RETAIN_DETAIL_DAYS', 'PROMO_TRUSTED_PROXY'])
})
