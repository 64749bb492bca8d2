import { expect, test } from 'vitest'
import type { ConversionRow } from '../../src/lib/model/conversion.ts'
import type { Report } from '../../src/lib/model/report.ts'
import {
  amountsBetween,
  amountsIn,
  createAmounts,
  createBroughtBy,
  funnelOf,
  rateWords,
} from '../../src/lib/reports/conversion-words.ts'
import { aSummary } from './analytics-rows.ts'

const row = (changes: Partial<ConversionRow> = {}): ConversionRow => ({
  of: 'all',
  currency: 'EUR',
  conversions: 3,
  pending: 1,
  rejected: 0,
  conversion_rate: 10,
  conversion_rate_interval: [3, 25],
  revenue: '24.5',
  pending_revenue: '8',
  epc: 0.8167,
  epc_interval: [0.2, 2],
  rpm: 24.5,
  rpm_interval: null,
  ...changes,
})

test('amounts have significant digits, in their currency', () => {
  const euros = amountsIn('EUR')
  expect(euros(1234.5)).toBe('€1,234.50')
  expect(euros(0)).toBe('€0.00')
  expect(euros(null)).toBe('–')
  expect(amountsBetween([0.2, 2], euros)).toBe('€0.20 to €2.00')
  expect(amountsBetween(null, euros)).toBe('')
})

test('each currency has its own form, which is made once', () => {
  const amountsOf = createAmounts()
  expect(amountsOf('USD')(0.0123)).toBe('US$0.012')
  expect(amountsOf('JPY')(500)).toBe('JP¥500')
  expect(amountsOf('USD')).toBe(amountsOf('USD'))
})

test('a rate is shown with its interval', () => {
  expect(rateWords(row())).toBe('10.0 % (3.00–25.0 %)')
  expect(rateWords(row({ conversion_rate: null, conversion_rate_interval: null }))).toBe('–')
})

test('the funnel goes from recipients over clicks by people to conversions of all currencies', () => {
  const report: Report = {
    summary: aSummary(),
    offers: [],
    settled_until: null,
    all_settled: true,
    conversions: [row(), row({ currency: 'USD', conversions: 2 }), row({ of: 'offer' })],
  }
  expect(funnelOf(report)).toEqual([
    { step: 'Recipients', value: 1_000, share: '' },
    { step: 'Clicks by people', value: 30, share: '3.00 %' },
    { step: 'Conversions', value: 5, share: '16.7 %' },
  ])
  const nothing = {
    summary: aSummary({ total_impressions: 0, human_clicks: 0 }),
    offers: [],
    settled_until: null,
    all_settled: true,
  }
  expect(funnelOf(nothing).map(({ share }) => share)).toEqual(['', '–', '–'])
})

test('a send shows its revenue in each currency', () => {
  const send = { newsletter_send_id: 'a', variation_id: 42 }
  const rows = [
    row({ of: 'send', ...send }),
    row({ of: 'send', ...send, currency: 'USD', conversions: 1, revenue: '2' }),
    row({ of: 'send', ...send, conversions: 0 }),
    row({ of: 'send', ...send, newsletter_send_id: 'b' }),
    row({ of: 'send', ...send, variation_id: 43 }),
    row(),
  ]
  const broughtBy = createBroughtBy(rows)
  expect(broughtBy(send)).toBe('3 for €24.50, 1 for US$2.00')
  expect(broughtBy({ ...send, newsletter_send_id: 'c' })).toBe('')
})
