import { BlockList, isIP } from 'node:net'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createNetworkLookup, parseNetwork } from '../../src/lib/classify/networks.ts'

const lookupIn = (...networks: string[]) => {
  for (const cidr of networks) expect(parseNetwork(cidr)).toBeDefined()
  const find = createNetworkLookup(networks.map((cidr) => ({ cidr })))
  return (address: string) => find(address)?.cidr
}

describe('a network', () => {
  test.each([
    '10.0.0.0/8',
    '192.0.2.7',
    '192.0.2.7/32',
    '0.0.0.0/0',
    '2001:db8::/32',
    '::1',
    '::/0',
    '2001:DB8:0:0:8:800:200C:417A/128',
    '::ffff:10.0.0.0/104',
    '64:ff9b::192.0.2.0/120',
    '1:2:3:4:5:6:7:0/112',
  ])('%s is one', (text) => expect(parseNetwork(text)).toBeDefined())

  test.each([
    '',
    'mail',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/8/9',
    '10.0.0.0/-1',
    '10.0.0.1/8',
    '10.0.0',
    '10.0.0.0.0',
    '010.0.0.0/8',
    '256.0.0.0/8',
    '1..2.3',
    '10.0.0.0 /8',
    '10.0.0.0/+8',
    '10.0.0.0/8 ',
    '10.0.0.0/8x',
    '10.0.0.0/0008',
    '10.0.0.0/',
    '2001:db8::/129',
    '2001:db8::1/32',
    '2001:db8',
    ':',
    ':::',
    '::1::',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8::',
    '1:2:3:4:5:6:7:1.2.3.4',
    '12345::',
    '::g',
    '::1.2.3',
    '1:2:',
    'fe80::%eth0/10',
    '::ffff:0.0.0.0/95',
  ])('is not "%s"', (text) => expect(parseNetwork(text)).toBeUndefined())
})

