import { isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseNetworks } from '../../src/lib/base/networks.ts'
import { clientOf } from '../../src/lib/http/client.ts'

const trusted = parseNetworks('127.0.0.1,::1,10.0.0.0/8,2001:db8:ffff::/48')
const reading = (headers: Record<string, string>) => (name: string) => headers[name]
const named = { trusted, addressHeader: 'x-forwarded-for' }
const addressOf = (peer: string, hops: string, proxies = trusted) =>
  clientOf(peer, reading({ 'x-forwarded-for': hops }), { trusted: proxies, addressHeader: 'x-forwarded-for' })
    .address

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
    expect(
      clientOf('127.0.0.1', reading({ 'x-forwarded-for': '203.0.113.7' }), { ...named, trusted: undefined }),
    ).toEqual({
      address: '127.0.0.1',
      forwarded: true,
    })
    expect(clientOf('::FFFF:127.0.0.1', reading({}), named)).toEqual({
      address: '127.0.0.1',
      forwarded: false,
    })
  })

  test('is the peer if only another header shows a proxy', () => {
    const signs = ['forwarded', 'x-real-ip', 'x-forwarded-host', 'x-forwarded-proto', 'x-forwarded-port']
    for (const name of [...signs, 'via', 'cf-connecting-ip', 'cf-ray', 'true-client-ip', 'fly-client-ip']) {
      expect(clientOf('127.0.0.1', reading({ [name]: '203.0.113.7' }), named)).toEqual({
        address: '127.0.0.1',
        forwarded: true,
      })
    }
  })

  test.each([
    ['x-real-ip', '203.0.113.7', '203.0.113.7'],
    ['x-real-ip', '10.0.0.9, 203.0.113.7', '203.0.113.7'],
    ['x-real-ip', 'nobody', '127.0.0.1'],
    ['cf-connecting-ip', '2001:DB8::7', '2001:db8::7'],
    ['x-edge-address', '203.0.113.7', '203.0.113.7'],
    ['forwarded', 'for=203.0.113.7', '203.0.113.7'],
    ['forwarded', 'For="[2001:db8:cafe::17]:4711";proto=https', '2001:db8:cafe::17'],
    ['forwarded', 'for=198.51.100.1, for=203.0.113.7;by=x, proto=https;for="10.0.0.2:80"', '203.0.113.7'],
    ['forwarded', 'for=_hidden, for=10.0.0.2', '10.0.0.2'],
    ['forwarded', 'proto=https', '127.0.0.1'],
    ['forwarded', `${'for=198.51.100.1,'.repeat(10_000)}for=203.0.113.7`, '203.0.113.7'],
    // No more than twenty hops of a hundred characters are looked at.
    ['forwarded', `for=203.0.113.7,for=10.0.0.2;by="${'x'.repeat(2_000)}"`, '127.0.0.1'],
  ])('is read from the header %s of the settings: %j', (addressHeader, value, address) => {
    const proxies = { trusted, addressHeader }
    const headers = { 'x-forwarded-for': '192.0.2.66', [addressHeader]: value }
    expect(clientOf('127.0.0.1', reading(headers), proxies)).toEqual({ address, forwarded: true })
    expect(clientOf('192.0.2.9', reading(headers), proxies).address).toBe('192.0.2.9')
  })

  test('is the peer if the header of the settings is missing', () => {
    const proxies = { trusted, addressHeader: 'forwarded' }
    expect(clientOf('127.0.0.1', reading({ via: '1.1 x' }), proxies).address).toBe('127.0.0.1')
  })

  test('is the twentieth from the right if all are trusted: no more are read', () => {
    const hops = Array.from({ length: 30 }, (_, index) => `10.0.0.${index}`)
    expect(addressOf('127.0.0.1', hops.join(','))).toBe('10.0.0.10')
    expect(addressOf('127.0.0.1', ['203.0.113.7', ...hops.slice(0, 19)].join(','))).toBe('203.0.113.7')
    expect(addressOf('127.0.0.1', ['203.0.113.7', ...hops.slice(0, 20)].join(','))).toBe('10.0.0.0')
  })

  test('is the same as from parsing all of a short list', () => {
    const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '').toLowerCase()
    const takenApart = (peer: string, hops: string): string => {
      const list = hops.split(',').map((hop) => {
        const text = hop.trim()
        return plain(/^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1'))
      })
      let address = plain(peer)
      while (trusted?.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')) {
        const hop = list.pop()
        if (hop === undefined || isIP(hop) === 0) break
        address = hop
      }
      return address
    }
    const address = fc.oneof(
      fc.constantFrom(
        '10.0.0.1',
        '127.0.0.1',
        '::1',
        '2001:DB8:ffff::9',
        '::ffff:10.1.1.1',
        'unknown',
        '',
        '[',
        '1.2.3',
      ),
      fc.ipV4(),
      fc.ipV6(),
    )
    const hop = fc
      .tuple(address, fc.constantFrom('', ':80', ':x'), fc.boolean(), fc.constantFrom('', ' ', '\t', '  '))
      .map(([text, port, brackets, blank]) => `${blank}${brackets ? `[${text}]` : text}${port}${blank}`)
    fc.assert(
      fc.property(fc.array(hop, { maxLength: 19 }), (hops) => {
        expect(addressOf('127.0.0.1', hops.join(','))).toBe(takenApart('127.0.0.1', hops.join(',')))
      }),
      { numRuns: 2_000 },
    )
  })

  test('costs the same however many entries stand left of it', () => {
    /** In microseconds. */
    const time = (hops: string) => {
      const begun = performance.now()
      for (let count = 0; count < 20; count += 1) addressOf('127.0.0.1', hops)
      return (performance.now() - begun) * 50
    }
    const long = `${'1.1.1.1,'.repeat(1_900)}203.0.113.7`
    const trustedOnly = '10.0.0.1,'.repeat(1_700).slice(0, -1)
    const endless = `${'9'.repeat(16_000)}`
    // The best of many short ones: another process, or a collector's pause, may take a turn out of some.
    const best = (hops: string) => Math.min(...Array.from({ length: 500 }, () => time(hops)))
    const short = best('203.0.113.7')
    for (const hops of [long, endless]) expect(best(hops)).toBeLessThan(10 * short + 2)
    expect(best(trustedOnly)).toBeLessThan(100 * short + 20)
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
  ])('"%s" is no network', (text) => expect(parseNetworks(text)).toBeUndefined())
})
