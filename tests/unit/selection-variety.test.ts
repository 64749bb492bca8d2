import { describe, expect, test } from 'vitest'
import { obstacleOf } from '../../src/lib/selection/obstacles.ts'
import { shareNow } from '../../src/lib/selection/share-now.ts'
import { allowed, holds, type Rules } from '../../src/lib/selection/variety.ts'
import { type Situation, weigh } from '../../src/lib/selection/weigh.ts'
import type { PastSend } from '../../src/lib/stats/past-send.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const rules: Rules = { offerGap: 1, offerSends: 5, window: 14, variationGap: 2, floor: 0.05 }
const day = 86_400_000

const send = (
  name: string,
  offer_id: number,
  variation_id: number,
  changes: Partial<PastSend> = {},
): PastSend => ({
  newsletter_send_id: name,
  newsletter: '',
  offer_id,
  variation_id,
  recipients: 10_000,
  sent_at: Number(name) * day,
  clickers: 200,
  clickers_by: byMarks(140, 180, 200),
  ...changes,
})

describe('limits on repetition', () => {
  const held = (sends: PastSend[], offer_id: number, variation_id: number) =>
    holds(sends, rules)({ offer_id, variation_id })

  test('hold an offer back for one send and a variation for two', () => {
    const sends = [send('1', 1, 11), send('2', 2, 21)]
    expect(held(sends, 2, 21)).toBe('offer_gap')
    expect(held(sends, 2, 22)).toBe('offer_gap')
    expect(held(sends, 1, 11)).toBe('variation_gap')
    expect(held(sends, 1, 12)).toBeNull()
    expect(held([...sends, send('3', 3, 31)], 1, 11)).toBeNull()
    expect(held([], 1, 11)).toBeNull()
  })

  test('hold an offer back that was in five of the last thirteen sends', () => {
    const sends = Array.from({ length: 14 }, (_, index) =>
      index % 3 === 0 ? send(String(index), 1, 11) : send(String(index), 2 + (index % 2), 20 + index),
    )
    // In sends 0, 3, 6, 9 and 12: five, of which the first has left the window of thirteen.
    expect(held(sends, 1, 12)).toBeNull()
    expect(held(sends.slice(1, 13), 1, 12)).toBe('offer_gap')
    expect(held(sends.slice(0, 13), 1, 12)).toBe('offer_gap')
    const five = [0, 2, 4, 6, 8].flatMap((at) => [send(String(at), 1, at), send(String(at + 1), 2, 50 + at)])
    expect(held(five, 1, 99)).toBe('offer_share')
    expect(held(five.slice(2), 1, 99)).toBeNull()
  })

  test('count a send in segments once, for every offer that it had', () => {
    const segments = [1, 2, 3, 4].map((text) => send('1', 1, text))
    expect(held([...segments, send('2', 2, 21), send('2', 3, 31)], 1, 9)).toBeNull()
    expect(held([...segments, send('2', 2, 21), send('2', 3, 31)], 1, 4)).toBe('variation_gap')
    expect(held([...segments, send('2', 2, 21), send('2', 3, 31)], 2, 22)).toBe('offer_gap')
  })

  test('look back no further than needed', () => {
    const own = { ...rules, offerGap: 1, offerSends: 1, window: 2, variationGap: 5 }
    const of = holds([send('1', 1, 11), send('2', 2, 21), send('3', 3, 31)], own)
    expect(of({ offer_id: 2, variation_id: 99 })).toBeNull()
    expect(of({ offer_id: 1, variation_id: 11 })).toBe('variation_gap')
    expect(of({ offer_id: 3, variation_id: 99 })).toBe('offer_gap')
  })

  test('can all be switched off', () => {
    const none = holds([send('1', 1, 11)], {
      ...rules,
      offerGap: 0,
      offerSends: 1,
      window: 1,
      variationGap: 0,
    })
    expect(none({ offer_id: 1, variation_id: 11 })).toBeNull()
  })

  test('are lifted if they leave nothing: share and variations first, the next send last', () => {
    const arms = [
      { held: 'offer_gap' },
      { held: 'variation_gap' },
      { held: 'offer_share' },
      { held: null },
    ] as const
    expect(allowed(arms)).toEqual([{ held: null }])
    expect(allowed(arms.slice(0, 3))).toEqual([{ held: 'variation_gap' }, { held: 'offer_share' }])
    expect(allowed(arms.slice(0, 1))).toEqual([{ held: 'offer_gap' }])
    expect(allowed([])).toEqual([])
  })
})

