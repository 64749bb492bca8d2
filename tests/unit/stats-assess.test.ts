import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SendsAndTexts, Signs } from '../../src/lib/model/send-evidence.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import { betaCdf } from '../../src/lib/stats/beta.ts'
import { effectsOf } from '../../src/lib/stats/kinds-regression.ts'
import { type Comparison, labelOf } from '../../src/lib/stats/label.ts'
import { byMarks } from '../bench/newsletter-world.ts'

describe('the chance to be the best', () => {
  test.each([
    ['usual rates', { a: 30, b: 970 }, { a: 25, b: 975 }, 0.2],
    ['very many clicks beside few', { a: 40_000, b: 1_960_000 }, { a: 14, b: 600 }, 0.1],
    ['rates near 1', { a: 9, b: 0.9 }, { a: 80, b: 20 }, 1],
  ])('of two is the integral that a fine sum gives: %s', (_, one, other, end) => {
    let truth = 0
    const points = 20_000
    for (let point = 0; point < points; point += 1) {
      const [from, to] = [(end * point) / points, (end * (point + 1)) / points]
      const mass = betaCdf(to, one.a, one.b) - betaCdf(from, one.a, one.b)
      truth += mass * betaCdf((from + to) / 2, other.a, other.b)
    }
    const [first, second] = chancesOf([one, other])
    expect(first?.best).toBeCloseTo(truth, 5)
    expect((first?.best ?? 0) + (second?.best ?? 0)).toBeCloseTo(1, 5)
    // What the better one loses and what the worse one loses differ by their means.
    const meanOf = ({ a, b }: typeof one) => a / (a + b)
    expect((second?.loss ?? 0) - (first?.loss ?? 0)).toBeCloseTo(meanOf(one) - meanOf(other), 6)
  })

  test('of no texts is empty', () => expect(chancesOf([])).toEqual([]))

  test('of equals is equal, also of very many clicks beside very few', () => {
    for (const { best } of chancesOf(Array.from({ length: 4 }, () => ({ a: 8, b: 392 }))))
      expect(best).toBeCloseTo(0.25, 4)
    const [sure, unsure] = chancesOf([
      { a: 40_000, b: 1_960_000 },
      { a: 8, b: 392 },
    ])
    expect((sure?.best ?? 0) + (unsure?.best ?? 0)).toBeCloseTo(1, 4)
    expect(unsure?.best).toBeCloseTo(1 - betaCdf(0.02, 8, 392), 3)
    expect(chancesOf([{ a: 8, b: 392 }])).toEqual([
      { a: 8, b: 392, best: expect.closeTo(1, 9), loss: expect.closeTo(0, 9) },
    ])
  })

  test('sums to one, and the larger mean of equally known ones has the larger chance', () => {
    const belief = fc.record({
      a: fc.double({ min: 2, max: 500, noNaN: true }),
      b: fc.double({ min: 50, max: 5e4, noNaN: true }),
    })
    fc.assert(
      fc.property(fc.array(belief, { minLength: 1, maxLength: 6 }), (beliefs) => {
        const chances = chancesOf(beliefs)
        expect(chances.reduce((sum, { best }) => sum + best, 0)).toBeCloseTo(1, 4)
        for (const { loss } of chances) expect(loss).toBeGreaterThanOrEqual(0)
      }),
      { numRuns: 40 },
    )
  })
})

const comparison = (changes: Partial<Comparison> = {}): Comparison => ({
  leads: true,
  own: { sends: 9, clicks: 500 },
  rival: { sends: 9, clicks: 500 },
  best: 0.88,
  leadersBest: changes.best ?? 0.88,
  relativeLoss: 0.02,
  confirmed: () => false,
  ...changes,
})

