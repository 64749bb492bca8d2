import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createNetworkReader, plainAddress } from '../../src/lib/base/address.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { saltMonth, visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'

const salt = (byte: number) => Buffer.alloc(32, byte)
/** The address alone: six digits of the wider network, ten of itself. */
const addressOf = (key: Uint8Array, wider: string, network: string) =>
  signed(key, `wider\n${wider}`).slice(0, 6) + signed(key, `address\n${network}`).slice(0, 10)
const signed = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest('hex')
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

describe('a visitor hash', () => {
  test('is HMAC-SHA-256 of network and user agent under the salt, in 64 hexadecimal digits', () => {
    const visitor = signed(salt(7), `visitor\n203.0.113.7\n${firefox}`)
    const expected = { visitor, address: addressOf(salt(7), '203.0', '203.0.113.7') }
    const hash = visitorHashWith(salt(7))
    expect([hash('203.0.113.7', firefox), hash('203.0.113.7', firefox)]).toEqual([expected, expected])
    expect(visitor).toMatch(/^[0-9a-f]{64}$/)
  })

  test('differs with the address, the user agent or the salt', () => {
    const hash = visitorHashWith(salt(7))
    const hashes = [
      hash('203.0.113.7', firefox),
      hash('203.0.113.8', firefox),
      hash('203.0.113.7', 'Mozilla/5.0'),
      hash('203.0.113.7', ''),
      visitorHashWith(salt(8))('203.0.113.7', firefox),
    ]
    expect(new Set(hashes.map(({ visitor }) => visitor)).size).toBe(5)
    const [first, other, alike, silent, salted] = hashes.map(({ address }) => address)
    expect([alike, silent]).toEqual([first, first])
    expect(new Set([first, other, salted]).size).toBe(3)
  })

  test('uses as much of a user agent as is stored', () => {
    const hash = visitorHashWith(salt(7))
    const long = 'x'.repeat(499)
    expect(hash('203.0.113.7', `${long}yz`)).toEqual(hash('203.0.113.7', `${long}y`))
    expect(hash('203.0.113.7', `${long}z`)).not.toEqual(hash('203.0.113.7', `${long}y`))
  })

  test('is the same however many visitors of an address there were in between', () => {
    const hash = visitorHashWith(salt(7))
    const agents = Array.from({ length: 120 }, (_, index) => `agent ${index}`)
    const first = agents.map((agent) => hash('203.0.113.7', agent))
    expect(agents.map((agent) => hash('203.0.113.7', agent))).toEqual(first)
    expect(first.map(({ visitor }) => visitor)).toEqual(
      agents.map((agent) => signed(salt(7), `visitor\n203.0.113.7\n${agent}`)),
    )
    expect(new Set(first.map(({ address }) => address)).size).toBe(1)
  })

  test('is computed once for each of up to fifty visitors of an address', () => {
    const hash = visitorHashWith(salt(7))
    const agents = Array.from({ length: 51 }, (_, index) => `agent ${index}`)
    const first = agents.slice(0, 50).map((agent) => hash('203.0.113.7', agent))
    for (const [index, agent] of agents.slice(0, 50).entries())
      expect(hash('203.0.113.7', agent)).toBe(first[index])
    // Later ones are computed again, so that nobody fills the memory.
    expect(hash('203.0.113.7', 'agent 50')).toBe(hash('203.0.113.7', 'agent 50'))
    expect(hash('203.0.113.7', 'agent 0')).not.toBe(first[0])
    expect(hash('203.0.113.7', 'agent 0')).toEqual(first[0])
  })

  test('never shows the address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.string(),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (address, agent, bytes) => {
          const network = createNetworkReader()(address)
          const { visitor, address: part } = visitorHashWith(bytes)(network, agent)
          const wider = network.includes(':') ? /^[^:]*/ : /^\d+\.\d+/
          expect(part).toBe(addressOf(bytes, wider.exec(network)?.[0] ?? '', network))
          expect(visitor).toBe(signed(bytes, `visitor\n${network}\n${agent}`))
        },
      ),
    )
  })
})