const candidate = (offer_id: number, variation_id: number) => ({
  offer_id,
  variation_id,
  weight: 1,
  link_slug: 'slug',
  recipients: 0,
  human_clicks: 0,
})
const situation = (changes: Partial<Situation> = {}): Situation => ({
  candidates: [candidate(1, 11), candidate(1, 12), candidate(2, 21)],
  sends: [send('1', 1, 11), send('2', 3, 31), send('3', 2, 21)],
  now: 10 * day,
  newsletter: '',
  ...changes,
})

describe('the evidence for a strategy', () => {
  test('covers all that may be shown, and all that was ever sent', () => {
    const arms = weigh(situation(), 'thompson', 1, rules)
    expect(arms.map(({ variation_id, weight, held }) => [variation_id, weight, held])).toEqual([
      [11, 1, null],
      [12, 1, null],
      [21, 1, 'offer_gap'],
      [31, 0, null],
    ])
    expect(arms[0]?.k).toBeGreaterThan(0)
    expect(arms[1]).toMatchObject({ k: 0, n: 0 })
    expect(arms[3]).toMatchObject({ offer_id: 3 })
  })

  test('counts less the older it is, and still less if sends are split', () => {
    const at = (now: number, segments: number) =>
      weigh(situation({ now: now * day }), 'thompson', segments, rules)[0]?.n ?? 0
    expect(at(101, 1) / at(11, 1)).toBeCloseTo(0.995 ** 90, 3)
    // Before anything was split, texts are taken to differ from send to send by a variance of 0.01.
    expect(at(101, 4) / at(11, 4)).toBeCloseTo((1 - Math.sqrt(2e-6 / 0.015)) ** 90, 3)
  })

  test('is only weights and counts if nothing is learned', () => {
    for (const strategy of ['weighted', 'ctr_weighted'] as const)
      expect(weigh(situation(), strategy, 1, rules).map(({ n, held }) => [n, held])).toEqual([
        [0, null],
        [0, null],
        [0, null],
      ])
  })
})

