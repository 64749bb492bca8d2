import { expect, test } from 'vitest'
import { usualSendOf } from '../../src/lib/reports/usual-send.ts'
import { smallListWarning } from '../../src/lib/wording/small-list.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 18, 12)

type Sends = Parameters<typeof usualSendOf>[0]

/** As many sends, a day apart, the newest so many days old. */
const sends = (recipients: number, clickers: number, count = 4, age = 3, texts = 1): Sends =>
  Array.from({ length: count * texts }, (_, place) => {
    const days = age + count - 1 - Math.floor(place / texts)
    return { newsletter_send_id: `${days}`, sent_at: now - days * day, recipients, clickers }
  })

test('its clickers begin at two per cent and follow the evidence', () => {
  // (0 + 4) / (20 + 200) of 5 recipients.
  expect(usualSendOf(sends(5, 0), now)).toEqual({ texts: 1, recipients: 5, clickers: 0.091 })
  // (40 + 4) / (2,000 + 200) of 100.
  expect(usualSendOf(sends(100, 2, 20), now)).toEqual({ texts: 1, recipients: 100, clickers: 2 })
  // 4 / (20,000 + 200) of 1,000.
  expect(usualSendOf(sends(1_000, 0, 20), now)?.clickers).toBe(0.2)
})

test('of sends of the last three days more clickers are to come', () => {
  const young = (age: number) => usualSendOf(sends(1_000, 6, 1, age), now)?.clickers
  expect([young(2.99), young(3)]).toEqual([20, 8.33])
  // (40 + 4) / (2,000 + 200) of 100 and of 20.
  expect(usualSendOf([...sends(100, 2, 20), ...sends(20, 0, 20, 1).slice(-2)], now)).toEqual({
    texts: 1,
    recipients: 92.73,
    clickers: 1.85,
  })
  // It has more than are to be expected.
  expect(usualSendOf(sends(1_000, 90, 1, 0), now)?.clickers).toBe(90)
})

test('is that of the newest thirty sends, all parts of them', () => {
  expect(usualSendOf([...sends(9_000, 180, 40, 33), ...sends(50, 1, 30)], now)?.recipients).toBe(50)
  expect(usualSendOf([...sends(9_000, 180, 40, 32), ...sends(50, 1, 29)], now)?.recipients).toBe(348.33)
  const split = [...sends(9_000, 180, 40, 33, 4), ...sends(50, 1, 30, 3, 4)]
  expect(usualSendOf(split, now)).toMatchObject({ texts: 4, recipients: 50 })
  expect(usualSendOf([...sends(50, 1, 2, 4), ...sends(50, 1, 1, 3, 2)], now)?.texts).toBe(1.33)
})

test('a test send among others does not make a small list, and alone it does', () => {
  const testSend = sends(2, 0, 1, 0)
  const warning = (...all: Sends[]) => smallListWarning(usualSendOf(all.flat(), now))
  expect(warning(testSend)).toContain('about 2 recipients')
  expect(warning(sends(5_000, 100, 1), testSend)).toBeUndefined()
  expect(warning(sends(20, 1, 20), testSend)).toContain('about 19 recipients')
})

test('one with a wrong number of recipients does not make a large list', () => {
  const wrong = { newsletter_send_id: 'wrong', sent_at: now - 3 * day, recipients: 500_000, clickers: 1 }
  expect(usualSendOf([...sends(20, 1, 20, 4), wrong], now)?.clickers).toBeLessThan(3)
})

test('without recipients there is none, and with fewer than clickers it has that many', () => {
  expect(usualSendOf([], now)).toBeUndefined()
  expect(usualSendOf(sends(0, 0), now)).toBeUndefined()
  expect(usualSendOf([...sends(0, 0, 4, 3), ...sends(100, 2, 1, 2)], now)?.recipients).toBe(100)
  expect(usualSendOf(sends(1, 28), now)).toEqual({ texts: 1, recipients: 1, clickers: 28 })
  // The rate is no more than that of all recipients.
  expect(usualSendOf([...sends(1, 900, 1), ...sends(9_000, 0, 1, 1)], now)).toEqual({
    texts: 1,
    recipients: 4_500.5,
    clickers: 4_500.5,
  })
})
