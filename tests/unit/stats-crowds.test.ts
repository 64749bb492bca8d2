import { describe, expect, test } from 'vitest'
import type { Crowd } from '../../src/lib/model/send-evidence.ts'
import { besideCrowds } from '../../src/lib/stats/crowds.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const day = 86_400_000
const begin = Date.UTC(2026, 2, 1)

type Changes = Partial<{
  name: string
  newsletter: string
  recipients: number
  clickers: number
  at: number
  crowd: Crowd | null
}>
const aSend = (place: number, changes: Changes = {}) => {
  const {
    name = `send-${place}`,
    newsletter = '',
    recipients = 10_000,
    clickers = 130,
    crowd = null,
  } = changes
  return {
    offer_id: 1,
    variation_id: 1,
    newsletter_send_id: name,
    newsletter,
    recipients,
    clickers,
    clickers_by: byMarks(70, 90, clickers),
    sent_at: changes.at ?? begin + place * day,
    age: 50 - place,
    crowd,
  }
}
/**
 * Thirty of 130 clickers, who are a hundred people by 110 visits at ten addresses; elsewhere a hundred make 110
 * clicks.
 */
const aCrowd = (changes: Partial<Crowd> = {}): Crowd => ({
  addresses: 10,
  visits: 110,
  largest: 11,
  other_clicks: 110,
  clickers: 30,
  clickers_by: byMarks(15, 20, 30),
  ...changes,
})
const month = Array.from({ length: 20 }, (_, place) => aSend(place, { crowd: aCrowd() }))

describe('sends beside crowded addresses', () => {
  test('are unchanged if there are none', () => {
    const sends = [aSend(1), aSend(2)]
    expect(besideCrowds(sends)).toEqual({ sends, variance: 0 })
    expect(besideCrowds([]).variance).toBe(0)
  })

  test('count the people elsewhere, and their share of the recipients', () => {
    const { sends, variance } = besideCrowds(month)
    expect(sends).toHaveLength(20)
    for (const send of sends) {
      expect(send.clickers).toBe(100)
      expect(send.recipients / 5_000).toBeCloseTo(1, 2)
      expect(send.clickers_by.map(Math.round)).toEqual(byMarks(55, 70, 100).map(Math.round))
    }
    expect(Math.sqrt(variance)).toBeGreaterThan(0.045)
    expect(Math.sqrt(variance)).toBeLessThan(0.08)
  })

  test('hardly change by what one address does, but are less certain if it does so in all', () => {
    const usual = besideCrowds(month)
    const with577 = aCrowd({ addresses: 11, visits: 687, largest: 577 })
    const attacked = besideCrowds(
      month.map((send, place) => (place === 3 ? { ...send, crowd: with577 } : send)),
    )
    expect(attacked.sends[3]?.recipients).toBeCloseTo(usual.sends[3]?.recipients ?? 0, -2)
    expect(attacked.variance).toBeLessThan(1.3 * usual.variance)
    const always = besideCrowds(month.map((send) => ({ ...send, crowd: with577 })))
    expect((always.sends[3]?.recipients ?? 0) / (usual.sends[3]?.recipients ?? 1)).toBeGreaterThan(0.9)
    expect(always.variance).toBeGreaterThan(10 * usual.variance)
  })

  test('are unchanged if the only crowd is one address, but less certain', () => {
    const alone = aCrowd({ addresses: 1, largest: 110 })
    const { sends, variance } = besideCrowds(month.map((send) => ({ ...send, crowd: alone })))
    expect(sends[0]).toMatchObject({ recipients: 10_000, clickers: 100 })
    expect(Math.sqrt(variance)).toBeGreaterThan(0.3)
  })

  test('assume for each crowded address at most a tenth of the people elsewhere and a few', () => {
    const many = aCrowd({ visits: 10_000, largest: 1_000 })
    const { sends } = besideCrowds(month.map((send) => ({ ...send, crowd: many })))
    expect(10_000 / (sends[0]?.recipients ?? 1)).toBeCloseTo(1 + (10 * 14) / 1.1 / 100, 1)
  })

  test('are judged by month and newsletter, for one newsletter on request', () => {
    const april = Date.UTC(2026, 3, 1)
    const all = [
      ...month.map((send) => ({ ...send, newsletter: 'work' })),
      ...month.map((_, place) => aSend(place, { name: `home-${place}`, newsletter: 'home' })),
      aSend(50, { newsletter: 'work', at: april, crowd: null }),
    ]
    const { sends, variance } = besideCrowds(all)
    expect(Math.round((sends[0]?.recipients ?? 0) / 100)).toBe(50)
    expect(sends[20]?.recipients).toBe(10_000)
    expect(sends[40]?.recipients).toBe(10_000)
    expect(besideCrowds(all, 'home').variance).toBe(0)
    expect(besideCrowds(all, 'work').variance).toBeGreaterThan(variance)
    expect(besideCrowds(all, 'new').variance).toBe(variance)
  })

  test('accept impossible figures: more clickers there than in all, nobody elsewhere, no recipients', () => {
    const odd = [
      aSend(1, { clickers: 5, recipients: 0, crowd: aCrowd({ other_clicks: 0 }) }),
      aSend(2, { clickers: 0, recipients: 0 }),
    ]
    const { sends, variance } = besideCrowds(odd)
    expect(sends.map(({ clickers, recipients }) => [clickers, recipients])).toEqual([
      [0, 0],
      [0, 0],
    ])
    expect(variance).toBe(0)
  })

  test('a split send is one send, in whatever parts', () => {
    const parts = month.flatMap((send) => [
      {
        ...send,
        recipients: 8_500,
        clickers: 105,
        crowd: aCrowd({ visits: 94, largest: 10, other_clicks: 94, clickers: 20 }),
      },
      {
        ...send,
        variation_id: 2,
        recipients: 1_500,
        clickers: 25,
        crowd: aCrowd({ visits: 16, largest: 2, other_clicks: 16, clickers: 10 }),
      },
    ])
    const { sends } = besideCrowds(parts)
    const [large, small] = sends
    expect((large?.recipients ?? 0) / (small?.recipients ?? 1)).toBeCloseTo(8.5 / 1.5, 6)
    expect((large?.recipients ?? 0) / 4_250).toBeCloseTo(1, 1)
  })
})
