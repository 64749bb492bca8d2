import { expect, test } from 'vitest'
import { createTurns } from '../../src/lib/pace/event-loop-turns.ts'
import { createJudge } from '../../src/lib/reports/judge-evidence.ts'
import { readEvidence } from '../../src/lib/reports/read-evidence.ts'
import type { SendSpan, SentText } from '../../src/lib/store/report-evidence.ts'

const day = 86_400_000
const noon = Date.UTC(2025, 9, 10, 12)

const aText = (variation_id: number, sends: SentText['sends']): SentText => ({
  variation_id,
  offer_id: 4,
  offer_name: 'No Code MBA',
  text_content: `Text ${variation_id}\nof two lines`,
  tone: 'friendly',
  length_category: 'short',
  cta_text: 'Go',
  approved: true,
  sends,
})

const written = (texts: SentText[], spans: SendSpan[]) =>
  JSON.stringify({ texts, spans, crowds: [[7, 3, 20, 9, 15]], signs: [[7, 4, 90]] })

test('a send has the clicks of its spans, and its visitors of the first days', () => {
  const spans: SendSpan[] = [
    [7, 24, 20, 10, 4, 2],
    [7, 0, 50, 40, 30, 6],
    [7, 168, 9, 8, 5, 1],
    [7, 48, 2, 2, 1, 0],
    // Of a self-test, which is not among the texts.
    [6, 0, 1_000, 1_000, 1_000, 0],
  ]
  const { sends } = readEvidence(written([aText(42, [[7, 'monday', noon + 1_234_567, 2_000, '']])], spans))
  expect(sends).toEqual([
    {
      id: 7,
      hour: noon,
      evidence: {
        offer_id: 4,
        variation_id: 42,
        newsletter_send_id: 'monday',
        newsletter: '',
        sent_at: noon + 1_234_567,
        recipients: 2_000,
        clickers: 40,
        clickers_by: [30, 30, 30, 30, 30, 30, 34, 35],
        crowd: {
          addresses: 3,
          visits: 20,
          largest: 9,
          other_clicks: 45,
          clickers: 9,
          clickers_by: [6, 6, 6, 6, 6, 6, 8, 8],
        },
        signs: { uncertain: 4, doubtful: 90 },
      },
      row: {
        newsletter_send_id: 'monday',
        newsletter: null,
        offer_id: 4,
        offer_name: 'No Code MBA',
        variation_id: 42,
        sent_at: '2025-10-10T12:20:34Z',
        recipients: 2_000,
        clicks: 81,
        human_clicks: 60,
        clickers: 40,
        text_preview: 'Text 42 of two lines',
        ctr: 4.05,
        human_ctr: 3,
        by_hours: [
          { hours: 0, clicks: 50, human_clicks: 40 },
          { hours: 1, clicks: 0, human_clicks: 0 },
          { hours: 2, clicks: 0, human_clicks: 0 },
          { hours: 3, clicks: 0, human_clicks: 0 },
          { hours: 6, clicks: 0, human_clicks: 0 },
          { hours: 12, clicks: 0, human_clicks: 0 },
          { hours: 24, clicks: 20, human_clicks: 10 },
          { hours: 48, clicks: 2, human_clicks: 2 },
          { hours: 72, clicks: 0, human_clicks: 0 },
          { hours: 168, clicks: 9, human_clicks: 8 },
        ],
      },
    },
  ])
})

test('sends are in the order of their time, and of their number within one moment', () => {
  const texts = [
    aText(42, [
      [1, 'third', noon + day, 10, ''],
      [4, 'second', noon, 10, ''],
    ]),
    aText(43, [
      [2, 'fourth', noon + 2 * day, 10, ''],
      [3, 'first', noon, 10, ''],
    ]),
  ]
  const { sends, variations } = readEvidence(written(texts, []))
  expect(sends.map(({ row }) => row.newsletter_send_id)).toEqual(['first', 'second', 'third', 'fourth'])
  expect(variations.map(({ variation_id }) => variation_id)).toEqual([42, 43])
})

test('the same evidence is read and judged once in ten minutes', async () => {
  let at = noon + 30 * day
  const judge = createJudge(() => at, createTurns())
  const texts = [
    aText(42, [
      [1, 'one', noon, 4_000, ''],
      [2, 'two', noon + day, 4_000, ''],
    ]),
  ]
  const evidence = written(texts, [[1, 0, 90, 80, 70, 0]])
  const first = await judge(evidence)
  expect(first.sends).toHaveLength(2)
  expect(first.assessment.variations.get(42)).toMatchObject({ sends: 2, clickers: 70 })
  at += 30_000
  expect(await judge(evidence)).toBe(first)
  const other = await judge(written(texts, [[1, 0, 91, 81, 71, 0]]))
  expect(other.assessment.variations.get(42)?.clickers).toBe(71)
  at += 10 * 60_000
  expect(await judge(evidence)).not.toBe(first)
  expect((await judge(written([], []))).assessment.offers.size).toBe(0)
})
