import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from 'vitest'
import { showPublicAddress } from '../../src/public-address.ts'

const shown = (headers: IncomingHttpHeaders, siteUrl = 'https://site.example') => {
  showPublicAddress(headers, siteUrl)
  return headers
}

test('what a visitor says of the address is dropped', () => {
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

test('a form from the public address is at the public address, whatever host the proxy asks for', () => {
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

test('no other origin and no other host is', () => {
  for (const origin of ['http://site.example', 'https://site.example:444', 'https://evil.example', 'null'])
    expect(shown({ host: 'localhost', origin })).toEqual({ host: 'localhost', origin })
  expect(shown({ host: 'site.example.evil.example' })).toEqual({ host: 'site.example.evil.example' })
})
