import { describe, expect, test } from 'vitest'
import type { Doubt } from '../../src/lib/model/doubt.ts'
import type { SendEvidence } from '../../src/lib/model/send-evidence.ts'
import { marks } from '../../src/lib/stats/arrival.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { doubtsOf, findDoubts } from '../../src/lib/stats/doubts.ts'
import {
  differenceSentence,
  doubtSentences,
  periodDoubts,
  rateSentences,
  restsOn,
} from '../../src/lib/wording/doubts.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const aDoubt = (changes: Partial<Doubt> = {}): Doubt => ({
  newsletter_send_id: '2026-11-20',
  variation_id: 4,
  newsletter: null,
  sent_at: '2026-11-20T08:00:00Z',
  factor: 9.04,
  recipients: 500,
  usual_recipients: 5_000,
  clickers: 75,
  counted_clickers: 75,
  early_clickers: 0,
  reason: 'rate',
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
    /more people \(75\) than got it: 1 recipient was reported.*lacked “recipients” .* Correct it with “promo/,
  ],
  [
    'fewer than those who clicked',
    aDoubt({ recipients: 50 }),
    /the number is wrong, or some who clicked got its text in an earlier send\. .* If the number is wrong, corr/,
  ],
  [
    'usual',
    aDoubt({ factor: 12.3, recipients: 5_200 }),
    /12 × the usual rate, with the usual number of recipients: machines, or an unusual day\./,
  ],
  [
    'far too many, and nobody clicked',
    aDoubt({ factor: 0.0004, recipients: 50_000, clickers: 0 }),
    /^Send 2026-11-20 was clicked by nobody: 50,000 recipients were reported, usually 5,000/,
  ],
  [
    'usual, but machines were among those who clicked at once',
    aDoubt({ reason: 'burst', clickers: 1_200, counted_clickers: 400 }),
    /^Send 2026-11-20 got far more .* within an hour .* It counts with about 400 of the 1,200 who clicked\.$/,
  ],
  [
    'usual, but many clicks look like a machine’s',
    aDoubt({ reason: 'signs', clickers: 90, counted_clickers: 40 }),
    /^Send 2026-11-20 got unusually many .* weak sign .* It counts with about 40 of the 90 who clicked\.$/,
  ],
  [
    'more and better',
    aDoubt({ factor: 3, recipients: 50_000 }),
    /3 × the usual rate among 50,000 recipients: machines, or an unusual day\./,
  ],
  [
    'usual, and hardly anybody clicked',
    aDoubt({ factor: 0.1, recipients: 5_000, clickers: 8 }),
    /0\.1 × the usual rate, with the usual number of recipients: mail that did not arrive, or an unusual day\./,
  ],
  [
    'usual, and nobody clicked',
    aDoubt({ factor: 0.0004, recipients: 5_000, clickers: 0 }),
    /was clicked by nobody, with the usual number of recipients: mail that did not arrive/,
  ],
])('a send with recipients that are %s', (_, doubt, words) => {
  expect(doubtSentences([doubt])).toEqual([expect.stringMatching(words)])
})