test.each<[string, Comparison | undefined, string]>([
  ['no rival', undefined, 'Nothing to compare with yet'],
  [
    'few clicks',
    comparison({ own: { sends: 2, clicks: 41 } }),
    'Not enough data yet – 2 of 3 sends, 41 of 100 clicks',
  ],
  [
    'few sends only',
    comparison({ own: { sends: 2, clicks: 500 } }),
    'Not enough data yet – 2 of 3 sends, 100 of 100 clicks',
  ],
  [
    '99 clicks',
    comparison({ own: { sends: 9, clicks: 99 }, confirmed: () => true }),
    'Not enough data yet – 3 of 3 sends, 99 of 100 clicks',
  ],
  [
    'few clicks on both sides: its own numbers',
    comparison({ own: { sends: 3, clicks: 60 }, rival: { sends: 1, clicks: 7 } }),
    'Not enough data yet – 3 of 3 sends, 60 of 100 clicks',
  ],
  [
    'few clicks of the other text only',
    comparison({ rival: { sends: 2, clicks: 49 } }),
    'Not enough data yet – the text it is compared with has 2 of 3 sends, 49 of 100 clicks',
  ],
  [
    'few sends of the other text only',
    comparison({ leads: false, rival: { sends: 2, clicks: 500 }, best: 0.02 }),
    'Not enough data yet – the text it is compared with has 2 of 3 sends, 100 of 100 clicks',
  ],
  [
    'just enough on both sides',
    comparison({ own: { sends: 3, clicks: 100 }, rival: { sends: 3, clicks: 100 } }),
    'Leading (P = 88 %)',
  ],
  ['79 %', comparison({ best: 0.79 }), 'Too close to call'],
  ['88 %', comparison(), 'Leading (P = 88 %)'],
  ['96 % that may cost much', comparison({ best: 0.96, relativeLoss: 0.05 }), 'Leading (P = 96 %)'],
  ['96 %', comparison({ best: 0.96, relativeLoss: 0.049 }), 'Probably best, not confirmed'],
  ['confirmed', comparison({ best: 0.997, confirmed: () => true }), 'Confirmed winner'],
  [
    'a test that is surer than the chance',
    comparison({ best: 0.95, confirmed: () => true }),
    'Probably best, not confirmed',
  ],
  ['nearly certain', comparison({ best: 0.999, relativeLoss: 0.1 }), 'Leading (P = over 99 %)'],
  ['behind', comparison({ leads: false, best: 0.02 }), 'Behind (P = 2 %)'],
  ['far behind', comparison({ leads: false, best: 0.001 }), 'Behind (P = under 1 %)'],
  ['second, not by much', comparison({ leads: false, best: 0.12, leadersBest: 0.79 }), 'Too close to call'],
  [
    'second to one that leads',
    comparison({ leads: false, best: 0.12, leadersBest: 0.8 }),
    'Not ruled out (P = 12 %)',
  ],
])('the label with %s', (_, given, text) => {
  expect(labelOf(given).text).toBe(text)
})

const day = 86_400_000
const now = Date.UTC(2026, 10, 18, 12)
const sent = (offer_id: number, variation_id: number, clickers: number, days: number) => ({
  offer_id,
  variation_id,
  newsletter_send_id: `${variation_id}-${days}`,
  newsletter: '',
  sent_at: now - days * day,
  recipients: 10_000,
  clickers,
  clickers_by: byMarks(clickers * 0.7, clickers * 0.9, clickers),
})
const evidence: SendsAndTexts = {
  variations: [
    {
      variation_id: 1,
      offer_id: 1,
      tone: 'exciting',
      length_category: 'short',
      cta_text: null,
      approved: true,
    },
    { variation_id: 2, offer_id: 1, tone: 'calm', length_category: 'short', cta_text: null, approved: true },
    {
      variation_id: 3,
      offer_id: 2,
      tone: 'exciting',
      length_category: 'long',
      cta_text: 'Go',
      approved: true,
    },
    { variation_id: 4, offer_id: 2, tone: 'calm', length_category: 'long', cta_text: 'Go', approved: true },
    { variation_id: 5, offer_id: 3, tone: 'wild', length_category: 'long', cta_text: 'Go', approved: true },
  ],
  sends: [
    ...Array.from({ length: 40 }, (_, index) => sent(1, 1, 400 + (index % 3) * 20, 4 + index)),
    ...Array.from({ length: 40 }, (_, index) => sent(1, 2, 200 + (index % 3) * 10, 4 + index)),
    sent(2, 3, 30, 10),
    sent(2, 4, 35, 11),
  ],
}

test('a send with a burst of machines widens the interval', () => {
  const sends = evidence.sends.filter(({ offer_id }) => offer_id === 2)
  const width = (signs: Signs | null) => {
    const signed = sends.map((send, place) => ({
      ...send,
      signs: place === 0 ? signs : { uncertain: 0, doubtful: 1 },
    }))
    const [low, high] = assess({ ...evidence, sends: signed }, now).variations.get(3)?.interval ?? [1, 1]
    return Math.log(high / low)
  }
  const usual = width({ uncertain: 0, doubtful: 1 })
  expect(width(null)).toBeCloseTo(usual, 6)
  expect(width({ uncertain: 0, doubtful: 9_000 })).toBeGreaterThan(1.1 * usual)
  expect(width({ uncertain: 15, doubtful: 1 })).toBeGreaterThan(1.1 * usual)
})

