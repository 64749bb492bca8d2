import { createHmac } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { plainAddress, saltMonth, visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'

const salt = (byte: number) => Buffer.alloc(32, byte)

describe('a visitor hash', () => {
  test('is HMAC-SHA-256 of the address under the salt, in 64 hexadecimal digits', () => {
    const expected = createHmac('sha256', Buffer.alloc(32, 7)).update('203.0.113.7').digest('hex')
    expect(visitorHashWith(salt(7))('203.0.113.7')).toBe(expected)
    expect(expected).toMatch(/^[0-9a-f]{64}$/)
  })

  test('is the same for both forms of an address, and for no other address or salt', () => {
    const hash = visitorHashWith(salt(7))('203.0.113.7')
    expect(visitorHashWith(salt(7))('::ffff:203.0.113.7')).toBe(hash)
    expect(visitorHashWith(salt(7))('203.0.113.8')).not.toBe(hash)
    expect(visitorHashWith(salt(8))('203.0.113.7')).not.toBe(hash)
    expect(visitorHashWith(salt(7))('2001:DB8::A')).toBe(visitorHashWith(salt(7))('2001:db8::a'))
  })

  test('never shows the address', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV4(), fc.ipV6()),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        (address, bytes) => {
          const hash = visitorHashWith(bytes)(address)
          expect(hash).toMatch(/^[0-9a-f]{64}$/)
          expect(hash).toBe(createHmac('sha256', bytes).update(plainAddress(address)).digest('hex'))
        },
      ),
    )
  })
})

test.each([
  ['1.2.3.4', '1.2.3.4'],
  ['::ffff:1.2.3.4', '1.2.3.4'],
  ['::FFFF:1.2.3.4', '1.2.3.4'],
  ['::ffff:abcd', '::ffff:abcd'],
  ['2001:DB8::1', '2001:db8::1'],
  ['', ''],
])('the address %s is plainly %s', (address, plain) => expect(plainAddress(address)).toBe(plain))

test.each([
  ['2026-11-01T00:00:00.000Z', '2026-11-01'],
  ['2026-10-31T23:59:59.999Z', '2026-10-01'],
  ['2026-11-01T00:30:00.000+02:00', '2026-10-01'],
  ['2026-12-31T23:30:00.000-05:00', '2027-01-01'],
  ['2028-02-29T23:59:59.999Z', '2028-02-01'],
])('the salt of %s is that of %s', (time, month) => expect(saltMonth(Date.parse(time))).toBe(month))