describe('texts of a send with an unusual rate', () => {
  const parts = (...changes: Partial<Doubt>[]) =>
    doubtSentences(changes.map((own, place) => aDoubt({ variation_id: place, recipients: 5_000, ...own })))

  test('are told together, with the range of their rates', () => {
    expect(parts({ factor: 4.52 }, { factor: 4.38 }, { factor: 12.2 }, { factor: 4.4 })).toEqual([
      'Send 2026-11-20 has in 4 segments 4.4 to 12 × the usual rate, with the usual number of recipients: ' +
        'machines, or an unusual day. They count for less.',
    ])
    expect(parts({ factor: 0.2 }, { factor: 0.22 })).toEqual([
      'Send 2026-11-20 has in 2 segments 0.2 × the usual rate, with the usual number of recipients: ' +
        'mail that did not arrive, or an unusual day. They count for less.',
    ])
    expect(parts({ factor: 0.04, clickers: 0 }, { factor: 0.05, clickers: 0 })).toEqual([
      expect.stringMatching(
        /^Send 2026-11-20 was clicked by nobody in 2 segments, with the usual .* They count/,
      ),
    ])
    expect(parts({ factor: 3, recipients: 50_000 }, { factor: 4, recipients: 60_000 })).toEqual([
      expect.stringMatching(/ has in 2 segments 3 to 4 × the usual rate among 110,000 recipients: machines/),
    ])
  })

  test('are told apart if they differ in more, and each if its recipients are wrong', () => {
    const told = parts(
      { factor: 4 },
      { factor: 0.2 },
      { factor: 0.01, clickers: 0 },
      { factor: 3, recipients: 50_000 },
      { factor: 9, recipients: 500 },
      { factor: 10, recipients: 510 },
    )
    expect(told).toEqual([
      expect.stringMatching(/ 9 × the usual rate: 500 recipients were reported.*variation 4/),
      expect.stringMatching(/ 10 × the usual rate: 510 recipients were reported.*variation 5/),
      expect.stringMatching(/^Send 2026-11-20 has 4 × the usual rate, with/),
      expect.stringMatching(/^Send 2026-11-20 has 0\.2 × the usual rate, with/),
      expect.stringMatching(/^Send 2026-11-20 was clicked by nobody, with/),
      expect.stringMatching(/^Send 2026-11-20 has 3 × the usual rate among 50,000/),
    ])
    const sends = [{ factor: 4 }, { factor: 4, newsletter_send_id: 'other' }]
    expect(parts(...sends).map((sentence) => sentence.slice(0, 20))).toEqual([
      'Send 2026-11-20 has ',
      'Send other has 4 × t',
    ])
  })
})

test('wrong numbers are told first, then late reports, then unusual days, in health as well', () => {
  const doubts = [
    aDoubt({ newsletter_send_id: 'viral', recipients: 5_000 }),
    aDoubt({ newsletter_send_id: 'late', reason: 'reported_late' }),
    aDoubt({ newsletter_send_id: 'wrong' }),
  ]
  const named = (sentences: string[]) => sentences.map((sentence) => sentence.split(' ')[1])
  expect(named(doubtSentences(doubts))).toEqual(['wrong', 'late', 'viral'])
  expect(named(rateSentences(doubts.filter(({ reason }) => reason === 'rate')))).toEqual(['wrong', 'viral'])
})

describe('a send that was reported late', () => {
  const late = (early_clickers: number, changes: Partial<Doubt> = {}) =>
    aDoubt({ reason: 'reported_late', early_clickers, ...changes })
  const told = (missing: string) =>
    `Send 2026-11-20 was probably reported hours after it went out: ${missing}. ` +
    'Report a send before it goes out, or as it does.'
  const others = (early: string) =>
    told(`about ${early} of the clickers shown for earlier sends are its own, and count for it`)

  test('is told with the clickers of all its parts that earlier sends have', () => {
    expect(doubtSentences([late(1_200)])).toEqual([others('1,200')])
    expect(doubtSentences([late(1_200), late(30, { variation_id: 6 })])).toEqual([others('1,230')])
  })

  test('is told with the texts of it that are new, as well as with those that earlier sends had', () => {
    const parts = [late(1_200), late(0, { variation_id: 5 }), late(30, { variation_id: 6 })]
    const more = (texts: string) =>
      told(
        'about 1,230 of the clickers shown for earlier sends are its own, and count for it; the first clickers of ' +
          `${texts} are missing, and how many there were is estimated`,
      )
    expect(doubtSentences(parts)).toEqual([more('another text')])
    expect(doubtSentences([late(0, { variation_id: 7 }), ...parts])).toEqual([more('2 other texts')])
  })

  test('is told where only new texts of it are shown, whose first clicks are recorded for no send', () => {
    expect(doubtSentences([late(0)])).toEqual([
      told('its first clickers are missing, and how many there were is estimated'),
    ])
  })

  test('is told by a sentence of its own for each, after wrong recipients and before what nobody can mend', () => {
    const other = late(7, { newsletter_send_id: 'other' })
    const reasons: Doubt['reason'][] = ['late_clicks', 'signs', 'burst']
    const sentences = doubtSentences([
      ...reasons.map((reason) => aDoubt({ reason })),
      late(1_200),
      aDoubt(),
      other,
      late(30, { variation_id: 5 }),
      aDoubt({ newsletter_send_id: 'other', reason: 'signs' }),
    ])
    expect(sentences).toEqual([
      expect.stringMatching(/9 × the usual rate/),
      others('1,230'),
      others('7').replace('2026-11-20', 'other'),
      expect.stringMatching(/within an hour/),
      expect.stringMatching(/^Send 2026-11-20 got unusually many clicks with a weak sign/),
      expect.stringMatching(/^Send other got unusually many clicks with a weak sign/),
      'Send 2026-11-20 got far more of its clicks late than is usual here, as if they were of the next send of its ' +
        'text. It counts with about 75 of the 75 who clicked.',
    ])
  })
})