describe('an assessment', () => {
  test('finds the winner, and says how it knows', () => {
    const { variations } = assess(evidence, now)
    expect(variations.get(1)).toMatchObject({
      sends: 40,
      recipients: 400_000,
      clickers: 16_780 - 0,
      label: { code: 'confirmed_winner' },
    })
    expect(variations.get(1)?.smoothed_ctr).toBeCloseTo(4.1, 0)
    expect(variations.get(1)?.probability_best).toBeGreaterThan(0.99)
    expect(variations.get(2)?.label.code).toBe('behind')
    expect(variations.get(2)?.expected_loss).toBeCloseTo(2, 0)
    const [low, high] = variations.get(1)?.interval ?? [0, 0]
    expect(low).toBeLessThan(4.1)
    expect(high).toBeGreaterThan(4.1)
  })

  test('judges texts in use among themselves, and one that is no longer used as if it came back', () => {
    const use = (id: number, approved: boolean) => ({
      variation_id: id,
      offer_id: 1,
      tone: null,
      length_category: null,
      cta_text: null,
      approved,
    })
    const often = (id: number, clickers: number) =>
      Array.from({ length: 40 }, (_, index) => sent(1, id, clickers + (index % 3) * 10, 4 + index))
    const judged = assess(
      {
        variations: [use(1, true), use(2, true), use(3, false), use(4, false)],
        sends: [...often(1, 400), ...often(2, 200), ...often(3, 800), sent(1, 4, 2, 9)],
      },
      now,
    ).variations
    expect(judged.get(1)?.label.code).toBe('confirmed_winner')
    expect(judged.get(1)?.probability_best).toBeGreaterThan(0.99)
    expect(judged.get(2)?.label.code).toBe('behind')
    expect(judged.get(3)?.label).toEqual({ code: 'retired', text: 'No longer used' })
    expect(judged.get(3)?.probability_best).toBeGreaterThan(0.99)
    expect(judged.get(4)?.label.code).toBe('retired')
  })

  test('says nothing with too little data, or nothing to compare with', () => {
    const { variations, offers } = assess(evidence, now)
    expect(variations.get(3)?.label.text).toBe('Not enough data yet – 1 of 3 sends, 30 of 100 clicks')
    expect(variations.get(4)?.label.text).toBe('Not enough data yet – 1 of 3 sends, 35 of 100 clicks')
    expect(variations.has(5)).toBe(false)
    expect([...offers.keys()]).toEqual([1, 2])
    expect(offers.get(1)?.smoothed_ctr).toBeGreaterThan(offers.get(2)?.smoothed_ctr ?? 0)
  })

  test('names the missing data of the other text, from sends older than 72 hours', () => {
    const [one, two] = evidence.variations
    const judged = assess(
      {
        variations: one && two ? [one, two] : [],
        sends: [...[5, 6, 7, 8].map((days) => sent(1, 1, 400, days)), sent(1, 2, 20, 4), sent(1, 2, 29, 2)],
      },
      now,
    ).variations
    expect(judged.get(1)?.label).toEqual({
      code: 'not_enough_data',
      text: 'Not enough data yet – the text it is compared with has 1 of 3 sends, 49 of 100 clicks',
    })
    expect(judged.get(2)?.label.text).toBe('Not enough data yet – 1 of 3 sends, 49 of 100 clicks')
  })

  test('says nothing about kinds of text while there are few texts', () => {
    const { attributes } = assess(evidence, now)
    expect(attributes.tone.map(({ value, lift }) => [value, lift])).toEqual([
      ['calm', null],
      ['exciting', null],
    ])
    expect(attributes.cta_text).toMatchObject([{ value: 'Go', variations: 2, sends: 2, clickers: 65 }])
  })

  test('compares kinds of texts within their offers, each beside the other attributes', () => {
    // Exciting texts do better by half, and most of them are short; the third offer has one text alone.
    const texts = Array.from({ length: 25 }, (_, id) => {
      const exciting = id % 2 === 0
      const offer_id = 1 + (id >> 3)
      const clickers = 200 * offer_id * (exciting ? 1.5 : 1) * (1 + ((id * 7) % 5) / 50)
      const length_category = id % 6 < 4 === exciting ? 'short' : 'long'
      const tone = exciting ? 'exciting' : 'calm'
      return {
        offer_id,
        variation_id: id,
        tone,
        length_category,
        cta_text: `Go ${id % 13}`,
        approved: true,
        clickers,
      }
    })
    const { attributes: found } = assess(
      {
        variations: texts,
        sends: texts.flatMap(({ offer_id, variation_id, clickers }) =>
          [5, 6, 7, 8, 9].map((days) => sent(offer_id, variation_id, Math.round(clickers), days)),
        ),
      },
      now,
    )
    const [exciting, calm] = found.tone
    expect(exciting).toMatchObject({ value: 'exciting', variations: 13 })
    expect(exciting?.lift).toBeGreaterThan(1.1)
    expect(exciting?.interval?.[0]).toBeGreaterThan(1)
    expect(calm?.interval?.[1]).toBeLessThan(1)
    for (const { interval } of found.length_category) {
      expect(interval?.[0]).toBeLessThan(1)
      expect(interval?.[1]).toBeGreaterThan(1)
    }
    expect(found.cta_text.map(({ lift }) => lift)).toEqual(Array.from({ length: 13 }, () => null))
  })

  test('lists equally good kinds of text by name', () => {
    const text = (variation_id: number, tone: string) => ({
      variation_id,
      offer_id: variation_id,
      tone,
      length_category: null,
      cta_text: null,
      approved: true,
    })
    const { attributes: alike } = assess(
      { variations: [text(1, 'urgent'), text(2, 'calm')], sends: [sent(1, 1, 200, 9), sent(2, 2, 200, 9)] },
      now,
    )
    expect(alike.tone.map(({ value, lift }) => [value, lift])).toEqual([
      ['calm', null],
      ['urgent', null],
    ])
  })

  test('without texts is empty', () => {
    expect(assess({ sends: [], variations: [] }, now)).toMatchObject({
      attributes: { tone: [], length_category: [], cta_text: [] },
    })
  })
})

