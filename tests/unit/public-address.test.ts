import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { refuseAddress, showPublicAddress } from '../../src/server/public-address.ts'

const shown = (headers: IncomingHttpHeaders, siteUrl = 'https://site.example') => {
  showPublicAddress(headers, siteUrl)
  return headers
}

test('a visitor’s headers about the address are dropped', () => {
  const said = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-port': '8443',
    'x-forwarded-for': '203.0.113.7',
  }
  expect(shown({ host: 'localhost:4321', ...said })).toEqual({
    host: 'localhost:4321',
    'x-forwarded-for': '203.0.113.7',
  })
  expect(shown({ host: 'site.example', ...said, 'x-forwarded-proto': 'http' })).toEqual({
    host: 'site.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.7',
  })
})

test('a form from the public address gets the public host, whatever host the proxy sends', () => {
  const origin = 'https://site.example'
  expect(shown({ host: '127.0.0.1:4321', origin })).toEqual({
    host: 'site.example',
    origin,
    'x-forwarded-proto': 'https',
  })
  const plain = { host: '10.0.0.1', origin: 'http://intranet:8080' }
  expect(shown(plain, 'http://intranet:8080')).toMatchObject({
    host: 'intranet:8080',
    'x-forwarded-proto': 'http',
  })
})

test('another origin or host changes nothing', () => {
  for (const origin of ['http://site.example', 'https://site.example:444', 'https://evil.example', 'null'])
    expect(shown({ host: 'localhost', origin })).toEqual({ host: 'localhost', origin })
  expect(shown({ host: 'site.example.evil.example' })).toEqual({ host: 'site.example.evil.example' })
})

const badHosts = [
  '',
  'a b',
  '[bad',
  'localhost:4321.evil.example',
  'localhost:99999',
  'user@localhost',
  'a/..',
  'a\\b',
  'a?b',
]

test.each(badHosts)('an invalid Host is refused and named: "%s"', (host) => {
  const answer = refuseAddress({ url: '/analytics', headers: { host } })
  expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('"host":"must be a name') })
})

test('any other Host is accepted, also a missing one', () => {
  for (const host of ['localhost', 'site.example:443', '[::1]:4321', '10.0.0.1', 'promo_backend', undefined])
    expect(refuseAddress({ url: '/a//b?c=[%', headers: { host } })).toBeUndefined()
})

test('a target that is no path is refused', () => {
  const answer = refuseAddress({ url: '*', headers: { host: 'localhost' } })
  expect(answer).toMatchObject({ status: 400, body: expect.stringContaining('"target":"must begin') })
})