test.each<[Doubt['reason'], RegExp]>([
  ['burst', /^Send 2026-11-20 got in 3 segments far more of its clicks within an hour /],
  ['signs', /^Send 2026-11-20 got in 3 segments unusually many clicks with a weak sign /],
  ['late_clicks', /^Send 2026-11-20 got in 3 segments far more of its clicks late /],
])('texts of a send whose clickers count in part (%s) are told together', (reason, begins) => {
  const parts = [
    aDoubt({ reason, variation_id: 4, clickers: 1_000, counted_clickers: 400 }),
    aDoubt({ reason, variation_id: 5, clickers: 30, counted_clickers: 20 }),
    aDoubt({ reason, variation_id: 6, clickers: 7, counted_clickers: 6 }),
  ]
  const [sentence = '', ...others] = doubtSentences(parts)
  expect(others).toEqual([])
  expect(sentence).toMatch(begins)
  expect(sentence).toMatch(/\. They count with about 426 of the 1,037 who clicked\.$/)
})

describe('several sends that were reported late', () => {
  const late = (place: number, early_clickers: number) =>
    aDoubt({ newsletter_send_id: `send ${place}`, reason: 'reported_late', early_clickers })
  const told = (sends: number, early: number) =>
    doubtSentences(Array.from({ length: sends }, (_, place) => late(place, early)))

  test('up to three have a sentence each', () => {
    expect(told(3, 10).map((sentence) => sentence.slice(0, 11))).toEqual([
      'Send send 0',
      'Send send 1',
      'Send send 2',
    ])
  })

  test('more have one sentence, with the sum of their early clickers', () => {
    expect(told(4, 0)).toEqual([
      'Sends send 0, send 1, send 2 and 1 more were probably reported hours after they went out: their first ' +
        'clickers are missing, and how many there were is estimated. Report a send before it goes out, or as it does.',
    ])
    expect(
      doubtSentences([...Array.from({ length: 5 }, (_, place) => late(place, 10)), late(0, 300)]),
    ).toEqual([
      'Sends send 0, send 1, send 2 and 2 more were probably reported hours after they went out: about 350 of the ' +
        'clickers shown for earlier sends are their own. Report a send before it goes out, or as it does.',
    ])
    const [mixed] = doubtSentences([10, 0, 10, 10].map((early, place) => late(place, early)))
    expect(mixed).toMatch(
      / 30 of the .* are their own; the first clickers of another text are missing, and how/,
    )
  })
})

test('a send with wrong recipients that was reported late as well is told for both', () => {
  const wrong = aDoubt({ early_clickers: 40 })
  expect(doubtSentences([wrong])).toEqual([
    expect.stringMatching(/^Send 2026-11-20 has 9 × the usual rate: .* It hardly counts\. /),
    'Send 2026-11-20 was probably reported hours after it went out: about 40 of the clickers shown for earlier ' +
      'sends are its own. Report a send before it goes out, or as it does.',
  ])
  const other = aDoubt({ variation_id: 5, reason: 'reported_late', early_clickers: 7 })
  const [, late, ...others] = doubtSentences([wrong, other])
  expect(late).toMatch(/about 47 of the clickers shown for earlier sends are its own\. Report/)
  expect(others).toEqual([])
})

