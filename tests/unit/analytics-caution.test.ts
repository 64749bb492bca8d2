import { expect, test } from 'vitest'
import { usualSendOf } from '../../src/lib/reports/usual-send.ts'
import { findingsOf } from '../../src/lib/wording/findings.ts'
import { offersSentence, summarySentence } from '../../src/lib/wording/sentences.ts'
import { smallListWarning } from '../../src/lib/wording/small-list.ts'
import { sendRate } from '../../src/lib/wording/words.ts'
import { anOffer, aSend, aSummary, aText } from './analytics-rows.ts'

const now = Date.parse('2025-10-30T00:00:00Z')

test('more clicks than recipients names the missing recipients instead of a rate', () => {
  const missing = /lack “recipients”/
  expect(
    summarySentence({ summary: aSummary({ overall_ctr: 2_000, human_ctr: 1_500 }) }, 'human', 0),
  ).toMatch(missing)
  expect(smallListWarning({ texts: 1, recipients: 1, clickers: 28 })).toMatch(missing)
  expect(sendRate(aSend({ ctr: 2_800, human_ctr: 2_000 }), 'all', now)).toBe('2,800 %, recipients missing?')
  expect(sendRate(aSend({ human_ctr: null }), 'human', now)).not.toContain('missing')
})

test('a report is said to count as one recipient only if each does', () => {
  const told = (...recipients: number[]) => {
    const sends = recipients.map((each) => aSend({ recipients: each, clickers: 280 }))
    return [
      summarySentence({ summary: aSummary({ human_ctr: 1_500 }), sends }, 'human', 0),
      smallListWarning(
        usualSendOf(
          sends.map((send) => ({ ...send, newsletter_send_id: '', sent_at: now })),
          now,
        ),
      ),
    ]
  }
  expect(told(1, 1)).toEqual([
    expect.stringMatching(
      /: the reports probably lack “recipients”, so each report counts as one recipient\.$/,
    ),
    expect.stringMatching(/“recipients”, so each report counts as one recipient\. Nothing can be learned/),
  ])
  expect(told(1, 50)).toEqual([
    'There are more clicks than recipients: the reports probably lack “recipients”.',
    expect.stringMatching(/“recipients”\. Nothing can be learned/),
  ])
})

test('clicks that followed earlier sends are no missing recipients', () => {
  const said = (clicks: number, human_clicks: number, ...recipients: number[]) =>
    (['human', 'all'] as const).map((counting) =>
      summarySentence(
        {
          summary: aSummary({ overall_ctr: 900, human_ctr: 800 }),
          sends: recipients.map((each) => aSend({ recipients: each, clicks, human_clicks })),
        },
        counting,
        now,
      ),
    )
  const earlier =
    'There are more clicks than recipients: most of them probably followed earlier sends. Choose a longer period.'
  const missing = expect.stringMatching(/^There are more clicks than recipients: the reports probably lack/)
  expect(said(4, 4, 4)).toEqual([earlier, earlier])
  expect(said(5, 4, 4)).toEqual([earlier, missing])
  expect(said(6, 5, 4)).toEqual([missing, missing])
  expect(said(0, 0, 4, 5)).toEqual([earlier, earlier])
  // Its clicks count for it only later.
  expect(said(0, 0, 1, 5)).toEqual([missing, missing])
})

test('offers are compared by complete sends only', () => {
  const offer = (offer_id: number, smoothed_ctr: number, complete_sends: number) =>
    anOffer({
      offer_id,
      offer_name: `Offer ${offer_id}`,
      statistics: { smoothed_ctr, interval: [smoothed_ctr - 1, smoothed_ctr + 1], sends: 8, complete_sends },
    })
  const texts = [1, 2].map((id) => ({ ...aText({ variation_id: id, clickers: 900 }), offer_id: id }))
  expect(offersSentence([offer(1, 9, 1), offer(2, 3, 8)], texts)).toBe(
    'Offer 1 and Offer 2 cannot be compared yet: Offer 1 still needs three days for the late clicks of its sends.',
  )
  expect(offersSentence([offer(1, 9, 3), offer(2, 3, 8)], texts)).toContain('Offer 1 does best')
})

test('either text will do only if the wrong one costs little', () => {
  const advice = (expected_loss: number) =>
    findingsOf(
      [anOffer()],
      [
        aText({ variation_id: 1, code: 'too_close', smoothed_ctr: 4 }),
        aText({ variation_id: 2, code: 'too_close', smoothed_ctr: 3, expected_loss }),
      ],
    )[0]?.advice
  expect(advice(0.09)).toContain('Either will do')
  expect(advice(0.6)).toBe('Keep both: choosing the wrong one would lose about 20 % of the clicks.')
})

test('for a text whose rival never gets its sends, splitting is suggested', () => {
  const advice = (sends: number, strategy: 'thompson' | 'weighted' = 'thompson') =>
    findingsOf(
      [anOffer()],
      [
        aText({ variation_id: 1, code: 'not_enough_data', smoothed_ctr: 4 }),
        aText({
          variation_id: 2,
          code: 'not_enough_data',
          smoothed_ctr: 2,
          sends,
          complete_sends: sends,
          clickers: 20,
        }),
      ],
      undefined,
      [],
      { way: strategy },
    )[0]?.advice
  expect(advice(1)).toContain('split one send between the two')
  // Where texts are sent in equal parts, it gets them.
  expect(advice(1, 'weighted')).not.toContain('split')
})
