import postgres from 'postgres'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { insertQuickEditor } from '../support/editor.ts'
import { anImpression } from '../support/events.ts'
import { recordImpressions } from '../support/record.ts'
import { makeDataDir, removeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { ask, type RunningSite, runSite } from './running-site.ts'

/** One that has seen the session, and one that has not. */
let warm: RunningSite
let cold: SiteProcess
const coldData = makeDataDir()
let admin: postgres.Sql
let database = ''
let cookie = ''

beforeAll(async () => {
  warm = await runSite()
  const { url, sql } = warm.database
  database = new URL(url).pathname.slice(1)
  admin = postgres(inject('serverUrl'), { max: 1 })
  await insertQuickEditor(sql, { name: 'anna', password: 'correct horse battery' })
  await recordImpressions(sql, [anImpression({ at: Date.now(), recipients: 7_123_456 })])
  cold = await startSiteProcess({ DATABASE_URL: url, PROMO_DATA_DIR: coldData })
})
afterAll(async () => {
  await admin?.end()
  await cold?.stop()
  await warm?.end()
  removeDataDir(coldData)
})

const headers = () => ({ cookie })
const post = (site: SiteProcess, path: string, fields: Record<string, string>) =>
  ask(site, path, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', origin: site.url, cookie },
    body: new URLSearchParams(fields).toString(),
  })
const pages = ['/analytics', '/analytics/sends', '/analytics/offers/4', '/analytics/unavailable']

test('a session that is new to an instance waits for the database, and nothing is shown until then', async () => {
  const signedIn = await post(warm.site, '/sign-in', { name: 'anna', password: 'correct horse battery' })
  cookie = signedIn.headers['set-cookie']?.split(';')[0] ?? ''
  expect((await ask(warm.site, '/analytics', { headers: headers() })).body).toContain('7,123,456')
  await admin`alter database ${admin(database)} with allow_connections false`
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${database}`
  try {
    for (const path of pages) {
      const answer = await ask(cold, path, { headers: headers() })
      expect([path, answer.status, answer.headers['retry-after']]).toEqual([path, 503, '30'])
      expect(answer.body).toContain('<h1>Back in a minute</h1>')
      expect(answer.body).toContain('Promo links still redirect')
      expect(answer.body).not.toMatch(/7,123,456|No Code MBA|anna|Sign out/)
      expect(answer.headers).toMatchObject({
        'cache-control': 'private, no-store',
        'content-security-policy': expect.stringContaining("script-src 'self'"),
      })
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    const file = await ask(cold, '/api/v1/promo/analytics', { headers: headers() })
    expect([file.status, JSON.parse(file.body).error]).toEqual([503, 'database_unavailable'])
    expect(await ask(cold, '/analytics')).toMatchObject({ status: 303 })
    expect(await post(cold, '/sign-out', { everywhere: 'yes' })).toMatchObject({ status: 503 })
    const stranger = { 'x-forwarded-for': '203.0.113.7' }
    const healthFor = async (from: Record<string, string>) => {
      const { body } = await ask(warm.site, '/api/v1/promo/health', { headers: from })
      expect(JSON.parse(body)).toMatchObject({ reasons: ['database'], database: { fault: 'unavailable' } })
      return JSON.parse(body).database.message
    }
    const place = expect.stringContaining(`:${new URL(warm.database.url).port}, database ${database}`)
    expect(await healthFor({})).toEqual(place)
    expect(await healthFor({ ...stranger, cookie })).toEqual(place)
    expect(await healthFor(stranger)).toMatch(/^The database cannot be used; /)
    const known = await ask(warm.site, '/analytics?days=7', { headers: headers() })
    expect(known.status).toBe(503)
    expect(known.body).toContain('anna')
    expect(known.body).not.toContain('7,123,456')
  } finally {
    await admin`alter database ${admin(database)} with allow_connections true`
  }
  await waitFor(async () => {
    const answer = await ask(cold, '/analytics', { headers: headers() })
    expect(answer.status).toBe(200)
    expect(answer.body).toContain('7,123,456')
  }, 200)
  expect(await ask(cold, '/analytics/unavailable', { headers: headers() })).toMatchObject({
    status: 303,
    headers: { location: '/analytics' },
  })
})
