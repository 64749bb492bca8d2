import { expect, onTestFinished, test } from 'vitest'
import { collection, type FakeEntry, startFakeStrapi } from '../support/fake-strapi.ts'
import { atThisPace } from '../support/pace.ts'
import { ask, runSite } from './running-site.ts'

const path = '/api/v1/promo/links/changed'
const secret = 'a-secret-of-the-webhook'
const json = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' }

const entry = (destination_url: string): FakeEntry => ({
  id: 1,
  documentId: 'd1',
  slug: 'desk',
  destination_url,
  active: true,
})

test('a webhook of Strapi causes links to be fetched again, whatever its body, and nobody else can', async () => {
  let entries = [entry('https://m.example/0')]
  const strapi = await startFakeStrapi(collection(() => entries))
  const { site, end } = await runSite({
    PROMO_LINKS: 'strapi',
    PROMO_STRAPI_URL: strapi.url,
    PROMO_STRAPI_WEBHOOK_SECRET: secret,
  })
  onTestFinished(end)
  const events = ['create', 'update', 'delete', 'publish', 'unpublish'].map((event) =>
    JSON.stringify({ event: `entry.${event}`, model: 'affiliate-link', entry: { id: 1 } }),
  )
  const long = JSON.stringify({ event: 'entry.update', entry: { text: 'x'.repeat(500_000) } })
  const bodies = [...events, '[]', 'null', '{', '', long]
  const times: number[] = []
  for (const [index, body] of bodies.entries()) {
    const told = performance.now()
    entries = [entry(`https://m.example/${index + 1}`)]
    expect((await ask(site, path, { method: 'POST', headers: json, body })).status).toBe(204)
    await expect
      .poll(async () => (await ask(site, '/desk')).headers.location, { interval: 20 })
      .toBe(`https://m.example/${index + 1}`)
    times.push(performance.now() - told)
  }
  expect(times.toSorted((one, other) => one - other)[bodies.length / 2]).toBeLessThan(atThisPace(3_000))
  const plain = { authorization: `Bearer ${secret}` }
  expect((await ask(site, path, { method: 'POST', headers: plain })).status).toBe(204)

  const asked = strapi.requests.length
  const refusals = [
    { headers: { ...json, authorization: 'Bearer another-secret' }, body: '{}' },
    { headers: { 'content-type': 'application/json' }, body: '{}' },
  ]
  for (const { headers, body } of refusals)
    expect(await ask(site, path, { method: 'POST', headers, body })).toMatchObject({
      status: 401,
      body: expect.stringContaining('PROMO_STRAPI_WEBHOOK_SECRET'),
    })
  const stranger = { 'content-type': 'application/json' }
  expect((await ask(site, path, { method: 'POST', headers: stranger, body: long })).status).toBe(413)
  const endless = 'x'.repeat(1_100_000)
  expect((await ask(site, path, { method: 'POST', headers: json, body: endless })).status).toBe(413)
  expect(await ask(site, path, { headers: json })).toMatchObject({ status: 405, headers: { allow: 'POST' } })
  expect(strapi.requests.length - asked).toBeLessThan(3)
  expect(site.log.join()).not.toContain(secret)
})
