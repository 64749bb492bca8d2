import { describe, expect, onTestFinished, test } from 'vitest'
import { openMauticClient } from '../../src/lib/mautic/client.ts'
import type { LoginSettings } from '../../src/lib/mautic/login.ts'
import { client, type FakeMautic, login, sendMauticError, startFakeMautic } from '../support/fake-mautic.ts'
import { type FakeStrapi, sendJson } from '../support/fake-strapi.ts'

async function begin(settings: LoginSettings = login, url = (fake: FakeMautic) => fake.url) {
  const fake = await startFakeMautic({ 17: { name: 'Friday', sentCount: 5_000 } })
  const clock = { time: 0 }
  const mautic = openMauticClient({ url: url(fake), login: settings, elapsed: () => clock.time })
  onTestFinished(mautic.stop)
  return { fake, clock, mautic }
}

const paths = (fake: FakeMautic) => fake.requests.map(({ path }) => path)

describe('an e-mail is read', () => {
  test('by a user of Mautic, with any characters in the password', async () => {
    const { fake, mautic } = await begin()
    expect(await mautic.readEmail(17)).toEqual({
      ok: true,
      value: { id: 17, sent: 5_000, texts: [], related: [], publishUp: undefined },
    })
    expect(paths(fake)).toEqual(['/api/emails/17'])
  })

  test('with a token of its API, which is fetched once, and anew before it ends', async () => {
    const { fake, clock, mautic } = await begin(client)
    for (let time = 0; time < 3; time += 1) expect(await mautic.readEmail(17)).toMatchObject({ ok: true })
    expect(paths(fake)).toEqual(['/oauth/v2/token', '/api/emails/17', '/api/emails/17', '/api/emails/17'])
    clock.time = 3_539_999
    await mautic.readEmail(17)
    expect(fake.tokens.size).toBe(1)
    clock.time = 3_540_000
    await mautic.readEmail(17)
    expect(fake.tokens.size).toBe(2)
  })

  test('with a second token if Mautic has forgotten the first, and no third', async () => {
    const { fake, mautic } = await begin(client)
    await mautic.readEmail(17)
    fake.tokens.delete('token-1')
    fake.tokens.add('unused')
    expect(await mautic.readEmail(17)).toMatchObject({ ok: true })
    fake.instead = (request, response) =>
      request.url === '/oauth/v2/token'
        ? sendJson(response, 200, { access_token: 'never-good' })
        : sendMauticError(response, 401, 'The access token provided is invalid.', {}, 'invalid_grant')
    const before = fake.requests.length
    expect(await mautic.readEmail(17)).toMatchObject({
      fault: { code: 'refused', advice: expect.stringContaining('PROMO_MAUTIC_CLIENT_ID') },
    })
    expect(fake.requests.length - before).toBe(3)
  })

  test.each([
    ['as texts', { sentCount: '42', variantSentCount: '7' }, { sent: 42 }],
    [
      'of a test that went on before its count began anew',
      { sentCount: 9, variantSentCount: 12 },
      { sent: 12 },
    ],
    [
      'by the text that its HTML links to',
      { customHtml: '<a href="https://s/x?promo_var=42&amp;utm_a=b">' },
      { texts: [42] },
    ],
    [
      'by the texts in all its parts',
      { customHtml: '?promo_var=42"', plainText: 'https://s/x?promo_var=43\n?PROMO%5Fvar%3D44' },
      { texts: [42, 43, 44] },
    ],
    [
      'by the texts in its dynamic content',
      {
        dynamicContent: {
          1: {
            tokenName: 'Promo',
            content: '<a href="https://s/x?promo_var=42">',
            filters: [{ content: 'x?promo_var=43', filters: [{ field: null }] }, { content: null }],
          },
        },
      },
      { texts: [42, 43] },
    ],
    ['by no text of what is no dynamic content', { dynamicContent: ['promo_var=42'] }, { texts: [] }],
    [
      'by no text of filters that are none',
      { dynamicContent: [{ content: 'promo_var=42', filters: [7] }] },
      { texts: [42] },
    ],
    [
      'without texts that nobody can read',
      { customHtml: 'promo_var=x promo_var=1e9 promo_var=2147483648' },
      { texts: [] },
    ],
    [
      'with its relations',
      {
        variantParent: { id: 3 },
        variantChildren: [{ id: 4 }, { id: 17 }],
        translationChildren: { 5: { id: 5 } },
        translationParent: 'x',
      },
      { related: [3, 4, 5] },
    ],
    [
      'with the time it was to go out',
      { publishUp: '2026-11-20T06:00:00+00:00' },
      { publishUp: Date.UTC(2026, 10, 20, 6) },
    ],
    [
      'with none of that',
      { customHtml: null, publishUp: null, variantSentCount: null },
      { texts: [], publishUp: undefined },
    ],
  ])('%s', async (_, fields, read) => {
    const { fake, mautic } = await begin()
    fake.instead = (__, response) => sendJson(response, 200, { email: { id: 17, sentCount: 5, ...fields } })
    expect(await mautic.readEmail(17)).toMatchObject({ ok: true, value: read })
  })

  test('of any content quickly', async () => {
    const { fake, mautic } = await begin()
    const parts = ['promo_var=', '?', '&', '<a href="', 'promo%5fvar=4']
    for (const part of parts) {
      const customHtml = part.repeat(1_500_000 / part.length)
      fake.instead = (_, response) => sendJson(response, 200, { email: { id: 17, sentCount: 5, customHtml } })
      const began = performance.now()
      expect(await mautic.readEmail(17)).toMatchObject({ ok: true })
      expect(performance.now() - began).toBeLessThan(20_000)
    }
    const nested = '['.repeat(500_000) + ']'.repeat(500_000)
    fake.instead = (_, response) =>
      response.end(`{"email":{"id":17,"sentCount":5,"dynamicContent":${nested},"variantChildren":${nested}}}`)
    expect(await mautic.readEmail(17)).toMatchObject({ ok: true, value: { sent: 5, texts: [], related: [] } })
  })
})

