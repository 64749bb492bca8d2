import { describe, expect, test } from 'vitest'
import { isLocal, namesThisMachine } from '../../src/lib/http/local.ts'

const local = (peer: string, headers: Record<string, string> = {}, http?: string) =>
  isLocal(peer, (name) => ({ host: 'localhost:4321', ...headers })[name], http)

describe('a program on this machine', () => {
  test.each(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'])('is one at %s', (peer) => {
    expect(local(peer)).toBe(true)
    expect(local(peer, { 'sec-fetch-site': 'none' })).toBe(true)
  })

  test.each(['10.0.0.1', '203.0.113.7', '::ffff:10.0.0.1', '::2', ''])('is not one at %s', (peer) =>
    expect(local(peer)).toBe(false),
  )

  test.each([
    { origin: 'http://localhost:4321' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-origin' },
  ])('is no page in a browser: %o', (headers) => expect(local('127.0.0.1', headers)).toBe(false))

  test.each([
    ...['x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port', 'x-forwarded-ssl'],
    ...['forwarded', 'via', 'x-real-ip', 'cf-ray', 'cf-connecting-ip', 'true-client-ip', 'fly-client-ip'],
    ...['x-amzn-trace-id', 'x-client-ip', 'x-azure-ref', 'cdn-loop', 'x-envoy-external-address'],
  ])('does not come through a proxy that has left %s, whatever it says', (name) => {
    for (const value of ['', '127.0.0.1', 'localhost'])
      expect(local('127.0.0.1', { [name]: value })).toBe(false)
  })

  test('does not speak HTTP/1.0, as nginx does by default', () => {
    expect(local('127.0.0.1', {}, '1.1')).toBe(true)
    expect(local('127.0.0.1', {}, '1.0')).toBe(false)
  })

  test('names this machine as the host', () => {
    expect(local('127.0.0.1', { host: 'www.example.com' })).toBe(false)
    expect(isLocal('127.0.0.1', () => undefined)).toBe(false)
  })
})

test.each(['localhost', 'LOCALHOST', 'localhost:4321', '127.0.0.1', '127.1.2.3:80', '[::1]', '[::1]:4321'])(
  '%s names this machine',
  (host) => expect(namesThisMachine(host)).toBe(true),
)

test.each([
  ...['www.example.com', 'localhost.example.com', 'notlocalhost', 'localhost.', '127.0.0.1.example.com'],
  ...[
    '10.0.0.1',
    '128.0.0.1',
    '127.0.0',
    '::1',
    '[::2]',
    'localhost:',
    'localhost:port',
    'localhost@a',
    '',
    undefined,
  ],
])('%s does not name this machine', (host) => expect(namesThisMachine(host)).toBe(false))
