import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseVariationId, promoVarOf } from '../../src/lib/tracking/variation.ts'

const most = 2_147_483_647

describe('a variation id', () => {
  test.each([
    ['1', 1],
    ['42', 42],
    ['2147483647', most],
    ['2147483648', undefined],
    ['9999999999', undefined],
    ['99999999999999999999', undefined],
    ['0', undefined],
    ['-1', undefined],
    ['+1', undefined],
    ['042', undefined],
    ['42abc', undefined],
    ['1e9', undefined],
    ['0x2a', undefined],
    ['4.2', undefined],
    [' 42', undefined],
    ['42 ', undefined],
    ['42\n', undefined],
    ['４２', undefined],
    ['', undefined],
    ['NaN', undefined],
  ])('"%s" is %s', (text, id) => expect(parseVariationId(text)).toBe(id))

  test('is read from its own decimal digits and from nothing else', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: most }),
        (id) => void expect(parseVariationId(String(id))).toBe(id),
      ),
    )
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom('0', '1', '9', '-', 'e', '.', ' ', '\n') }),
    )
    fc.assert(
      fc.property(texts, (text) => {
        const id = parseVariationId(text)
        if (id === undefined) return
        expect(String(id)).toBe(text)
        expect(Number.isSafeInteger(id) && id >= 1 && id <= most).toBe(true)
      }),
    )
  })
})

describe("the query's promo_var", () => {
  test.each([
    ['promo_var=42', '42'],
    ['utm_source=newsletter&promo_var=42&x=1', '42'],
    ['promo_var=%34%32', '42'],
    ['promo%5Fvar=42', '42'],
    ['%70romo_var=42', '42'],
    ['promo%5Fvar=43&promo_var=42', '43'],
    ['promo_var=42&promo_var=43', '42'],
    ['promo_var&promo_var=43', ''],
    ['promo_var=42abc', '42abc'],
    ['promo_var=4%202', '4 2'],
    ['promo_var=4+2', '4 2'],
    ['promo_var=%zz', '%zz'],
    ['promo_var=', ''],
    ['promo_var', ''],
    ['xpromo_var=42', undefined],
    ['promo_variation=42', undefined],
    ['PROMO_VAR=42', undefined],
    ['a=promo_var=42', undefined],
    ['', undefined],
  ])('of "%s" is %s', (query, value) => expect(promoVarOf(query)).toBe(value))

  test('is what URLSearchParams finds', () => {
    const part = fc.constantFrom(
      'promo_var',
      'promo%5Fvar',
      '%70romo_var',
      '=',
      '&',
      '42',
      '%34',
      '7',
      'x',
      '%zz',
      '+',
      '',
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const query = parts.join('')
        expect(promoVarOf(query)).toBe(new URLSearchParams(query).get('promo_var') ?? undefined)
      }),
      { numRuns: 2000 },
    )
  })
})