describe('the share of each variation now', () => {
  const sum = (shares: { share: number }[]) => shares.reduce((total, { share }) => total + share, 0)

  test.each(['weighted', 'ctr_weighted', 'thompson'] as const)(
    'under %s sums to 1 and has reasons',
    (strategy) => {
      const now = shareNow(situation(), strategy, rules)
      expect(sum(now.shares)).toBeCloseTo(1, 9)
      expect(now.shares).toHaveLength(3)
      expect(now).not.toHaveProperty('caution')
      expect(shareNow(situation(), strategy, rules)).toEqual(now)
      for (const { why } of now.shares) expect(why.length).toBeGreaterThan(20)
    },
  )

  test('comes with the limits and beliefs behind it', () => {
    const { shares } = shareNow(situation(), 'thompson', rules)
    expect(shares[1]).toMatchObject({
      variation_id: 12,
      held: null,
      why: expect.stringContaining('no send of it counts yet'),
    })
    expect(shares[0]?.why).toMatch(
      /^expected to get \d\.\d\d %, from sends worth [\d.]+ clicks of \d+ recipients$/,
    )
    expect(shares[2]).toMatchObject({ share: 0, held: 'offer_gap' })
    expect(shares[2]?.why).toMatch(/^held back: its offer was in the sends just before; expected/)
    const fewer = shareNow(situation({ sends: [send('1', 1, 11), send('2', 1, 12)] }), 'thompson', rules)
    expect(fewer.shares.map(({ share }) => share > 0)).toEqual([false, false, true])
  })

  test('of a text that is far worse is only its part of the floor', () => {
    const sends = [0, 1, 2, 3].flatMap((name) => [
      send(`${name}`, 1, 11, { recipients: 50_000, clickers: 50 }),
      send(`${name + 4}`, 2, 21, { recipients: 50_000, clickers: 20_000 }),
    ])
    const none = { ...rules, offerGap: 0, offerSends: 1, window: 1, variationGap: 0, floor: 0.2 }
    const { shares } = shareNow(
      situation({ candidates: [candidate(1, 11), candidate(2, 21)], sends }),
      'thompson',
      none,
    )
    expect(shares.map(({ share }) => share)).toEqual([expect.closeTo(0.1, 9), expect.closeTo(0.9, 9)])
  })

  test('under the specified strategies gives weight and CTR', () => {
    const counted = { ...candidate(1, 11), recipients: 200, human_clicks: 5 }
    const of = (strategy: 'weighted' | 'ctr_weighted') =>
      shareNow(situation({ candidates: [counted, candidate(2, 21)] }), strategy, rules).shares[0]
    expect(of('weighted')).toMatchObject({
      share: 0.5,
      believed_ctr: null,
      why: 'its offer has the base weight 1; its texts are sent equally often',
    })
    expect(of('ctr_weighted')).toMatchObject({
      share: 1.025 / 2.025,
      why: 'its offer has the base weight 1, times 1 + CTR / 100 (2.50 %)',
    })
    const { shares } = shareNow(situation({ candidates: [candidate(2, 21)] }), 'ctr_weighted', rules)
    expect(shares).toEqual([
      {
        offer_id: 2,
        variation_id: 21,
        share: 1,
        believed_ctr: null,
        held: null,
        why: 'its offer has the base weight 1, times 1 + CTR / 100 (0 %)',
      },
    ])
  })

  test('comes with each limit, except lifted ones', () => {
    const candidates = [...situation().candidates, candidate(4, 41)]
    const why = (changes: Partial<Rules>, sends: PastSend[], all = situation().candidates) =>
      shareNow(situation({ sends, candidates: all }), 'thompson', { ...rules, ...changes }).shares.map(
        (one) => one.why.replace(/(no send|expected).*/, ''),
      )
    const shown = [send('1', 1, 11), send('2', 2, 21), send('3', 3, 31)]
    expect(why({ variationGap: 3 }, shown)).toEqual([
      'held back: this text was shown a few sends ago; ',
      '',
      'held back: this text was shown a few sends ago; ',
    ])
    const again = [...shown, send('4', 1, 11)]
    const former = Array(2).fill('held back: its offer was in the sends just before; ')
    const share = 'held back: its offer had its share of the last sends; '
    expect(why({ offerSends: 1, variationGap: 0 }, again, candidates)).toEqual([...former, share, ''])
    expect(why({ offerSends: 1, variationGap: 0 }, again)).toEqual([...former, ''])
    expect(why({ offerGap: 5 }, shown)).toEqual(['', '', ''])
  })

  test('of a text that was never sent is explained by its offer', () => {
    const [, unsent] = shareNow(situation(), 'thompson', rules).shares
    expect(unsent?.why).toMatch(
      /^no send of it counts yet, so expected to do as well as its offer: \d\.\d\d %$/,
    )
    expect(unsent?.believed_ctr).toBeCloseTo(Number(unsent?.why.match(/([\d.]+) %$/)?.[1]), 2)
  })

  test('comes with a caution if sends are too small to learn from', () => {
    const tiny = (recipients: number) =>
      [1, 2, 3].map((name) =>
        send(String(name), 1, 11, { recipients, clickers: 0, clickers_by: byMarks(0, 0, 0) }),
      )
    expect(shareNow(situation({ sends: tiny(5) }), 'thompson', rules).caution).toMatch(
      /^A send goes to about 5 recipients, of whom about 0\.\d may click: too few to learn from, whatever/,
    )
    // What counts is the size in the middle, of the last fourteen sends.
    const sizes = [...Array(7).fill(90_000), ...Array(7).fill(4), ...Array(7).fill(6)].map(
      (recipients, name) =>
        send(String(name), 1, 11, { recipients, clickers: 0, clickers_by: byMarks(0, 0, 0) }),
    )
    expect(shareNow(situation({ sends: sizes }), 'thompson', rules).caution).toMatch(/about 6 recipients/)
    expect(shareNow(situation({ sends: tiny(1) }), 'thompson', rules).caution).toMatch(
      /about 1 recipient, of/,
    )
    expect(shareNow(situation({ sends: tiny(10_000) }), 'thompson', rules).caution).toBeUndefined()
    // Four segments of one send are one send of them all.
    const split = [1, 2, 3, 4].map((id) => send('1', 1, id, { recipients: 5, clickers: 0 }))
    expect(shareNow(situation({ sends: split }), 'thompson', rules).caution).toMatch(/about 20 recipients/)
    expect(shareNow(situation({ sends: [] }), 'thompson', rules).caution).toBeUndefined()
    expect(shareNow(situation({ candidates: [], sends: tiny(5) }), 'thompson', rules)).toEqual({
      strategy: 'thompson',
      shares: [],
    })
  })
})

test.each([
  [{}, true, undefined],
  [{ weight: 0 }, true, 'This offer is paused (weight 0), so the newsletter does not choose it.'],
  [{ active: false }, true, 'This offer is not active, so the newsletter does not choose it.'],
  [{ approved: false }, true, 'This offer has no approved text, so the newsletter does not choose it.'],
  [{ link_slug: null }, false, 'This offer has no link, so the newsletter does not choose it.'],
  [
    {},
    false,
    'This offer has a link that leads nowhere (/slug is unknown or not active), so the newsletter does not choose it.',
  ],
  [
    { active: false, weight: 0, approved: false },
    true,
    'This offer is not active, is paused (weight 0) and has no approved text, so the newsletter does not choose it.',
  ],
])('an offer with %j (its link works: %s) gets the right explanation', (changes, linkWorks, text) => {
  const offer = { active: true, weight: 1, approved: true, link_slug: 'slug', ...changes }
  expect(obstacleOf(offer, linkWorks)).toBe(text)
})
