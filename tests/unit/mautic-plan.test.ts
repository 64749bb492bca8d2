import { describe, expect, test } from 'vitest'
import { matchNames } from '../../src/lib/mautic/names.ts'
import { planCorrections, shownText } from '../../src/lib/mautic/plan.ts'
import type { MauticText, SentEmail } from '../../src/lib/model/mautic.ts'

const email = (changes: Partial<SentEmail> = {}): SentEmail => ({
  ...{ email_id: 1, variation_id: 42, sent_count: 800, corrected_count: null, read: true, settled: false },
  ...changes,
})
const text = (variation_id: number, recipients: number | null = 1_000): MauticText => ({
  ...{ offer_id: 4, variation_id, recipients, sent_at: recipients === null ? null : 0 },
})
const planned = (emails: SentEmail[], texts: MauticText[]) => {
  const { corrections, waiting, done } = planCorrections(emails, texts)
  return {
    corrections: corrections.map(({ text: { variation_id }, recipients, reason }) => [
      variation_id,
      recipients,
      reason,
    ]),
    waiting: waiting.map(({ text: { variation_id }, recipients }) => [variation_id, recipients]),
    done: done.map(({ email_id }) => email_id),
  }
}
const nothing = { corrections: [], waiting: [], done: [] }

describe('a correction', () => {
  test.each<[string, SentEmail[], MauticText[], object]>([
    [
      'is made at once where more got it',
      [email({ sent_count: 1_001 })],
      [text(42)],
      { corrections: [[42, 1_001, 'grown']], waiting: [], done: [1] },
    ],
    [
      'waits where fewer got it so far',
      [email()],
      [text(42)],
      { corrections: [], waiting: [[42, 800]], done: [] },
    ],
    [
      'is made to fewer when that has stood',
      [email({ settled: true })],
      [text(42)],
      { corrections: [[42, 800, 'settled']], waiting: [], done: [1] },
    ],
    [
      'is none where the number is right',
      [email({ sent_count: 1_000 })],
      [text(42)],
      { corrections: [], waiting: [], done: [1] },
    ],
    [
      'is not made twice',
      [email({ sent_count: 1_001, corrected_count: 1_001, settled: true })],
      [text(42)],
      nothing,
    ],
    [
      'is made of what came since',
      [email({ sent_count: 1_002, corrected_count: 1_001 })],
      [text(42, 1_001)],
      { corrections: [[42, 1_002, 'grown']], waiting: [], done: [1] },
    ],
    ['is none before anything was sent', [email({ sent_count: 0, settled: true })], [text(42)], nothing],
    ['is none to more than a report may say', [email({ sent_count: 10_000_001 })], [text(42)], nothing],
    [
      'reports what nobody has',
      [email()],
      [text(42, null)],
      { corrections: [[42, 800, 'grown']], waiting: [], done: [1] },
    ],
    [
      'adds up all e-mails with a text',
      [email({ settled: true }), email({ email_id: 2, sent_count: 300 })],
      [text(42)],
      { corrections: [[42, 1_100, 'grown']], waiting: [], done: [1, 2] },
    ],
    [
      'goes by text',
      [email({ sent_count: 1_500 }), email({ email_id: 2, variation_id: 43, sent_count: 1_600 })],
      [text(42), text(43), text(44)],
      {
        corrections: [
          [42, 1_500, 'grown'],
          [43, 1_600, 'grown'],
        ],
        waiting: [],
        done: [1, 2],
      },
    ],
    [
      'is not made to fewer while another e-mail of the send grows',
      [email({ settled: true }), email({ email_id: 2, variation_id: 43, sent_count: 1_000 })],
      [text(42), text(43)],
      { corrections: [], waiting: [[42, 800]], done: [2] },
    ],
    [
      '… or says nothing of its text',
      [email({ settled: true }), email({ email_id: 2, variation_id: null, settled: true })],
      [text(42)],
      { corrections: [], waiting: [[42, 800]], done: [] },
    ],
    [
      '… or was not read',
      [email({ settled: true }), email({ email_id: 2, read: false, settled: true })],
      [text(42, 2_000)],
      { corrections: [], waiting: [[42, 1_600]], done: [] },
    ],
  ])('%s', (_, emails, texts, plan) => expect(planned(emails, texts)).toEqual(plan))
})

test.each<[string, number[], number[], object]>([
  ['its link says which', [42], [42, 43], { text: 42 }],
  ['its links say it beside texts of other sends', [7, 43], [42, 43], { text: 43 }],
  ['its links say several', [42, 43], [42, 43], { obstacle: 'shows several texts of its send (42, 43)' }],
  [
    'its link says one that is not of the send',
    [7],
    [42],
    { obstacle: 'shows text 7, which its send did not (42)' },
  ],
  ['it says nothing, and the send has one', [], [42], { text: 42 }],
  [
    'it says nothing, and the send has two',
    [],
    [42, 43],
    { obstacle: 'does not say which of the texts 42, 43 it shows' },
  ],
  [
    'the send has none',
    [],
    [],
    { obstacle: 'belongs to a send that was neither reported nor given a promo' },
  ],
])('the text of an e-mail if %s', (_, named, texts, shown) => {
  expect(
    shownText(
      named,
      texts.map((id) => text(id)),
    ),
  ).toEqual(shown)
})

describe('the name of an e-mail', () => {
  const sends = ['2026-11-2', '2026-11-22', '2026-11-22-evening', 'a.b*', 'x y']
  test.each([
    ['*{send}*', 'Daily 2026-11-22', '2026-11-22'],
    ['*{send}*', '2026-11-22-evening (copy)', '2026-11-22-evening'],
    ['*{send}*', 'Daily 2026-11-221', undefined],
    ['*{send}*', 'Daily v2026-11-22', undefined],
    ['*{send}*', 'Daily', undefined],
    ['{send}', '2026-11-22', '2026-11-22'],
    ['{send}', 'Daily 2026-11-22', undefined],
    ['Daily {send}', 'Daily 2026-11-2', '2026-11-2'],
    ['Daily {send}', 'daily 2026-11-2', undefined],
    ['Daily* – {send}', 'Daily (b) – a.b*', 'a.b*'],
    ['Daily.{send}', 'DailyX2026-11-22', undefined],
    ['*{send}*', `${'x'.repeat(500)} 2026-11-22`, undefined],
  ])('as %s says: "%s" is of %s', (pattern, name, send) => {
    expect(matchNames(pattern, [{ id: 5, name }], sends)).toEqual(
      send === undefined ? [] : [{ email_id: 5, send }],
    )
  })

  test('says nothing if it fits two sends equally well', () => {
    expect(matchNames('*{send}*', [{ id: 5, name: 'one two' }], ['one', 'two'])).toEqual([])
    expect(
      matchNames(
        '*{send}*',
        [
          { id: 5, name: 'one two' },
          { id: 6, name: 'one' },
        ],
        ['one', 'two'],
      ),
    ).toEqual([{ email_id: 6, send: 'one' }])
  })
})
