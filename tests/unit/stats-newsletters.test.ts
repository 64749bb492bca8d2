import { describe, expect, test } from 'vitest'
import type { SendsAndTexts } from '../../src/lib/model/send-evidence.ts'
import { weigh } from '../../src/lib/selection/weigh.ts'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { forNewsletter, type ListedSend } from '../../src/lib/stats/newsletters.ts'
import { sortSends } from '../../src/lib/stats/parts.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const now = Date.UTC(2026, 10, 18)
const day = 86_400_000
const rules = { offerGap: 0, offerSends: 14, window: 14, variationGap: 0, floor: 0 }

/** A send that is complete: `rate` clicks of ten thousand recipients. */
function send(
  newsletter: string,
  variation_id: number,
  age: number,
  rate: number,
  recipients = 10_000,
): ListedSend {
  const clickers = recipients * rate
  return {
    newsletter,
    newsletter_send_id: `${newsletter} ${age}`,
    offer_id: 1,
    variation_id,
    recipients,
    age,
    clickers,
    clickers_by: byMarks(clickers * 0.7, clickers * 0.9, clickers),
  }
}

/** Two texts of 4 and 2 %; readers of "keen" click twice as often as those of "calm", and get the worse text mostly. */
const sends = Array.from({ length: 40 }, (_, index) => [
  send('keen', index % 5 === 0 ? 1 : 2, 4 + index, index % 5 === 0 ? 0.04 : 0.02),
  send('calm', index % 5 === 0 ? 2 : 1, 4 + index, index % 5 === 0 ? 0.01 : 0.02),
]).flat()

const rateOf = (rows: readonly ListedSend[], variation_id: number) => {
  const own = rows.filter((row) => row.variation_id === variation_id)
  const sum = (pick: (row: ListedSend) => number) => own.reduce((total, row) => total + pick(row), 0)
  return sum(({ clickers }) => clickers) / sum(({ recipients }) => recipients)
}

describe('sends of several newsletters', () => {
  test('are compared as if all had the same readers', () => {
    // Added up, both texts look nearly alike.
    expect(rateOf(sends, 1) / rateOf(sends, 2)).toBeLessThan(1.35)
    const all = forNewsletter(sends, undefined)
    expect(rateOf(all, 1) / rateOf(all, 2)).toBeGreaterThan(1.85)
    expect(rateOf(all, 1)).toBeCloseTo(0.03, 2)
  })

  test('give the rate among the readers of each', () => {
    for (const [list, rate] of [
      ['keen', 0.04],
      ['calm', 0.02],
    ] as const) {
      const own = forNewsletter(sends, list)
      expect(Math.abs(rateOf(own, 1) / rate - 1)).toBeLessThan(0.06)
      expect(Math.abs(rateOf(own, 2) / (rate / 2) - 1)).toBeLessThan(0.06)
    }
  })

  test('count for little next to a list’s own sends, and alone if it has none', () => {
    const alien = (rows: readonly ListedSend[]) => rows.filter(({ newsletter }) => newsletter !== 'calm')
    // Each of these sends is worth some ten clicks: of each text at most 1/0.02, as alike as tastes are here.
    const worth = (rows: readonly ListedSend[]) => rows.reduce((sum, { weight = 1 }) => sum + 10 * weight, 0)
    expect(worth(alien(forNewsletter(sends, 'calm')))).toBeLessThan(100)
    const fresh = forNewsletter(sends, 'new')
    expect(worth(fresh)).toBeLessThan(100)
    expect(rateOf(fresh, 1) / rateOf(fresh, 2)).toBeGreaterThan(1.85)
  })

  test('of one list are unchanged, and so is an empty history', () => {
    const one = sends.map((row) => ({ ...row, newsletter: 'keen' }))
    expect(forNewsletter(one, undefined)).toBe(one)
    expect(forNewsletter(one, 'keen')).toBe(one)
    expect(forNewsletter([], 'keen')).toEqual([])
  })

  test('with more clickers than recipients are left out, however much the readers of their list click', () => {
    const wrong = send('keen', 1, 2, 1.2, 1_000)
    for (const list of [undefined, 'keen', 'calm']) {
      const inOrder = forNewsletter([...sends, wrong], list).toSorted((one, other) => other.age - one.age)
      const { doubted } = sortSends(inOrder, curveOf(inOrder))
      expect(doubted.map(({ send: { age }, counted }) => [age, counted])).toEqual([[2, 0]])
      const [{ send: found, usual } = { send: wrong, usual: 0 }] = doubted
      expect((usual * wrong.recipients) / found.recipients).toBeCloseTo(10_000, 6)
    }
  })

  test('to nobody, or of today, say nothing about their readers', () => {
    const rows = [send('a', 1, 0, 0, 0), send('b', 2, 0, 0, 0), send('b', 3, 5, 0.02)]
    for (const list of [undefined, 'a', 'b'])
      for (const row of forNewsletter(rows, list)) expect(Object.values(row)).not.toContain(Number.NaN)
    const [first] = forNewsletter(rows.slice(0, 2), undefined)
    expect(first).toMatchObject({ recipients: 0, clickers: 0 })
  })
})

test('a choice follows the readers that it is for', () => {
  const past = sends.map((row) => ({ ...row, sent_at: now - row.age * day }))
  const candidates = [1, 2].map((variation_id) => ({
    offer_id: 1,
    variation_id,
    weight: 1,
    link_slug: 'a',
    recipients: 0,
    human_clicks: 0,
  }))
  const rates = (newsletter: string) =>
    weigh({ candidates, sends: past, now, newsletter }, 'thompson', 1, rules).map(({ k, n }) => k / n)
  const [keen = 0, calm = 0] = [rates('keen')[0], rates('calm')[0]]
  expect(keen / calm).toBeGreaterThan(1.8)
})

test('an assessment of one newsletter counts its own sends, and gives its own rate', () => {
  const evidence: SendsAndTexts = {
    variations: [1, 2].map((variation_id) => ({
      variation_id,
      offer_id: 1,
      tone: null,
      length_category: null,
      cta_text: null,
      approved: true,
    })),
    sends: sends.map(({ age, ...row }) => ({ ...row, sent_at: now - age * day })),
  }
  const of = (newsletter?: string) => assess(evidence, now, newsletter).variations
  expect(of().get(1)).toMatchObject({ sends: 40, recipients: 400_000 })
  expect(of('calm').get(1)).toMatchObject({ sends: 32, recipients: 320_000 })
  expect(of('keen').get(1)?.smoothed_ctr).toBeCloseTo(4, 0)
  expect(of('calm').get(1)?.smoothed_ctr).toBeCloseTo(2, 0)
  expect(of().get(1)?.smoothed_ctr).toBeCloseTo(3, 0)
})

test('split sends also show what readers prefer', () => {
  const split = Array.from({ length: 30 }, (_, index) => [
    send('keen', 1, 4 + index, 0.04, 5_000),
    send('keen', 2, 4 + index, 0.02, 5_000),
    send('calm', 1, 4 + index, 0.02, 5_000),
    send('calm', 2, 4 + index, 0.01, 5_000),
  ]).flat()
  expect(Math.abs(rateOf(forNewsletter(split, 'keen'), 1) / 0.04 - 1)).toBeLessThan(0.06)
  expect(Math.abs(rateOf(forNewsletter(split, 'calm'), 2) / 0.01 - 1)).toBeLessThan(0.06)
})