describe('the look-up', () => {
  test.each([
    ['9.255.255.255', undefined],
    ['10.0.0.0', '10.0.0.0/8'],
    ['10.255.255.255', '10.0.0.0/8'],
    ['11.0.0.0', undefined],
    ['::ffff:10.1.2.3', '10.0.0.0/8'],
    ['::FFFF:0a01:0203', '10.0.0.0/8'],
    ['::10.1.2.3', undefined],
    ['::ffff:10.1.2.3%eth0', '10.0.0.0/8'],
    ['192.0.2.7', '192.0.2.7'],
    ['192.0.2.8', undefined],
    ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', undefined],
    ['2001:db8::', '2001:db8::/32'],
    ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff%eth0', '2001:db8::/32'],
    ['2001:db9::', undefined],
    ['0.0.0.1', undefined],
    ['not an address', undefined],
    ['', undefined],
  ])('finds %s in %s', (address, network) => {
    expect(lookupIn('192.0.2.7', '2001:db8::/32', '10.0.0.0/8')(address)).toBe(network)
  })

  test.each([
    '1..2.3',
    '.1.2.3',
    '1.2.3.',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.256',
    '1.2.3.04',
    '1a2.3.4',
    '1.2.3,4',
    '1.2.3.a',
    '1.2.3./',
    '1.2.3.:',
    '::1.2.3.a',
    '::1.2.3.4.5',
    ':1',
    '1:',
    '1:2',
    ':::',
    '1::2::3',
    '::-',
    '::/',
    '::@',
    '::`',
    '::g',
    '::G',
    '::12345',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:1.2.3.4',
    '1::2:3:4:5:6:7:8',
    '%eth0',
    ':',
  ])('finds nothing in "%s", which is no address', (text) => {
    expect(lookupIn('0.0.0.0/0', '::/0')(text)).toBeUndefined()
  })

  test('finds an IPv4 address behind the prefix of a translator', () => {
    const lookup = lookupIn('192.0.2.0/24', '64:ff9b:1::/48')
    expect(['64:ff9b::192.0.2.7', '64:ff9b::c000:0207', '64:ff9b:1::192.0.2.7'].map(lookup)).toEqual([
      '192.0.2.0/24',
      '192.0.2.0/24',
      '64:ff9b:1::/48',
    ])
  })

  test('names the widest of nested networks, whatever their order', () => {
    const nested = ['10.1.2.0/24', '10.0.0.0/8', '10.1.0.0/16', '10.0.0.0/8']
    expect(lookupIn(...nested)('10.1.2.3')).toBe('10.0.0.0/8')
    expect(lookupIn(...nested.toReversed())('10.255.0.0')).toBe('10.0.0.0/8')
    expect(lookupIn('::/0', '::ffff:10.0.0.0/104')('::ffff:10.9.9.9')).toBe('::ffff:10.0.0.0/104')
  })

  test.each([
    ['20::/11', '3f:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '40::'],
    ['2001:8000::/17', '2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '2002::'],
    ['2001:db8::/33', '2001:db8:7fff:ffff:ffff:ffff:ffff:ffff', '2001:db8:8000::'],
    ['2001:db8:1::/48', '2001:db8:1:ffff:ffff:ffff:ffff:ffff', '2001:db8:2::'],
    ['2001:db8::4000:0:0/83', '2001:db8::5fff:ffff:ffff', '2001:db8::6000:0:0'],
    ['2001:db8::/127', '2001:db8::1', '2001:db8::2'],
  ])('finds in %s the highest address of it, %s, and not %s', (network, highest, next) => {
    expect([highest, next].map(lookupIn(network))).toEqual([network, undefined])
  })

  test.each([
    ['the first, if it is in the list twice', ['10.0.0.7/32', '10.0.0.7'], '10.0.0.7', '10.0.0.7/32'],
    ['the wider one, even at its end', ['10.0.0.255', '10.0.0.0/24'], '10.0.0.255', '10.0.0.0/24'],
  ])('names %s', (_, networks, address, named) => {
    expect(lookupIn(...networks)(address)).toBe(named)
  })

  test('finds nothing without networks', () => {
    expect(['10.0.0.1', '::1'].map(lookupIn())).toEqual([undefined, undefined])
  })

  const network4 = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 32 })).map(
    // Few first numbers, so that networks and addresses meet.
    ([last, prefix]) => cut(`10.${last % 3}.${last % 7}.${last}`, prefix),
  )
  const network6 = fc
    .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 128 }))
    .map(([last, prefix]) => cut(`2001:db8:${(last % 3).toString(16)}::${last.toString(16)}`, prefix))
  const address = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((text) => `::ffff:${text}`),
    fc.integer({ min: 0, max: 255 }).map((last) => `10.${last % 3}.${last % 7}.${last}`),
    fc.integer({ min: 0, max: 255 }).map((last) => `::ffff:10.${last % 3}.${last % 7}.${last}`),
    fc
      .integer({ min: 0, max: 0xffff })
      .map((last) => `2001:db8:${(last % 3).toString(16)}::${last.toString(16)}`),
  )

  test("agrees with Node's block list, which checks each network", () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(network4, network6), { maxLength: 30 }),
        fc.array(address),
        (networks, asked) => {
          const find = lookupIn(...networks)
          for (const text of asked) {
            const plain = text.replace(/^::ffff:(?=\d+\.)/, '')
            const holders = networks.filter((network) => contains(network, plain))
            const found = find(text)
            expect(found === undefined ? [] : [found].filter((one) => holders.includes(one))).toHaveLength(
              holders.length > 0 ? 1 : 0,
            )
          }
        },
      ),
    )
  })

  test('reads addresses as Node does', () => {
    const find = lookupIn('0.0.0.0/0', '::/0')
    const part = fc.constantFrom('0', '1', 'ffff', '10', '255', '256', ':', '::', '.', 'g', '01', '%e')
    fc.assert(
      fc.property(
        fc.oneof(
          address,
          fc.array(part).map((parts) => parts.join('')),
        ),
        (text) => {
          const possible = { 0: [undefined], 4: ['0.0.0.0/0'], 6: ['::/0', '0.0.0.0/0'] }[isIP(text)]
          if (!text.includes('%')) expect(possible).toContain(find(text))
        },
      ),
      { numRuns: 2_000 },
    )
  })
})

/** The network of so many bits that an address lies in, worked out on its binary digits. */
function cut(address: string, prefix: number): string {
  const four = isIP(address) === 4
  const digits = four
    ? address.split('.').map((part) => Number(part).toString(2).padStart(8, '0'))
    : groupsOf(address).map((group) => group.toString(2).padStart(16, '0'))
  const size = four ? 8 : 16
  const bits = digits
    .join('')
    .slice(0, prefix)
    .padEnd(digits.length * size, '0')
  const parts = digits.map((_, index) => Number.parseInt(bits.slice(index * size, (index + 1) * size), 2))
  const text = four ? parts.join('.') : parts.map((part) => part.toString(16)).join(':')
  return `${text}/${prefix}`
}

/** The groups of an address with one "::" in it. */
function groupsOf(address: string): number[] {
  const [left = [], right = []] = address
    .split('::')
    .map((side) => side.split(':').map((group) => Number.parseInt(group, 16)))
  return [...left, ...Array.from({ length: 8 - left.length - right.length }, () => 0), ...right]
}

function contains(network: string, address: string): boolean {
  const [first = '', prefix] = network.split('/')
  if (isIP(first) !== isIP(address)) return false
  const list = new BlockList()
  const version = isIP(first) === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(first, Number(prefix), version)
  return list.check(address, version)
}
