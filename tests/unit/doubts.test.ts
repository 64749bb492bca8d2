import { describe, expect, test } from 'vitest'
import type { Doubt } from '../../src/lib/model/report.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { findDoubts } from '../../src/lib/stats/doubts.ts'
import { doubtSentence } from '../../src/lib/wording/doubts.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const aDoubt = (changes: Partial<Doubt> = {}): Doubt => ({
  newsletter_send_id: '2026-11-20',
  variation_id: 4,
  sent_at: '2026-11-20T08:00:00Z',
  factor: 9.04,
  recipients: 500,
  usual_recipients: 5_000,
  clickers: 75,
  ...changes,
})

test.each<[string, Doubt, RegExp]>([
  [
    'too few',
    aDoubt(),
    /^Send 2026-11-20 has 9 × the usual rate: 500 recipients were reported, usually 5,000\./,
  ],
  [
    'too many',
    aDoubt({ factor: 0.1, recipients: 50_000 }),
    /has 0\.1 × the usual rate: 50,000 recipients.*usually 5,000/,
  ],
  [
    'one',
    aDoubt({ recipients: 1 }),
    /was clicked by more people \(75\) than got it: 1 recipient was reported.*lacked “recipients”/,
  ],
  [
    'usual',
    aDoubt({ factor: 12.3, recipients: 5_200 }),
    /12 × the usual rate, with the usual number of recipients/,
  ],
  [
    'far too many, and nobody clicked',
    aDoubt({ factor: 0.0004, recipients: 50_000, clickers: 0 }),
    /^Send 2026-11-20 was clicked by nobody: 50,000 recipients were reported, usually 5,000/,
  ],
  ['more and better', aDoubt({ factor: 3, recipients: 50_000 }), /3 × the usual rate, with the usual number/],
])('a send with recipients that are %s', (_, doubt, words) => {
  expect(doubtSentence(doubt)).toMatch(words)
})

const day = 86_400_000
const text = (variation_id: number) => ({
  variation_id,
  offer_id: 1,
  tone: null,
  length_category: null,
  cta_text: null,
  approved: true,
})
const sent = (variation_id: number, at: number, clickers: number, recipients = 5_000) => ({
  offer_id: 1,
  variation_id,
  newsletter_send_id: `day-${at}`,
  newsletter: '',
  sent_at: at * day,
  recipients,
  clickers,
  clickers_by: byMarks(clickers * 0.7, clickers * 0.9, clickers),
})

describe('one wrong number of recipients', () => {
  const days = [1, 2, 3, 4, 5]
  const splits = (of: (at: number, id: number) => number) =>
    days.flatMap((at) => [1, 2].map((id) => sent(id, at, 75 + ((at * id) % 3), of(at, id))))
  const judge = (sends: ReturnType<typeof splits>) =>
    assess({ sends, variations: [text(1), text(2)] }, 9 * day)

  test.each([
    ['a tenth of', 500],
    ['ten times', 50_000],
  ])('makes no winner among equals if %s those of a part are reported, and is doubted', (_, wrong) => {
    const { variations, doubts } = judge(splits((at, id) => (at === 3 && id === 2 ? wrong : 5_000)))
    for (const { label } of variations.values()) expect(label.code).not.toBe('confirmed_winner')
    expect(variations.get(2)?.smoothed_ctr).toBeCloseTo(1.5, 0)
    expect(doubts).toMatchObject([
      { newsletter_send_id: 'day-3', variation_id: 2, recipients: wrong, usual_recipients: 5_000 },
    ])
    expect(
      findDoubts(
        splits((at, id) => (at === 3 && id === 2 ? wrong : 5_000)),
        9 * day,
      ),
    ).toEqual(doubts)
    expect(doubts[0]?.sent_at).toBe('1970-01-04T00:00:00Z')
  })

  test('is found if no recipients were reported at all', () => {
    const { doubts, variations } = judge(splits(() => 1))
    expect(doubts).toHaveLength(10)
    expect(variations.get(1)?.label.code).not.toBe('confirmed_winner')
  })

  test('is not found in correct sends', () => {
    expect(judge(splits(() => 5_000)).doubts).toEqual([])
  })
})

test('a viral day has a limited effect on the rate of its text, and is doubted', () => {
  const sends = Array.from({ length: 12 }, (_, at) => sent(1, at, at === 6 ? 600 : 95 + (at % 4) * 5))
  const { variations, doubts } = assess({ sends, variations: [text(1)] }, 40 * day)
  expect(variations.get(1)?.smoothed_ctr).toBeLessThan(2.5)
  expect(doubts).toMatchObject([{ newsletter_send_id: 'day-6', recipients: 5_000, clickers: 600 }])
})

test('a smaller part is not confirmed as the winner, a larger one is', () => {
  const parts = (small: number, large: number) =>
    Array.from({ length: 12 }, (_, at) => [sent(1, at, small, 5_000), sent(2, at, large, 30_000)]).flat()
  const winner = (sends: ReturnType<typeof parts>) =>
    [...assess({ sends, variations: [text(1), text(2)] }, 30 * day).variations].find(
      ([, { label }]) => label.code === 'confirmed_winner',
    )?.[0]
  expect(winner(parts(200, 600))).toBeUndefined()
  expect(winner(parts(100, 1_200))).toBe(2)
})