test('the figures of a period say how many of its sends are doubtful, each once', () => {
  const sends = ['a', 'b', null].map((newsletter_send_id) => ({ newsletter_send_id, variation_id: 4 }))
  const of = (...changes: Partial<Doubt>[]) => periodDoubts({ sends, doubts: changes.map(aDoubt) })
  expect(of({ newsletter_send_id: 'a' })).toMatch(/^A doubtful send is in these figures/)
  expect(of({ newsletter_send_id: 'a' }, { newsletter_send_id: 'b' })).toMatch(/^2 doubtful sends are/)
  expect(of({ newsletter_send_id: 'c' }, { newsletter_send_id: 'a', variation_id: 5 })).toBe('')
  const parts = [4, 5].map((variation_id) => ({ newsletter_send_id: 'a', variation_id }))
  expect(periodDoubts({ sends: parts, doubts: parts.map(aDoubt) })).toMatch(/^A doubtful send/)
  expect(periodDoubts({})).toBe('')
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

test('nobody of a small segment has clicked, which is nothing unusual, and of a large one it is', () => {
  const clicked = [4, 3, 5, 4, 2, 6, 3, 4, 5, 3]
  const judge = (times: number) => {
    const sends = clicked.flatMap((clickers, at) =>
      [1, 2].map((id) => sent(id, at, at === 6 && id === 1 ? 0 : clickers * times, 38 * times)),
    )
    return doubtSentences(assess({ sends, variations: [text(1), text(2)] }, 40 * day).doubts)
  }
  expect(judge(1)).toEqual([])
  expect(judge(10)).toEqual([
    expect.stringMatching(/^Send day-6 was clicked by nobody, with the usual number/),
  ])
})

describe('every lowered rate is explained', () => {
  /** Clickers by marks: those of a usual send, and machines in its first hour. */
  const arrived = (people: number, machines = 0) =>
    marks.map((hours) => machines + Math.round((people * hours ** 1.3) / (4 ** 1.3 + hours ** 1.3)))
  const aSend = (at: number, people: number, machines = 0, changes: Partial<SendEvidence> = {}) => {
    const clickers_by = arrived(people, machines)
    return { ...sent(1, at, clickers_by.at(-1) ?? 0), clickers_by, ...changes }
  }
  const usual = Array.from({ length: 12 }, (_, at) => aSend(at, 100))
  const judge = (sends: SendEvidence[]) => assess({ sends, variations: [text(1)] }, 40 * day)

  test('the specification’s example counts as it is', () => {
    const clickers_by = marks.map(() => 23)
    const { variations, doubts } = judge([{ ...sent(1, 30, 23, 150), clickers_by }])
    expect(variations.get(1)?.smoothed_ctr).toBeGreaterThan(4)
    expect(doubts).toEqual([])
  })

  test('machines that came at once', () => {
    const sends = [...usual, aSend(20, 100, 150)]
    const { doubts } = judge(sends)
    expect(doubts).toMatchObject([{ newsletter_send_id: 'day-20', reason: 'burst', newsletter: null }])
    expect(doubts[0]?.counted_clickers).toBeGreaterThan(80)
    expect(doubts[0]?.counted_clickers).toBeLessThan(120)
    // Health has those that somebody can correct.
    expect(findDoubts(sends, 40 * day)).toEqual([])
  })

  test('clicks with weak signs, beyond a tenth', () => {
    const signed = (uncertain: number) =>
      judge([...usual, aSend(20, 100, 0, { signs: { uncertain, doubtful: 0 }, newsletter: 'weekly' })]).doubts
    expect(signed(8)).toEqual([])
    expect(signed(50)).toMatchObject([{ reason: 'signs', clickers: 98, newsletter: 'weekly' }])
    expect(signed(50)[0]?.counted_clickers).toBe(54)
  })

  test('a send that loses fewer than three clickers in all its texts says nothing', () => {
    const part = (name: string, clickers: number, left: number, reason: Doubt['reason'] = 'burst') => {
      const send = { ...aSend(20, 0), newsletter_send_id: name, clickers, age: 20 }
      return { send, factor: 1, usual: 38, counted: left / clickers, reason }
    }
    const told = (...parts: ReturnType<typeof part>[]) =>
      doubtsOf(
        parts,
        parts.map(({ send }) => send),
      ).map(({ newsletter_send_id }) => newsletter_send_id)
    expect(told(part('one', 1, 1), part('two', 2, 0), part('more', 3, 0))).toEqual(['more'])
    expect(told(part('split', 5, 4), part('split', 9, 7))).toEqual(['split', 'split'])
    expect(
      told(part('split', 2, 0), part('split', 2, 0, 'signs'), part('split', 2, 0, 'late_clicks')),
    ).toEqual([])
    expect(told(part('late', 2, 2, 'reported_late'), part('wrong', 2, 2, 'rate'))).toEqual(['late', 'wrong'])
  })

  test('a send that is left out counts with nobody', () => {
    const { doubts } = judge([...usual, aSend(20, 100, 0, { recipients: 50 })])
    expect(doubts).toMatchObject([{ reason: 'rate', counted_clickers: 0 }])
  })

  test('a text’s row shows the basis of its rate', () => {
    const told = (changes: object, doubted = 0) =>
      restsOn({ sends: 3, complete_sends: 3, crowded_clickers: 0, ...changes }, doubted)
    expect(told({})).toBe('in 3 sends')
    expect(told({ sends: 1 }, 1)).toBe('in 1 send, a doubtful one')
    expect(told({}, 3)).toBe('in 3 sends, all doubtful')
    expect(told({ crowded_clickers: 40 }, 1)).toBe('in 3 sends, 1 of them doubtful, 40 at shared addresses')
  })

  test('the table says how the rates differ from clicks divided by recipients', () => {
    const plain = { sends: 3, complete_sends: 3, crowded_clickers: 0 }
    expect(differenceSentence([plain], 0, 'only')).toBe('')
    expect(differenceSentence([plain, { ...plain, complete_sends: 2 }], 0, 'only')).toMatch(
      /first three days/,
    )
    expect(differenceSentence([{ ...plain, crowded_clickers: 1 }], 0, 'only')).toMatch(
      /addresses that many share/,
    )
    expect(differenceSentence([plain], 1, 'only')).toMatch(
      /^Doubtful sends do not count as they were reported/,
    )
  })

  test('rates of several newsletters say whose they are', () => {
    const of = (lists: 'all' | 'one') => differenceSentence([], 0, lists)
    expect([of('all'), of('one')]).toEqual([
      expect.stringMatching(/^Rates are those of all newsletters’ readers together/),
      expect.stringMatching(/^Rates are those of this newsletter’s readers; sends to others count/),
    ])
  })
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

describe('doubts of all newsletters', () => {
  const usual = Array.from({ length: 20 }, (_, at) => sent(1, at, 95 + (at % 4) * 5))
  const wrong = [sent(1, 7.5, 100, 500), sent(1, 12.5, 100, 50_000)]

  test('come newest first, whatever the order of the sends', () => {
    const names = (sends: SendEvidence[]) =>
      findDoubts(sends, 40 * day).map(({ newsletter_send_id }) => newsletter_send_id)
    expect(names([...wrong, ...usual])).toEqual(['day-12.5', 'day-7.5'])
    expect(names([...usual, ...wrong].toReversed())).toEqual(['day-12.5', 'day-7.5'])
    expect(findDoubts([...usual.toReversed(), ...wrong], 40 * day)).toEqual(
      findDoubts(
        [...usual, ...wrong].toSorted((one, other) => one.sent_at - other.sent_at),
        40 * day,
      ),
    )
  })

  test('are not of sends that are hours old, of which most clicks have not come', () => {
    const young = { ...sent(1, 20, 24), clickers_by: marks.map(() => 24) }
    expect(findDoubts([...usual, young], 20 * day + day / 12)).toEqual([])
    expect(findDoubts([...usual, { ...sent(1, 20, 24) }], 40 * day)).toHaveLength(1)
  })
})