test('the newest e-mails are listed with their names, and the list may be empty', async () => {
  const { fake, mautic } = await begin()
  expect(await mautic.readNewest()).toEqual({ ok: true, value: [{ id: 17, name: 'Friday' }] })
  expect(paths(fake)).toEqual(['/api/emails?minimal=1&start=0&limit=100&orderBy=id&orderByDir=desc'])
  fake.emails.clear()
  expect(await mautic.readNewest()).toEqual({ ok: true, value: [] })
  fake.instead = (_, response) => sendJson(response, 200, { total: 0 })
  expect(await mautic.readNewest()).toMatchObject({ fault: { code: 'unsuitable' } })
  fake.instead = (_, response) => sendMauticError(response, 500, 'Sorry')
  expect(await mautic.readNewest()).toMatchObject({ fault: { code: 'failing' } })
})

const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, '[1,')

describe('an unusable answer is a fault:', () => {
  test.for<
    [string, FakeStrapi['answer'], { code: string; alone?: boolean; advice?: string; message?: string }]
  >([
    [
      '401',
      (_, r) => sendMauticError(r, 401, 'Authorization denied, invalid credentials.', {}, 'access_denied'),
      {
        ...{ code: 'refused', alone: false },
        advice: 'correct PROMO_MAUTIC_USER and PROMO_MAUTIC_PASSWORD',
        message: 'Authorization denied, invalid credentials.',
      },
    ],
    [
      '403',
      (_, r) => sendMauticError(r, 403, 'API disabled.', {}, 'api_disabled'),
      { code: 'refused', advice: 'enable its API, and allow the role' },
    ],
    [
      '404',
      (_, r) => sendMauticError(r, 404, 'Item was not found.'),
      { code: 'unsuitable', alone: true, message: 'Item was not found.' },
    ],
    [
      '429',
      (_, r) =>
        sendMauticError(r, 429, 'You exceeded the rate limit of 60 API calls per hour.', {
          'retry-after': '20',
        }),
      { code: 'busy', alone: false },
    ],
    ['500', (_, r) => sendMauticError(r, 500, 'Looks like I encountered an error'), { code: 'failing' }],
    ['garbage', (_, r) => r.end('<html>'), { code: 'failing' }],
    [
      'something else',
      (_, r) => sendJson(r, 200, { email: { id: 17 } }),
      { code: 'unsuitable', alone: true, advice: 'not Mautic' },
    ],
    ['10 MB', (_, r) => r.end(tenMegabytes), { code: 'unsuitable', alone: true }],
    [
      'a circle',
      (q, r) => r.writeHead(302, { location: `${q.url}` }).end(),
      { code: 'unsuitable', advice: 'Mautic redirects, which is not followed' },
    ],
    [
      'a redirect elsewhere',
      (_, r) => r.writeHead(301, { location: 'https://login.example/x' }).end(),
      { code: 'unsuitable', advice: 'to https://login.example' },
    ],
    ['a broken line', (_, r) => r.destroy(), { code: 'unreachable' }],
  ])('%s', async ([, instead, { code, alone, advice, message }]) => {
    const { fake, mautic } = await begin()
    fake.instead = instead
    const read = await mautic.readEmail(17)
    expect(read).toMatchObject({ ok: false, fault: { code } })
    expect(read.ok ? undefined : read.fault.alone).toBe(alone)
    expect(JSON.stringify(read)).toContain(advice ?? message ?? '')
    expect(fake.requests).toHaveLength(1)
  })

  test('unknown credentials, or an invalid token', async () => {
    const wrong = await begin({ ...client, secret: 'another-secret-of-it' })
    const refused = await wrong.mautic.readEmail(17)
    expect(refused).toMatchObject({
      fault: { code: 'refused', message: 'answered with status 400: The client credentials are invalid' },
    })
    expect(JSON.stringify(refused)).not.toContain('another-secret-of-it')
    const { fake, mautic } = await begin(client)
    for (const body of ['<html>', '{}', '{"access_token": "a b"}']) {
      fake.instead = (_, response) => response.end(body)
      expect(await mautic.readEmail(17)).toMatchObject({ fault: { code: 'unsuitable' } })
    }
    fake.instead = (_, response) => sendMauticError(response, 503, 'Away', { 'retry-after': '9' })
    expect(await mautic.readEmail(17)).toMatchObject({ fault: { code: 'busy', pause: 9_000 } })
  })

  test('a stop ends the wait for an answer that never comes', async () => {
    const { fake, mautic } = await begin()
    fake.instead = () => {}
    const asked = mautic.readEmail(17)
    await expect.poll(() => fake.requests.length).toBe(1)
    mautic.stop()
    expect(await asked).toMatchObject({ fault: { code: 'unreachable' } })
  })
})
