import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readPromoVar } from '../../src/lib/redirect/promo-var.ts'

const most = 2_147_483_647
const intact = (variationId: number) => ({ variationId, damaged: false })
const damaged = (variationId: number) => ({ variationId, damaged: true })

describe('an undamaged query', () => {
  test.each([
    [0, 'unreadable'],
    [1, intact(1)],
    [2, intact(2)],
    [most - 1, intact(most - 1)],
    [most, intact(most)],
    [most + 1, 'unreadable'],
    [9_999_999_999, 'unreadable'],
    [10_000_000_000, 'unreadable'],
  ])('names text %i, or none: %o', (id, read) => {
    for (const query of [`promo_var=${id}`, `a=%20&promo_var=${id}&b=1`])
      expect(readPromoVar(query)).toEqual(read)
  })

  test.each([
    'promo_var=42',
    'utm_source=newsletter&promo_var=42&x=1',
    'promo_var=42&utm_source=newsletter&utm_campaign=a%20b',
    'utm_campaign=promo_nov&promo_var=42',
    'promo_var=%34%32',
    'promo%5Fvar=42',
    '%70romo_var=42',
    'a=%zz&promo_var=42',
    'promo_var=42&promo_var=42',
    'promo_var=42&',
    'promo_var=42&a=b;c',
    'a=b?c&promo_var=42',
    'back=%2Fx%3Fpromo_var%3D7&promo_var=42',
  ])('names text 42: %s', (query) => expect(readPromoVar(query)).toEqual(intact(42)))

  test.each([
    '',
    'utm_source=x',
    'xpromo_var=42',
    '_promo_var=42',
    'promo_var_=42',
    'promo_var%20x=42',
    'x%20promo_var=42',
    'promo__var=42',
    'promo%20_var=42',
    'promo_variation=42',
    'a=promo_var=42',
    'promo',
    '%',
    'a=%zz%',
  ])('names none: "%s"', (query) => expect(readPromoVar(query)).toBe('untracked'))
})

