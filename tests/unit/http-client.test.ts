import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientOf, isLocal } from '../../src/lib/http/client.ts'
import { parseNetworks } from '../../src/lib/http/proxies.ts'

const trusted = parseNetworks('127.0.0.1,::1,10.0.0.0/8,2001:db8:ffff::/48')
const reading = (headers: Record<string, string>) => (name: string) => headers[name]
const addressOf = (peer: string, hops: string, proxies = trusted) =>
  clientOf(peer, reading({ 'x-forwarded-for': hops }), proxies).address

describe('the client address', () => {
  test.each([
    ['the one before the proxy', '127.0.0.1', '203.0.113.7', '203.0.113.7'],
    ['past a chain of trusted proxies', '127.0.0.1', '203.0.113.7, 10.0.0.2,10.1.2.3', '203.0.113.7'],
    ['not what a visitor wrote at the left', '10.0.0.1', '198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['not a trusted address that a visitor wrote', '10.0.0.1', '10.0.0.9, 203.0.113.7', '203.0.113.7'],
    ['over IPv6', '::1', '2001:db8::7', '2001:db8::7'],
    ['through an IPv6 proxy network', '::1', '2001:db8::7, 2001:db8:ffff::2', '2001:db8::7'],
    ['without its port', '127.0.0.1', '203.0.113.7:5678', '203.0.113.7'],
    ['without its brackets', '::1', '[2001:db8::1]', '2001:db8::1'],
    ['without brackets and port', '::1', '[2001:DB8::1]:443, 10.0.0.2:80', '2001:db8::1'],
    ['the peer where the port is garbage', '::1', '203.0.113.7:x', '::1'],
    ['in lower case', '::1', '2001:DB8::A', '2001:db8::a'],
    ['with an IPv4 peer in IPv6 form', '::ffff:127.0.0.1', '::ffff:203.0.113.7', '203.0.113.7'],
    [
      'the last proxy where garbage stands before it',
      '127.0.0.1',
      '203.0.113.7, unknown, 10.0.0.2',
      '10.0.0.2',
    ],
    ['the peer where the header is empty', '127.0.0.1', '', '127.0.0.1'],
    ['the left-most where all are trusted', '127.0.0.1', '10.0.0.2, 10.0.0.3', '10.0.0.2'],
    ['the peer where it is not trusted', '192.0.2.9', '203.0.113.7', '192.0.2.9'],
    ['the peer where the socket has gone', '', '203.0.113.7', ''],
  ])('is %s', (_, peer, hops, address) => {
    expect(addressOf(peer, hops)).toBe(address)
  })

  test('is the peer without trusted proxies', () => {
    expect(clientOf('127.0.0.1', reading({ 'x-forwarded-for': '203.0.113.7' }), undefined)).toEqual({
      address: '127.0.0.1',
      forwarded: true,
    })
    expect(clientOf('::FFFF:127.0.0.1', reading({}), trusted)).toEqual({
      address: '127.0.0.1',
      forwarded: false,
    })
  })

  test('is the peer where only another header tells of a proxy', () => {
    for (const name of ['forwarded', 'x-real-ip', 'x-forwarded-host', 'via', 'cf-connecting-ip']) {
      expect(clientOf('127.0.0.1', reading({ [name]: '203.0.113.7' }), trusted)).toEqual({
        address: '127.0.0.1',
        forwarded: true,
      })
    }
  })

  test('never stands left of an address that is not trusted', () => {
    const hop = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1', '127.0.0.1', 'unknown', ''))
    fc.assert(
      fc.property(fc.array(hop), fc.array(hop), (left, right) => {
        const outsider = '198.51.100.200'
        const address = addressOf('127.0.0.1', [...left, outsider, ...right].join(','))
        const reachable = ['127.0.0.1', outsider, ...right.filter((part) => isIP(part) > 0)]
        expect(reachable.map((part) => part.replace(/^::ffff:(?=\d+\.)/, '').toLowerCase())).toContain(
          address,
        )
      }),
    )
  })
})

test.each([
  ['127.0.0.1', false, {}, true],
  ['127.8.9.1', false, {}, true],
  ['::1', false, {}, true],
  ['127.0.0.1', true, {}, false],
  ['127.0.0.1', false, { origin: 'http://localhost' }, false],
  ['127.0.0.1', false, { 'sec-fetch-site': 'none' }, true],
  ['127.0.0.1', false, { 'sec-fetch-site': 'cross-site' }, false],
  ['127.0.0.1', false, { 'sec-fetch-site': 'same-origin' }, false],
  ['10.0.0.1', false, {}, false],
  ['', false, {}, false],
])('a request from %s, forwarded %s, with %o is local: %s', (address, forwarded, headers, local) => {
  expect(isLocal({ address, forwarded }, reading(headers))).toBe(local)
})

describe('networks', () => {
  test.each([
    ['10.0.0.0/8', '10.255.0.1', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    [' ::1 , 192.0.2.7 ', '192.0.2.7', true],
    ['0.0.0.0/0', '8.8.8.8', true],
  ])('%s on %s: %s', (text, address, within) => {
    expect(parseNetworks(text)?.check(address)).toBe(within)
  })

  test.each([
    '',
    'localhost',
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/8/9',
    '10.0.0.0/-1',
    '10.0.0',
    '1.2.3.4,',
  ])('"%s" is none', (text) => expect(parseNetworks(text)).toBeUndefined())
})
