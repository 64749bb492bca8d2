import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { loadConfig, readGiven, unknownSettings } from '../../src/server/load-config.ts'
import { temporaryFolder } from '../support/folders.ts'

const home = process.cwd()
afterEach(() => {
  process.chdir(home)
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
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

test('lines that would be ignored are named by their numbers, and nothing of what is in them', () => {
  write(
    [
      '# PORT 5000',
      '',
      '  # indented',
      'PROMO_INGEST_TOKEN s3cret',
      'export HOST=::1',
      'PROMO_CLICK_NETWORKS: s3cret # not A=1',
      '=s3cret',
      'OTHER="# no comment',
      'of three lines',
      '"',
      "QUOTE='it begins and does not end",
      'export PORT\r',
      'PORT=5000#\r',
    ].join('\n'),
  )
  const read = readGiven()
  const remedy = 'has no "=" after a name: write NAME=value, or "#" before a comment'
  expect(read).toEqual({
    ok: false,
    fault: {
      message: [
        `${join(process.cwd(), '.env')} is not valid:`,
        ...[4, 6, 7, 12].map((line) => `  line ${line} ${remedy}`),
      ].join('\n'),
    },
  })
  expect(unknownSettings()).toEqual([])
})

test('a folder in place of the file is said, with what to do', () => {
  process.chdir(temporaryFolder())
  mkdirSync('.env')
  expect(readGiven()).toMatchObject({
    ok: false,
    fault: {
      message: expect.stringMatching(/\.env cannot be read \(EISDIR.*make it a file .*, or remove it$/),
    },
  })
  const told: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => told.push(String(text)) > 0)
  vi.spyOn(process, 'exit').mockImplementation((code) => {
    throw new Error(`exit ${code}`)
  })
  expect(loadConfig).toThrow('exit 1')
  expect(told).toEqual([expect.stringContaining('.env cannot be read')])
})
