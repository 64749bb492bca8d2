import { describe, expect, test } from 'vitest'
import type { SendEvidence, SendsAndTexts } from '../../src/lib/model/send-evidence.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import { betaCdf } from '../../src/lib/stats/beta.ts'
import { countOfferSends } from '../../src/lib/stats/count-sends.ts'
import { type Comparison, labelOf } from '../../src/lib/stats/label.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { roundTo } from '../../src/lib/stats/rounding.ts'
import { likelihoodRatio } from '../../src/lib/stats/sequential.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const day = 86_400_000
const now = Date.UTC(2026, 10, 18, 12)

const aText = (variation_id: number, offer_id = 1, approved = true): SendsAndTexts['variations'][number] => ({
  ...{ variation_id, offer_id, approved },
  ...{ tone: null, length_category: null, cta_text: null },
})
const aSend = (variation_id: number, age: number, clickers: number, changes: Partial<SendEvidence> = {}) => ({
  ...{ offer_id: 1, variation_id, newsletter_send_id: `${variation_id} ${age}`, newsletter: '' },
  ...{ sent_at: now - age * day, recipients: 10_000, clickers },
  clickers_by: byMarks(clickers * 0.7, clickers * 0.9, clickers),
  ...changes,
})
/** Sends in equal parts, one of each text, whose readers click so often. */
const split = (clickers: readonly number[], sends: number): SendEvidence[] =>
  Array.from({ length: sends }, (_, index) =>
    clickers.map((each, place) =>
      aSend(place + 1, 5 + index, each + ((index * 7 + place * 3) % 5), {
        newsletter_send_id: `day ${index}`,
      }),
    ),
  ).flat()
const learnedOf = (variations: SendsAndTexts['variations'], sends: readonly SendEvidence[]) => {
  const [offer] = learn(
    variations,
    sends.map((send) => ({ ...send, age: (now - send.sent_at) / day })),
  ).offers
  return offer ?? expect.fail('no offer')
}

describe('a confirmed winner', () => {
  /** The evidence that the first text is better than another, as the test adds it up. */
  const evidenceFor = (
    sends: readonly SendEvidence[],
    variations: SendsAndTexts['variations'],
    rival: number,
  ) => {
    const texts = learnedOf(variations, sends).variations
    const [one, other] = [1, rival].map(
      (id) => texts.find(({ variation }) => variation.variation_id === id) ?? expect.fail(`${id}`),
    )
    if (!one || !other) expect.fail('two texts')
    const [a, b] = [one.beside(other.variation), other.beside(one.variation)]
    const besides = one.driftAgainst(other.variation)
    return likelihoodRatio(Math.log(a.k / a.n / (b.k / b.n)), 1 / a.k + 1 / b.k + besides)
  }

  test.each([
    [2, 20],
    [3, 40],
    [4, 60],
  ])('of %d texts has %d times the evidence against each of the others', (count, needed) => {
    const variations = Array.from({ length: count }, (_, place) => aText(place + 1))
    const of = (better: number) => {
      const sends = split([better, ...Array.from({ length: count - 1 }, () => 2_000)], 8)
      const rivals = variations
        .slice(1)
        .map(({ variation_id }) => evidenceFor(sends, variations, variation_id))
      const label = assess({ sends, variations }, now).variations.get(1)?.label.code
      return { confirmed: label === 'confirmed_winner', evidence: Math.min(...rivals) }
    }
    let [low, high] = [2_000, 3_600]
    while (high - low > 2) {
      const middle = (low + high) >> 1
      if (of(middle).confirmed) high = middle
      else low = middle
    }
    expect(of(low).evidence).toBeLessThan(needed)
    expect(of(high).evidence).toBeGreaterThanOrEqual(needed)
    expect(of(high).evidence).toBeLessThan(1.1 * needed)
  })

  test('stands alone: of the others none leads, and each says why', () => {
    const { variations } = assess(
      { sends: split([300, 200, 190], 20), variations: [1, 2, 3].map((id) => aText(id)) },
      now,
    )
    expect([1, 2, 3].map((id) => variations.get(id)?.label)).toEqual([
      { code: 'confirmed_winner', text: 'Confirmed winner' },
      { code: 'behind', text: 'Behind (P = under 1 %)' },
      { code: 'behind', text: 'Behind (P = under 1 %)' },
    ])
  })
})