describe('a damaged query', () => {
  const tails = [
    ')',
    ').',
    '.',
    ',',
    '%20',
    '+',
    '%E2%80%8B',
    '%E2%80',
    '%C2%A0',
    '%A0',
    '">',
    '%22%3E',
    '…',
    '/',
    "'",
  ]
  const heads = ['0', '000000000000', '+', '%20', ' ', '%09', '%C2%A0', '%E2%80%8B', '%EF%BB%BF', '%20+%200']
  test.each([
    '&amp;promo_var=42',
    'utm_source=newsletter&amp;promo_var=42',
    'utm_source=newsletter&AMP;promo_var=42',
    'utm_source=newsletter&amp%3Bpromo_var=42',
    'utm_source=newsletter&amp;amp;promo_var=42',
    'utm_source=newsletter&#38;promo_var=42',
    'utm_source=newsletter&%2338;promo_var=42',
    'utm_source=newsletter&#x26;promo_var=42',
    'utm_source=newsletter&#X0026;promo_var=42',
    'utm_source=newsletter&amp;#038;promo_var=42',
    'utm_source=newsletter?promo_var=42',
    '?promo_var=42',
    'promo_var=42?mc_cid=x',
    'promo_var=42%3Fmc_cid=x',
    'promo_var=42%26utm_source=x',
    'promo_var=42#top',
    'promo_var=42%23top',
    'PROMO_VAR=42',
    'Promo_Var=42&a=b',
    'promo_var%3D42',
    'promo_var%3d42&utm_source=x',
    'promo_var%253D42',
    'utm_source%3Dx%26promo_var%3D42',
    'utm_source=x%26amp;promo_var=42',
    'utm_source=x%3Fpromo_var=42',
    '%20promo_var=42',
    '+promo_var=42',
    '%EF%BB%BFpromo_var=42',
    'utm_source=x&%20promo_var=42',
    'utm_source=x&%0A%20%20promo_var=42',
    'utm_source=x&%C2%A0promo_var=42',
    'utm_source=x&%E2%80%8Bpromo_var=42',
    'utm_source=x&amp;%20promo_var=42',
    'utm_source=x&amp;%20amp;%20promo_var=42',
    'utm_source=x&%20amp;promo_var=42',
    'promo_var%20=42',
    'promo_var%E2%80%8B=42',
    'promo_var%20%3D%2042',
    'promo%5C_var=42',
    'utm_source=x&promo\\_var=42',
    '*promo_var=42*',
    '"promo_var"=42',
    'promo_var[]=42',
    'promo_var=42&PROMO_VAR=42)',
    'promo_var=42?promo_var=42',
    'promo_var=42&promo_var=042',
    'promo_var="42"',
    'promo_var="42"&a=b',
    "promo_var='42'",
    'promo_var=“42”',
    'promo_var=”42”',
    'promo_var=„42“',
    'promo_var=«42»',
    'promo_var=»42«',
    'promo_var=%22042%22',
    'promo_var=%22%2042',
    'promo_var=%22 42',
    'promo_var="%C2%A0+42',
    'promo_var%3D%2242%22',
    'promo_var=%E2%80%9C42%E2%80%9D',
    'promo_var=**42**',
    'promo_var=_42_',
    'promo_var=`42`',
    ...heads.map((head) => `promo_var=${head}42`),
    ...heads.map((head) => `utm_source=x&amp;PROMO_VAR=${head}42).`),
    ...tails.map((tail) => `promo_var=42${tail}`),
    ...tails.map((tail) => `promo_var=42${tail}&utm_source=x`),
  ])('names text 42: %s', (query) => {
    const read = readPromoVar(query)
    expect(read).toMatchObject({ variationId: 42 })
    // Where the standard's own reading finds it beside the damage, nothing was lost.
    const standard = new URLSearchParams(query.replace(/#.*/, '')).getAll('promo_var')
    expect(read).toEqual(standard.includes('42') && !query.includes('#') ? intact(42) : damaged(42))
  })

  test.each([
    '42abc',
    '1e9',
    '1.5',
    '=3D1',
    '3D1',
    '%3D1',
    '=1',
    '0',
    '00',
    '01e9',
    '00x2a',
    '0%2042',
    '%201.5',
    '%203D1',
    '.42',
    '-1',
    '%20-42',
    '02147483648',
    '+',
    '4%202',
    '4+2',
    '42)x',
    '42%20Read',
    '42é',
    '42٣',
    '٤٢',
    '４２',
    '0x2a',
    '',
    '%zz',
    'NaN',
    '2147483648',
    '9999999999',
    '99999999999999999999',
    '2147483648)',
    '""',
    '{1}',
    '%7B%7B1%7D%7D',
    '[1]',
    '<1>',
    '(1)',
    '"-1"',
    '"−1"',
    '".5"',
    '"1.5"',
    '"1e9"',
    '"42abc"',
    '"=3D1"',
    '3D"1"',
    '="1"',
    '-"1"',
    '"4"2',
    '"4""2"',
    '%252242%2522',
    '−42',
    '–42',
    ',42',
    '·42',
    ':42',
    '/42',
    '$42',
    '~42',
    '\\42',
  ])('never names one by "promo_var=%s"', (value) => {
    for (const query of [
      `promo_var=${value}`,
      `utm_source=x&amp;promo_var=${value}`,
      `PROMO_VAR=${value}&a=b`,
    ])
      expect(readPromoVar(query)).toBe('unreadable')
  })

  test.each([
    'promo_var',
    'promo_var&a=b',
    'promo_var=42&promo_var=43',
    'promo_var=42&%20promo_var=43',
    'promo_var=42&promo\\_var=43',
    'promo_var=43&promo%5Fvar=42',
    'promo_var=42&PROMO_VAR=43',
    'promo_var=42?promo_var=43',
    'a=b?promo_var=43&promo_var=42',
    'promo_var=x&promo_var=43',
    'promo_var=42&promo_var=',
  ])('does not name exactly one: %s', (query) => expect(readPromoVar(query)).toBe('unreadable'))

  test('is decoded a limited number of times', () => {
    expect(readPromoVar('a%25253Fpromo_var%25253D42')).toBe('untracked')
    expect(readPromoVar('&amp;amp;amp;promo_var=42')).toBe('untracked')
  })

  test('of any length is read quickly', () => {
    const before = process.threadCpuUsage()
    for (const unit of [
      '&',
      '?',
      '%25',
      'promo_var=',
      'promo_var=1&',
      '&amp;',
      'promo_var&',
      'a=1)))&',
      '%20',
      '%20promo',
      ';amp',
    ])
      readPromoVar(unit.repeat(16_384 / unit.length))
    const { user, system } = process.threadCpuUsage(before)
    expect((user + system) / 1_000).toBeLessThan(1_000)
  })
})

describe('for any text', () => {
  test('each id is read from its own digits, plain and damaged', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: most }), (id) => {
        expect(readPromoVar(`promo_var=${id}`)).toEqual(intact(id))
        expect(readPromoVar(`a=b&amp;promo_var=${id}).`)).toEqual(damaged(id))
      }),
    )
  })

  test('a plain query is read as URLSearchParams reads it', () => {
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
    )
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const query = parts.join('')
        const values = new URLSearchParams(query).getAll('promo_var')
        const read = readPromoVar(query)
        if (values.length === 0) return
        const [first = ''] = values
        const same = values.every((value) => value === first)
        const plain = same && /^[1-9]\d{0,9}$/.test(first) && Number(first) <= most
        if (plain) expect(read).toEqual(intact(Number(first)))
        // What is neither letter nor digit does not change a number.
        else if (!same && values.every((value) => /^\w*$/.test(value))) expect(read).toBe('unreadable')
      }),
      { numRuns: 2000, examples: [[['%70romo_var', '&', 'promo_var', '=', '7']]] },
    )
  })

  test('an id is always the digits that follow the name', () => {
    const piece = fc.constantFrom(
      ...[
        'promo_var',
        'PROMO_VAR',
        '=',
        '%3D',
        '&',
        '&amp;',
        '?',
        '42',
        '1',
        '.',
        ')',
        'e9',
        'D',
        '%20',
        '#38;',
        ' ',
      ],
    )
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        const query = pieces.join('')
        const read = readPromoVar(query)
        if (typeof read === 'string') return
        const bare = decodeURIComponent(query)
        expect(bare.toLowerCase()).toMatch(
          new RegExp(`(?:^|[&?;#])[ .)]*promo_var[ .)]*= *${read.variationId}(?![\\d\\p{L}])`, 'u'),
        )
      }),
      { numRuns: 3000 },
    )
  })
})