test('strangers are distinguished by a key of their own, for longer than their hashes are remembered', () => {
  const day = 86_400_000
  const strangers = createStrangers(salt(9))
  const first = strangers('203.0.113.7', firefox, day)
  expect(first).toEqual(visitorHashWith(salt(9))('203.0.113.7', firefox))
  expect(strangers('203.0.113.7', firefox, day + 1)).toBe(first)
  expect(strangers('203.0.113.7', firefox, day + 12 * 3_600_000 - 1)).toBe(first)
  const later = strangers('203.0.113.7', firefox, day + 12 * 3_600_000)
  expect(later).toEqual(first)
  expect(later).not.toBe(first)
})

test('the key of strangers is random in each process', () => {
  const [one, other] = [createStrangers(), createStrangers()]
  expect(one('203.0.113.7', firefox, 0)).not.toEqual(other('203.0.113.7', firefox, 0))
})

describe('one client', () => {
  const networkOf = createNetworkReader()

  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    // Behind a translator all of IPv4 would be one network of 64 bits.
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['64:ff9b:1::203.0.113.7', '64ff9b:10000/64'],
    ['64:ff9b::1:cb00:7107', '64ff9b:0/64'],
    ['2001:db8:25:1::7', '20010db8:250001/64'],
    ['2001:DB8:0025:0001:ffff:ffff:ffff:ffff', '20010db8:250001/64'],
    ['2001:db8:25:1:8d3a:1c2b:ff0e:9%eth0', '20010db8:250001/64'],
    ['2001:db8:25:2::7', '20010db8:250002/64'],
    ['::1', '0:0/64'],
    ['', ''],
    ['no address', 'no address'],
    ['no:address', 'no:address'],
    ['203.0.113.256', '203.0.113.256'],
  ])('%s is %s', (address, network) => expect(networkOf(address)).toBe(network))

  test('is the whole network that an IPv6 address is in, however it is written, and no other', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const half = fc.tuple(fc.integer({ min: 0x2000, max: 0x3fff }), group, group, group)
    const low = fc.tuple(group, group, group, group)
    const written = (groups: number[], long: boolean) =>
      groups.map((part) => part.toString(16).padStart(long ? 4 : 1, '0')).join(':')
    fc.assert(
      fc.property(half, half, low, low, (one, other, end, otherEnd) => {
        const network = networkOf(written([...one, ...end], false))
        expect(networkOf(written([...one, ...otherEnd], true).toUpperCase())).toBe(network)
        expect(networkOf(new URL(`http://[${written([...one, ...end], true)}]`).hostname.slice(1, -1))).toBe(
          network,
        )
        expect(networkOf(written([...other, ...end], false)) === network).toBe(
          written(one, false) === written(other, false),
        )
      }),
    )
  })
})

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['::ffff:10.22.33.44', '10.22.33.44'],
  ['::ffff:abcd', '::ffff:abcd'],
  ['1::ffff:1.2.3.4', '1::ffff:1.2.3.4'],
  ['2001:DB8::1', '2001:db8::1'],
  ['', ''],
])('the plain form of the address %s is %s', (address, plain) => expect(plainAddress(address)).toBe(plain))

test.each([
  ['2026-11-01T00:00:00.000Z', '2026-11-01'],
  ['2026-10-31T23:59:59.999Z', '2026-10-01'],
  ['2026-11-01T00:30:00.000+02:00', '2026-10-01'],
  ['2026-12-31T23:30:00.000-05:00', '2027-01-01'],
  ['2028-02-29T23:59:59.999Z', '2028-02-01'],
])('the salt of %s is that of %s', (time, month) => expect(saltMonth(Date.parse(time))).toBe(month))