describe('chances', () => {
  test('are those of the beliefs, to four decimals, with what another choice would cost', () => {
    const variations = [aText(1), aText(2)]
    const sends = [aSend(1, 5, 210), aSend(2, 6, 200), aSend(1, 8, 220), aSend(2, 9, 215)]
    const judged = assess({ sends, variations }, now).variations
    const learned = learnedOf(variations, sends).variations
    const chances = chancesOf(learned.map(({ belief }) => belief))
    // Upper limits do not belong in an expectation.
    const losses = chancesOf(learned.map(({ expected }) => expected)).map(({ loss }) => loss)
    for (const [place, { best, loss }] of chances.entries()) {
      const found = judged.get(place + 1)
      expect(found?.probability_best).toBe(Number(best.toFixed(4)))
      expect(found?.expected_loss).toBe(Number(((losses[place] ?? 0) * 100).toFixed(3)))
      expect(losses[place]).toBeLessThan(0.9 * loss)
    }
  })

  test('come with a loss that is the mean of how much the best is better', () => {
    const [one, two, three] = [
      { a: 20, b: 700 },
      { a: 14, b: 600 },
      { a: 40, b: 1_300 },
    ]
    // The mean of the largest is what its distribution function leaves.
    let largest = 0
    const step = 1e-5
    for (let x = step / 2; x < 0.2; x += step)
      largest +=
        step * (1 - betaCdf(x, one.a, one.b) * betaCdf(x, two.a, two.b) * betaCdf(x, three.a, three.b))
    for (const { a, b, loss } of chancesOf([one, two, three]))
      expect(loss).toBeCloseTo(largest - a / (a + b), 6)
  })

  test('hold for two that are known to very different degrees', () => {
    const [sure, unsure] = [
      { a: 900_000, b: 44_100_000 },
      { a: 0.9, b: 44 },
    ]
    const [first, second] = chancesOf([sure, unsure])
    expect(second?.best).toBeCloseTo(1 - betaCdf(0.02, 0.9, 44), 3)
    expect((first?.best ?? 0) + (second?.best ?? 0)).toBeCloseTo(1, 4)
  })
})

describe('what is said of a text', () => {
  const comparison: Comparison = {
    ...{ leads: true, own: { sends: 9, clicks: 500 }, rival: { sends: 9, clicks: 500 } },
    ...{ best: 0.88, leadersBest: 0.88, relativeLoss: 0.02, confirmed: () => false },
  }

  test.each<[Partial<Comparison>, string, string]>([
    [
      { own: { sends: 2, clicks: 500 } },
      'not_enough_data',
      'Not enough data yet – 2 of 3 sends, 100 of 100 clicks',
    ],
    [
      { rival: { sends: 3, clicks: 99 } },
      'not_enough_data',
      'Not enough data yet – the text it is compared with has 3 of 3 sends, 99 of 100 clicks',
    ],
    [{ leads: false, best: 0.0499 }, 'behind', 'Behind (P = 5 %)'],
    [{ leads: false, best: 0.05, leadersBest: 0.8 }, 'too_close', 'Not ruled out (P = 5 %)'],
    [{ leads: false, best: 0.01 }, 'behind', 'Behind (P = 1 %)'],
    [{ leads: false, best: 0.0099 }, 'behind', 'Behind (P = under 1 %)'],
    [{ leads: false, best: 0.3, leadersBest: 0.7 }, 'too_close', 'Too close to call'],
    [{ best: 0.7999, leadersBest: 0.7999 }, 'too_close', 'Too close to call'],
    [{ best: 0.8, leadersBest: 0.8 }, 'leading', 'Leading (P = 80 %)'],
    [{ best: 0.9499, relativeLoss: 0.01 }, 'leading', 'Leading (P = 95 %)'],
    [{ best: 0.95, relativeLoss: 0.0499 }, 'probably_best', 'Probably best, not confirmed'],
    [{ best: 0.99, relativeLoss: 0.05 }, 'leading', 'Leading (P = 99 %)'],
    [{ best: 0.9901, relativeLoss: 0.05 }, 'leading', 'Leading (P = over 99 %)'],
    [{ best: 0.9501, confirmed: () => true }, 'confirmed_winner', 'Confirmed winner'],
    [{ best: 0.95, confirmed: () => true }, 'probably_best', 'Probably best, not confirmed'],
  ])('changes at its limits: %j', (changes, code, words) => {
    expect(labelOf({ ...comparison, leadersBest: changes.best ?? 0.88, ...changes })).toEqual({
      code,
      text: words,
    })
  })

  test('where there is no other has a code as well', () => {
    expect(labelOf(undefined)).toEqual({ code: 'not_enough_data', text: 'Nothing to compare with yet' })
  })
})

