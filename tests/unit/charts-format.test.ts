import { describe, expect, test } from 'vitest'
import {
  between,
  clicksIn,
  count,
  factor,
  factorTick,
  percent,
  percentBetween,
  percentTick,
  periodName,
  share,
  shortCount,
} from '../../src/lib/wording/formats.ts'

describe('numbers', () => {
  test.each([
    [0, '0 %'],
    [0.034, '0.034 %'],
    [0.0449, '0.045 %'],
    [0.0996, '0.10 %'],
    [0.5, '0.50 %'],
    [0.0042, '0.0042 %'],
    [0.00001, '0.000010 %'],
    [3.2449, '3.24 %'],
    [41.26, '41.3 %'],
    [123.4, '123 %'],
    [1e8, '100m %'],
    [null, '–'],
  ])('%s as per cent is %s', (value, text) => expect(percent(value)).toBe(text))

  test('intervals name their unit once', () => {
    expect(percentBetween(2.9, 3.61)).toBe('2.90–3.61 %')
    expect(percentBetween(null, 3)).toBe('–')
    expect(percentBetween(3, null)).toBe('–')
    expect(between(0.81, 1.2)).toBe('0.81–1.20')
    expect([factor(1.244), factor(1.2)]).toEqual(['× 1.24', '× 1.20'])
  })

  test('an axis has no trailing zeros', () => {
    expect([percentTick(2), percentTick(0.5), factorTick(0.8)]).toEqual(['2 %', '0.5 %', '× 0.8'])
  })

  test('counts have British separators, and are short on an axis', () => {
    expect(count(1234567)).toBe('1,234,567')
    expect(shortCount(9999)).toBe('9,999')
    expect(shortCount(12_340)).toBe('12.3k')
    expect(shortCount(1e7)).toBe('10m')
    expect([clicksIn(0), clicksIn(1), clicksIn(1200)]).toEqual(['0 clicks', '1 click', '1,200 clicks'])
  })

  test('a share above nothing is not 0, and one below everything is not 100', () => {
    expect(share(1, 3)).toBe('33 %')
    expect(share(1, 1000)).toBe('<1 %')
    expect(share(999, 1000)).toBe('>99 %')
    expect(share(7, 7)).toBe('100 %')
    expect(share(0, 7)).toBe('0 %')
    expect(share(0, 0)).toBe('0 %')
  })
})

test('a period is named by its first day, in full or without the year', () => {
  expect(periodName('2026-03-29', 'day')).toBe('29 Mar 2026')
  expect(periodName('2026-03-02', 'week')).toBe('2 Mar 2026')
  expect(periodName('2026-03-01', 'month')).toBe('Mar 2026')
  expect(periodName('2026-03-02', 'week', 'short')).toBe('2 Mar')
  expect(periodName('2026-03-01', 'month', 'short')).toBe('Mar 2026')
})
