import { expect, test } from 'vitest'
import { dayAt, daysBefore, daysBetween } from '../../src/lib/base/days.ts'
import { parseQuery } from '../../src/lib/reports/query.ts'

const now = Date.UTC(2025, 9, 18, 22, 30)
const parse = (query: string, counting: 'all' | 'human' = 'all') =>
  parseQuery(new URLSearchParams(query), now, { counting })
const value = (query: string) => {
  const parsed = parse(query)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.fault))
  return parsed.value
}

test('without parameters: 30 days that span start and end, in UTC, counting all clicks', () => {
  expect(value('')).toEqual({
    start: '2025-09-18',
    end: '2025-10-18',
    tz: 'UTC',
    counting: 'all',
    include: new Set(),
    format: 'json',
  })
  expect(parseQuery(new URLSearchParams(), now)).toEqual({ ok: true, value: value('') })
})

test.each([
  ['days=7', '2025-10-11', '2025-10-18'],
  ['days=90', '2025-07-20', '2025-10-18'],
  ['days=365', '2024-10-18', '2025-10-18'],
  ['days=all', undefined, '2025-10-18'],
  ['days=7&tz=Asia/Tokyo', '2025-10-12', '2025-10-19'],
  ['from=2025-01-31&to=2025-02-01', '2025-01-31', '2025-02-01'],
  ['from=2025-10-18', '2025-10-18', '2025-10-18'],
  ['to=2025-03-01', undefined, '2025-03-01'],
])('%s begins %s and ends %s', (query, start, end) => {
  expect(value(query)).toMatchObject({ end, ...(start !== undefined && { start }) })
  expect('start' in value(query)).toBe(start !== undefined)
})

test.each([
  ['GMT', 'UTC'],
  ['EST', 'America/Panama'],
  ['CET', 'Europe/Brussels'],
  ['GB-Eire', 'Europe/London'],
  ['Etc/GMT+5', 'Etc/GMT+5'],
  ['posix/Europe/Oslo', 'Europe/Oslo'],
])('the time zone %s is %s', (given, zone) => {
  expect(value(`tz=${encodeURIComponent(given)}`).tz).toBe(zone)
})

test('filters, sections and the format are read; only requested sections are included', () => {
  expect(
    value(
      'offer_id=4&variation_id=42&include_variations=true&include_sends=true&include_heatmap=false&format=csv',
    ),
  ).toMatchObject({ offer_id: 4, variation_id: 42, include: new Set(['variations', 'sends']), format: 'csv' })
  expect(parse('clicks=all', 'human')).toMatchObject({ value: { counting: 'all' } })
  expect(parse('', 'human')).toMatchObject({ value: { counting: 'human' } })
})

test.each([
  ['offer_id=0', 'offer_id', 'must be a whole number from 1 to 2147483647'],
  ['offer_id=2147483648', 'offer_id', 'must be a whole number from 1 to 2147483647'],
  ['variation_id=4x', 'variation_id', 'must be a whole number from 1 to 2147483647'],
  ['days=31', 'days', 'must be 7, 30, 90, 365 or all'],
  [
    'from=2025-02-30',
    'from',
    'must be a day that exists, from 2000-01-01 to 2999-12-31, written as 2025-10-18',
  ],
  [
    'from=18.10.2025',
    'from',
    'must be a day that exists, from 2000-01-01 to 2999-12-31, written as 2025-10-18',
  ],
  [
    'from=2025-13-01',
    'from',
    'must be a day that exists, from 2000-01-01 to 2999-12-31, written as 2025-10-18',
  ],
  ['to=1999-01-01', 'to', 'must be a day that exists, from 2000-01-01 to 2999-12-31, written as 2025-10-18'],
  ['from=2025-10-19', 'from', 'must not be after today (2025-10-18)'],
  ['from=2025-10-19&to=2025-10-01', 'from', 'must not be after to (2025-10-01)'],
  ['days=7&from=2025-10-01', 'days', 'cannot be combined with from or to; give one of the two'],
  ['days=7&to=2025-10-01', 'days', 'cannot be combined with from or to; give one of the two'],
  ['tz=Mars/Olympus', 'tz', 'must be the name of a time zone, such as UTC or Europe/Oslo'],
  ['tz=%2B02:00', 'tz', 'must be the name of a time zone, such as UTC or Europe/Oslo'],
  ['tz=PST', 'tz', 'must be the name of a time zone, such as UTC or Europe/Oslo'],
  ['tz=', 'tz', 'must be the name of a time zone, such as UTC or Europe/Oslo'],
  ['clicks=machine', 'clicks', 'must be all or human'],
  ['include_timeline=1', 'include_timeline', 'must be true or false'],
  ['format=xml', 'format', 'must be json or csv'],
  ['offer=4', 'offer', 'is not a known field; remove it'],
  ['days=7&days=30', 'days', 'is given more than once'],
])('%s is refused', (query, field, reason) => {
  expect(parse(query)).toEqual({
    ok: false,
    fault: { error: 'validation_error', details: { [field]: reason } },
  })
})

test('days are calendar days, over the change of clocks and the end of the year too', () => {
  expect(daysBefore('2025-03-31', 1)).toBe('2025-03-30')
  expect(daysBefore('2025-01-01', 1)).toBe('2024-12-31')
  expect(daysBefore('2024-02-28', -1)).toBe('2024-02-29')
  expect(daysBetween('2025-03-29', '2025-03-31')).toBe(2)
  expect(dayAt(Date.UTC(2025, 2, 30, 22, 30), 'Europe/Oslo')).toBe('2025-03-31')
})

test('one newsletter, by name or empty for the one without; sections unknown for one are named', () => {
  const read = (query: string) => parseQuery(new URLSearchParams(query), now)
  expect(read('newsletter=+Daily+')).toMatchObject({ ok: true, value: { newsletter: 'Daily' } })
  expect(read('newsletter=')).toMatchObject({ ok: true, value: { newsletter: '' } })
  expect(read(`newsletter=${'x'.repeat(101)}`)).toMatchObject({
    fault: { details: { newsletter: expect.any(String) } },
  })
  const all = read(
    'newsletter=a&include_devices=true&include_reasons=true&include_referrers=true&include_sends=true',
  )
  const untold = 'is not known for a single newsletter; leave out this or newsletter'
  expect(all).toMatchObject({
    fault: {
      details: { include_devices: untold, include_referrers: untold, include_reasons: untold },
    },
  })
})