describe('the rate of an offer', () => {
  const variations = [aText(1), aText(2), aText(3)]
  const sends = [...split([300, 200], 9), aSend(1, 50, 150), aSend(2, 90, 260)]

  test.each<[string, SendEvidence[]]>([
    ['many sends', sends],
    ['a single one of each', [aSend(1, 9, 3, { recipients: 200 }), aSend(2, 90, 9, { recipients: 300 })]],
  ])('is the mean of its texts that were sent, as unsure as they are together: %s', (_, given) => {
    const found = assess({ sends: given, variations }, now).offers.get(1)
    const { shape, rate, shared, variations: learned } = learnedOf(variations, given)
    const texts = learned.filter(({ sent }) => sent)
    expect(texts).toHaveLength(2)
    const mean = texts.reduce((sum, one) => sum + one.mean, 0) / 2
    // Independent parts, each as a share of the mean: texts, offer as far as they lean on it, and what all have.
    const ofTexts = texts.reduce(
      (sum, { belief: { a, b } }) => sum + (a * b) / ((a + b) ** 2 * (a + b + 1)),
      0,
    )
    const leaning = texts.reduce((sum, { belief: { a, b } }) => sum + 8 / (shape / rate) / (a + b) / 2, 0)
    const ofOffer = (leaning * (shape / rate)) ** 2 / shape
    const drift = Math.max(...texts.map((one) => one.drift))
    expect(drift).toBeGreaterThan(Math.min(...texts.map((one) => one.drift)))
    const variance = (ofTexts / 4 + ofOffer) / mean ** 2 + shared + drift
    expect(found?.smoothed_ctr).toBeCloseTo(100 * mean, 3)
    expect(found?.interval[0]).toBeCloseTo(100 * mean * Math.exp(-1.96 * Math.sqrt(variance)), 3)
    expect(found?.interval[1]).toBeCloseTo(100 * mean * Math.exp(1.96 * Math.sqrt(variance)), 3)
  })

  test('never reaches beyond 100 %', () => {
    const few = [5, 6, 7, 8, 9, 10].map((age) => aSend(1, age, 9_900))
    const [low = 0, end = 0] = assess({ sends: few, variations }, now).offers.get(1)?.interval ?? []
    expect(low).toBeGreaterThan(60)
    expect(end).toBe(100)
  })

  test('is not there if none of its sends counts, nor is that of its text', () => {
    const impossible = aSend(4, 5, 900, { offer_id: 2, recipients: 100 })
    const { offers, variations: judged } = assess(
      { sends: [...sends, impossible], variations: [...variations, aText(4, 2)] },
      now,
    )
    expect([offers.has(2), judged.has(4), judged.has(3)]).toEqual([false, false, false])
    expect(judged.has(1)).toBe(true)
  })

  test('is not there for a newsletter that did not send it, though others did', () => {
    const listed = [
      ...sends.map((send) => ({ ...send, newsletter: 'daily' })),
      aSend(4, 5, 300, { offer_id: 2, newsletter: 'weekly' }),
    ]
    const { offers, variations: judged } = assess(
      { sends: listed, variations: [...variations, aText(4, 2)] },
      now,
      'weekly',
    )
    expect([...offers.keys()]).toEqual([2])
    expect([...judged.keys()]).toEqual([4])
  })
})

