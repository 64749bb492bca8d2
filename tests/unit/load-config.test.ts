import { afterEach, expect, test, vi } from 'vitest'
import { readGiven } from '../../src/server/load-config.ts'

afterEach(() => vi.unstubAllEnvs())

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