test('findings on kinds of text are as certain as texts of one kind are similar', () => {
  const reachAt = (spread: number) => {
    const points = Array.from({ length: 40 }, (_, id) => ({
      offer_id: id >> 3,
      y: (id % 4 < 2 ? spread : -spread) + (id % 2 === 0 ? 0.1 : -0.1),
      variance: 0.0001,
      kinds: [id % 2 === 0 ? 'calm' : 'urgent'],
    }))
    const calm = effectsOf(points, [['calm', 'urgent']]).get('calm')
    if (!calm) expect.fail('an effect')
    expect(calm.effect).toBeGreaterThan(0.08)
    return calm.high - calm.effect
  }
  expect(reachAt(0)).toBeLessThan(0.01)
  // 34 are free: two halves of twenty differ by the root of a tenth, a kind is off the middle by half of that,
  // and of one attribute with two kinds each is given 95 %, which is 2.032 for t.
  expect(reachAt(0.3)).toBeCloseTo(0.3 * Math.sqrt(40 / 34) * Math.sqrt(0.1) * 0.5 * 2.032, 3)
})

test('twenty offers of four texts are assessed in less than a second of the processor', () => {
  const many: SendsAndTexts = {
    variations: Array.from({ length: 80 }, (_, id) => ({
      variation_id: id,
      offer_id: id >> 2,
      tone: null,
      length_category: null,
      cta_text: null,
      approved: true,
    })),
    sends: Array.from({ length: 730 }, (_, index) =>
      sent((index % 80) >> 2, index % 80, 150 + (index % 17), index),
    ),
  }
  const before = process.threadCpuUsage()
  assess(many, now)
  const { user, system } = process.threadCpuUsage(before)
  expect((user + system) / 1_000).toBeLessThan(1_000)
})

test('a newsletter in segments is one send of its offer; retired texts are left out', () => {
  const now = 40 * 86_400_000
  const texts = [1, 2, 3].map((variation_id) => ({
    ...{ variation_id, offer_id: 1, approved: variation_id < 3 },
    ...{ tone: null, length_category: null, cta_text: null },
  }))
  const part = (variation_id: number, newsletter_send_id: string, age: number) => ({
    ...{ offer_id: 1, variation_id, newsletter_send_id, newsletter: '', recipients: 5_000 },
    ...{ sent_at: now - age * 86_400_000, clickers: 100, clickers_by: byMarks(70, 90, 100) },
  })
  const sends = [
    ...[part(1, 'first', 9), part(2, 'first', 9), part(1, 'second', 3.1), part(2, 'second', 2.9)],
    ...[part(1, 'third', 1), part(3, 'long ago', 30)],
  ]
  const { offers, variations } = assess({ sends, variations: texts }, now)
  expect(offers.get(1)).toMatchObject({ sends: 3, complete_sends: 1 })
  expect(variations.get(1)).toMatchObject({ sends: 3, complete_sends: 2 })
})