test('a crowd and signs of machines each make rates less sure, and both together most', () => {
  const crowd = {
    ...{ addresses: 5, visits: 60, largest: 20, other_clicks: 190, clickers: 20 },
    clickers_by: byMarks(10, 15, 20),
  }
  const signs = { uncertain: 60, doubtful: 0 }
  const widthWith = (changes: Partial<SendEvidence>) => {
    const sends = Array.from({ length: 12 }, (_, index) => aSend(1 + (index % 2), 4 + index, 220, changes))
    const [low, high] = assess({ sends, variations: [aText(1), aText(2)] }, now).variations.get(1)
      ?.interval ?? [1, 1]
    return Math.log(high / low)
  }
  const plain = widthWith({})
  expect(widthWith({ crowd })).toBeGreaterThan(1.02 * plain)
  expect(widthWith({ signs })).toBeGreaterThan(1.02 * plain)
  expect(widthWith({ crowd, signs })).toBeGreaterThan(Math.max(widthWith({ crowd }), widthWith({ signs })))
})

test('the text that leads is compared with the second, the others with it', () => {
  const variations = [1, 2, 3].map((id) => aText(id))
  const sends = [
    ...Array.from({ length: 12 }, (_, index) => aSend(1, 4 + index, 300)),
    ...Array.from({ length: 12 }, (_, index) => aSend(2, 4.3 + index, 274)),
    ...[2, 2.5].map((age) => aSend(3, age, 60)),
  ]
  const labels = assess({ sends, variations }, now).variations
  expect([1, 2, 3].map((id) => labels.get(id)?.label.code)).toEqual([
    'leading',
    'too_close',
    'not_enough_data',
  ])
  expect(labels.get(2)?.label.text).toMatch(/^Not ruled out/)
  const two = assess(
    { sends: sends.filter(({ variation_id }) => variation_id !== 2), variations },
    now,
  ).variations
  expect(two.get(1)?.label.text).toMatch(/the text it is compared with has 0 of 3 sends, 100 of 100 clicks$/)
})

test('a send is complete when it is older than three days, not before', () => {
  const sends = [
    aSend(1, 3, 40, { newsletter_send_id: 'three' }),
    aSend(1, 3.01, 40, { newsletter_send_id: 'more' }),
  ]
  const { offers, variations } = assess({ sends, variations: [aText(1)] }, now)
  expect(offers.get(1)).toMatchObject({ sends: 2, complete_sends: 1 })
  expect(variations.get(1)).toMatchObject({ sends: 2, complete_sends: 1 })
})

test('clickers at crowded addresses are added up over the sends', () => {
  const crowd = (clickers: number) => ({
    crowd: {
      addresses: 2,
      visits: 9,
      largest: 5,
      other_clicks: 90,
      clickers,
      clickers_by: byMarks(1, 2, clickers),
    },
  })
  const sends = [aSend(1, 5, 100, crowd(4)), aSend(1, 6, 100, crowd(7)), aSend(1, 7, 100)]
  expect(assess({ sends, variations: [aText(1)] }, now).variations.get(1)).toMatchObject({
    ...{ clickers: 300, crowded_clickers: 11, recipients: 30_000 },
  })
})

test.each([
  [0.1234567, 0.123],
  [0.0123456, 0.012],
  [0.0099999, 0.01],
  [0.00123456, 0.0012],
  [0.0000045678, 0.0000046],
  [-0.0012345, -0.0012],
  [12.34567, 12.346],
  [0, 0],
])('%d is shown as %d: three decimals, and two digits of what is small', (value, shown) => {
  expect(roundTo(3, value)).toBe(shown)
})

test('a text is compared with the one that leads, though little is known of that', () => {
  const sends = [
    ...Array.from({ length: 30 }, (_, index) => aSend(1, 4 + index, 200)),
    ...Array.from({ length: 30 }, (_, index) => aSend(2, 4.4 + index, 190)),
    ...[8, 9].map((age) => aSend(3, age, 900)),
  ]
  const { variations } = assess({ sends, variations: [1, 2, 3].map((id) => aText(id)) }, now)
  for (const id of [1, 2])
    expect(variations.get(id)?.label.text).toBe(
      'Not enough data yet – the text it is compared with has 2 of 3 sends, 100 of 100 clicks',
    )
})

test('an offer that was not sent has no sends', () => {
  expect(countOfferSends([])(7)).toEqual({ sends: 0, complete: 0 })
})
