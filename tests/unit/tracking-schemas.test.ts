import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { clickSchema, impressionSchema } from '../../src/lib/tracking/schemas.ts'

const faults = (schema: v.GenericSchema, value: unknown): Record<string, string> => {
  const parsed = v.safeParse(schema, value)
  return Object.fromEntries((parsed.issues ?? []).map((issue) => [v.getDotPath(issue), issue.message]))
}

const uuid = '0190B5A4-7C1E-7CC3-9A55-0123456789AB'

describe('the schema of impressions accepts', () => {
  const report = { offer_id: 4, variation_id: 42 }

  test('the two ids alone, or every field', () => {
    expect(v.parse(impressionSchema, report)).toEqual({ ...report, recipients: 1 })
    const full = {
      ...report,
      newsletter_send_id: 'x'.repeat(100),
      newsletter: 'ä'.repeat(100),
      recipients: 10_000_000,
      event_id: uuid,
    }
    expect(v.parse(impressionSchema, full)).toEqual({ ...full, event_id: uuid.toLowerCase() })
    const empty = { ...report, newsletter_send_id: null, newsletter: null, recipients: null, event_id: null }
    expect(v.parse(impressionSchema, empty)).toMatchObject({
      ...report,
      newsletter_send_id: null,
      recipients: 1,
    })
  })

  test.each([0, -1, 2_147_483_648, 1.5, '4', null, true, Number.NaN, Number.POSITIVE_INFINITY, [4], {}])(
    'no invalid ids: %o',
    (id) => {
      expect(Object.keys(faults(impressionSchema, { offer_id: id, variation_id: id }))).toEqual([
        'offer_id',
        'variation_id',
      ])
    },
  )

  test.each([-1, 10_000_001, 1.5, '1', false])('no invalid recipients: %o', (recipients) => {
    expect(faults(impressionSchema, { ...report, recipients })).toHaveProperty('recipients')
  })

  test.each(['', ' \t\u00a0', 'x'.repeat(101), 'a\0b', 'a\ud800', '\udc00', 7, ['x']])(
    'no invalid sends: %o',
    (newsletter_send_id) => {
      expect(faults(impressionSchema, { ...report, newsletter_send_id })).toHaveProperty('newsletter_send_id')
    },
  )

  test.each(['', 'x', uuid.slice(1), `${uuid}0`, 7])('no invalid event ids: %o', (event_id) => {
    expect(faults(impressionSchema, { ...report, event_id })).toHaveProperty('event_id')
  })
})

describe('the error for an invalid report', () => {
  const whole = (least: number, most: number) => `must be a whole number from ${least} to ${most}`
  const unstorable = 'must not contain NUL or broken characters'

  test.each<[string, unknown, string]>([
    ['offer_id', '4', whole(1, 2_147_483_647)],
    ['offer_id', 1.5, whole(1, 2_147_483_647)],
    ['offer_id', 0, 'must be at least 1'],
    ['variation_id', 2_147_483_648, 'must be at most 2147483647'],
    ['recipients', -1, 'must be at least 0'],
    ['recipients', 10_000_001, 'must be at most 10000000'],
    ['recipients', '1', whole(0, 10_000_000)],
    ['newsletter_send_id', 7, 'must be a string'],
    ['newsletter_send_id', 'x'.repeat(101), 'must have at most 100 characters'],
    ['newsletter_send_id', 'a\0b', unstorable],
    ['newsletter_send_id', ' ', 'must not be empty or blank; leave it out instead'],
    ['newsletter', 7, 'must be a string'],
    ['newsletter', 'x'.repeat(101), 'must have at most 100 characters'],
    ['newsletter', '\u00a0', 'must not be empty or blank; leave it out instead'],
    ['newsletter', 'a\nb', 'must not contain control characters'],
    ['newsletter', 'a\u0085b', 'must not contain control characters'],
    ['event_id', 7, 'must be a UUID'],
    ['event_id', 'x', 'must be a UUID, for example 0190b5a4-7c1e-7cc3-9a55-0123456789ab'],
  ])('of an impression with %s %o: %s', (field, value, message) => {
    expect(faults(impressionSchema, { offer_id: 4, variation_id: 42, [field]: value })).toEqual({
      [field]: message,
    })
  })

  test.each<[string, unknown, string]>([
    ['referrer', 7, 'must be a string'],
    ['referrer', 'a\0', unstorable],
    ['user_agent', 7, 'must be a string'],
    ['ip_address', 7, 'must be a string'],
    ['ip_address', 'localhost', 'must be an IPv4 or IPv6 address'],
  ])('of a click with %s %o: %s', (field, value, message) => {
    expect(faults(clickSchema, { variation_id: 42, [field]: value })).toEqual({ [field]: message })
  })
})

describe('a parsed impression', () => {
  const report = { offer_id: 4, variation_id: 42 }

  test('has no blanks around the name of its send, and may have an empty segment', () => {
    const given = {
      ...report,
      newsletter_send_id: ` ${'x'.repeat(100)}\n`,
      newsletter: '\tDaily brief ',
      recipients: 0,
    }
    expect(v.parse(impressionSchema, given)).toMatchObject({
      newsletter_send_id: 'x'.repeat(100),
      newsletter: 'Daily brief',
      recipients: 0,
    })
  })
})

describe('the schema of clicks accepts', () => {
  const report = { variation_id: 42 }

  test('texts of any length, of which the beginning is kept', () => {
    const long = {
      ...report,
      referrer: `https://a.example/${'x'.repeat(9_000)}`,
      user_agent: `${'x'.repeat(499)}😀`,
    }
    const parsed = v.parse(clickSchema, long)
    expect(parsed.referrer).toBe(long.referrer.slice(0, 2_000))
    expect(parsed.user_agent).toBe(`${'x'.repeat(499)}\ufffd`)
  })

  test('the variation alone, or every field', () => {
    expect(v.parse(clickSchema, report)).toEqual(report)
    const full = {
      ...report,
      referrer: 'gmail_app',
      user_agent: 'ä'.repeat(500),
      ip_address: '2001:db8::1',
      event_id: uuid.toLowerCase(),
    }
    expect(v.parse(clickSchema, full)).toEqual(full)
    const empty = { ...report, referrer: null, user_agent: null, ip_address: null, event_id: null }
    expect(v.parse(clickSchema, empty)).toEqual(empty)
  })

  test.each([
    ['referrer', 'a\0'],
    ['user_agent', '\ud83d'],
    ['user_agent', 7],
    ['ip_address', '1.2.3'],
    ['ip_address', '1.2.3.4:80'],
    ['ip_address', 'localhost'],
    ['ip_address', ''],
    ['ip_address', 16909060],
    ['event_id', 'x'],
    ['offer_id', 4],
  ])('not %s %o', (field, value) => {
    expect(Object.keys(faults(clickSchema, { ...report, [field]: value }))).toEqual([field])
  })
})
