import { describe, expect, test } from 'vitest'
import { drawRates, offerRates } from '../../src/lib/charts/rates.ts'
import type { VariationRow } from '../../src/lib/model/report.ts'
import type { Counting } from '../../src/lib/model/report-query.ts'
import type { LabelCode } from '../../src/lib/stats/label.ts'
import { findingsOf, hasHistory } from '../../src/lib/wording/findings.ts'
import { kindsSentence } from '../../src/lib/wording/kinds.ts'
import { sendsSentence } from '../../src/lib/wording/sends.ts'
import {
  changeOf,
  hoursSentence,
  offersSentence,
  peopleSentence,
  pointsOf,
  qualitySentence,
  rankOffers,
  sharesSentence,
  summarySentence,
  textsSentence,
} from '../../src/lib/wording/sentences.ts'
import { smallListWarning } from '../../src/lib/wording/small-list.ts'
import { uncertaintySentence } from '../../src/lib/wording/uncertainty.ts'
import {
  chance,
  chanceAmong,
  clicksOf,
  dayWords,
  isNew,
  keepTail,
  lostClicks,
  momentsIn,
  placeWords,
  rateOf,
  reasonWords,
  sendRate,
  shortNames,
  some,
} from '../../src/lib/wording/words.ts'
import { anAttribute, anOffer, aSend, aSummary, aText } from './analytics-rows.ts'

describe('words', () => {
  test('a probability is never certain', () => {
    expect([0, 0.005, 0.01, 0.884, 0.99, 0.995, 1].map(chance)).toEqual([
      'under 1 %',
      'under 1 %',
      '1 %',
      '88 %',
      '99 %',
      'over 99 %',
      'over 99 %',
    ])
  })

  test('the only candidate is certain to be chosen', () => {
    expect([chanceAmong(1, 1), chanceAmong(1, 2), chanceAmong(0, 2), chanceAmong(0.25, 4)]).toEqual([
      'certain',
      'over 99 %',
      'none',
      '25 %',
    ])
  })

  test('singular and plural', () => {
    expect([0, 0.004, 0.005, 0.634].map(lostClicks)).toEqual(['none', 'under 0.1', '0.1', '6.3'])
    expect([some(1, 'send'), some(1_200, 'send'), some(2, 'copy', 'copies')]).toEqual([
      '1 send',
      '1,200 sends',
      '2 copies',
    ])
  })

  test('clicks and rates are those of people or of all', () => {
    const row = { clicks: 9, human_clicks: 7, ctr: 0.9, human_ctr: 0.7 }
    expect([clicksOf(row, 'all'), clicksOf(row, 'human'), rateOf(row, 'all'), rateOf(row, 'human')]).toEqual([
      9, 7, 0.9, 0.7,
    ])
  })

  test('a day has no time zone, a moment is in the reader’s', () => {
    expect(dayWords('2025-10-18')).toBe('18 Oct 2025')
    expect(momentsIn('UTC')('2025-09-08T22:30:00Z')).toBe('8 Sep 2025, 22:30')
    expect(dayWords('2025-09-08')).toBe('8 Sep 2025')
    expect(momentsIn('UTC')('2025-10-18T22:30:00Z')).toBe('18 Oct 2025, 22:30')
    expect(momentsIn('Europe/Oslo')('2025-10-18T22:30:00Z')).toBe('19 Oct 2025, 00:30')
  })

  test('an arrow stays with its word', () => {
    expect(keepTail('Build Now →')).toBe('Build Now\u00A0→')
    expect(keepTail('Build Now')).toBe('Build Now')
    expect(keepTail('Save 20 % today')).toBe('Save 20 % today')
  })

  test('the rate of a send is one so far until a day has passed', () => {
    const sent = aSend({ sent_at: '2025-10-18T06:00:00Z', ctr: 2, human_ctr: 0 })
    const later = (hours: number) => Date.parse(sent.sent_at) + hours * 3_600_000
    expect(sendRate(sent, 'human', later(0))).toBe('0 % so far')
    expect(sendRate(sent, 'all', later(23.9))).toBe('2.00 % so far')
    expect(sendRate(sent, 'all', later(24))).toBe('2.00 %')
  })

  test('unknown reasons and places show their own name', () => {
    expect(reasonWords('prefetch')).toContain('loaded the link in advance')
    expect(reasonWords('some_new_rule')).toBe('Some new rule')
    expect(reasonWords('some_new_sign+many_links')).toBe('Some new sign+many links')
    expect(reasonWords('no_user_agent')).toBe('A person, uncertain: it named no browser')
    expect(reasonWords('no_user_agent+many_links')).toBe(
      'A machine: it named no browser, and many links were opened at once',
    )
    expect([
      placeWords('none'),
      placeWords('mail.google.com'),
      placeWords('iOS'),
      placeWords('mobile'),
    ]).toEqual(['Not given (most mail programs)', 'mail.google.com', 'iOS', 'Mobile'])
  })

  test('offers are named by the part before a dash or colon, unless that is ambiguous', () => {
    const names = [
      'No Code MBA - Learn it',
      'Desk: quiet',
      'Twin – one',
      'Twin – two',
      'Plain',
      ' - odd',
      'Low-code',
    ]
    const offers = names.map((offer_name) => ({ offer_name }))
    expect(offers.map(shortNames(offers))).toEqual([
      'No Code MBA',
      'Desk',
      'Twin – one',
      'Twin – two',
      'Plain',
      ' - odd',
      'Low-code',
    ])
  })
})

describe('findings about the texts of an offer', () => {
  const leader = (code: LabelCode, best: number, clickers = 150, sends = 5, complete_sends = sends) =>
    aText({ variation_id: 1, code, smoothed_ctr: 4, probability_best: best, clickers, sends, complete_sends })
  const rival = (clickers = 150, sends = 5) =>
    aText({
      ...{ variation_id: 2, code: 'behind', smoothed_ctr: 3, probability_best: 0.02 },
      ...{ clickers, sends, complete_sends: sends },
    })
  const say = (...texts: ReturnType<typeof aText>[]) => findingsOf([anOffer()], texts)[0]

  test.each([
    ['confirmed_winner', 0.999, '“Text 1” is the confirmed winner of No Code MBA.'],
    ['probably_best', 0.96, '“Text 1” is probably the best text of No Code MBA, 96 % sure.'],
    ['leading', 0.88, '“Text 1” leads in No Code MBA, 88 % sure.'],
    ['too_close', 0.6, 'No Code MBA: “Text 1” and “Text 2” are too close to call.'],
    ['behind', 0.04, 'No Code MBA: “Text 1” and “Text 2” are too close to call.'],
  ] as const)('%s', (code, best, text) => {
    const finding = say(rival(), leader(code, best))
    expect(finding).toMatchObject({ code, text, variation_id: 1 })
    expect(finding?.advice.length).toBeGreaterThan(20)
  })

  test('a text that is no longer in use is no rival', () => {
    const retired = { ...aText({ variation_id: 3, code: 'retired', smoothed_ctr: 9 }), approved: false }
    expect(say(rival(), leader('leading', 0.88), retired)).toMatchObject({ code: 'leading', variation_id: 1 })
    expect(say(leader('not_enough_data', 0.5), retired)?.code).toBe('no_rival')
  })

  test('a text that is ahead without enough data names the missing data of both', () => {
    expect(say(leader('not_enough_data', 0.88, 41), rival())?.text).toBe(
      '“Text 1” is ahead in No Code MBA, 88 % sure so far, which does not count yet: it still needs ' +
        'about 8 more sends (59 more clicks).',
    )
    expect(say(leader('not_enough_data', 0.88), rival(30, 1))?.text).toContain(
      ': “Text 2” still needs about 3 more sends (70 more clicks).',
    )
    expect(say(leader('not_enough_data', 0.88, 99), rival(0, 1))?.text).toContain(
      ': it still needs about 1 more send (1 more click), and “Text 2” still needs about 2 more sends ' +
        '(100 more clicks).',
    )
  })

  test('a text that is hardly ahead without enough data is not said to be ahead', () => {
    expect(say(leader('not_enough_data', 0.7, 50), rival())?.text).toBe(
      'No Code MBA: too early to say which text works. “Text 1” still needs about 5 more sends (50 more clicks).',
    )
  })

  test('with enough clicks, sends or time are missing', () => {
    const needs = (sends: number, complete = sends) =>
      say(leader('not_enough_data', 0.7, 500, sends, complete), rival())?.text
    expect(needs(2)).toContain('still needs 1 more send.')
    expect(needs(1)).toContain('still needs 2 more sends.')
    expect(needs(3, 2)).toContain('still needs three days for the late clicks of its sends.')
  })

  test('a split is advised where a strategy that learns may never send the other text often enough', () => {
    const advice = (sends: number, complete_sends: number, clickers = 150) =>
      findingsOf(
        [anOffer()],
        [
          leader('not_enough_data', 0.9),
          aText({
            ...{ variation_id: 2, code: 'not_enough_data', smoothed_ctr: 3, probability_best: 0.1 },
            ...{ sends, complete_sends, clickers },
          }),
        ],
        undefined,
        [],
        { way: 'thompson' },
      )[0]?.advice
    expect(advice(2, 2)).toContain('split one send between the two')
    expect(advice(3, 2, 99)).toContain('split one send between the two')
    expect(advice(3, 2)).toBe('Nothing to do but wait: its texts are tried out automatically.')
  })

  test('a first send is mentioned, and a text without one waits for it', () => {
    const { statistics: _, ...unsent } = rival()
    const { statistics: _rate, ...offer } = anOffer()
    const told = (rows: Parameters<typeof findingsOf>[1], offer_id: number, changes = {}) =>
      findingsOf([offer], rows, undefined, [aSend({ offer_id }), aSend({ offer_id, ...changes })], {
        way: 'weighted',
        now: Date.parse('2025-10-19T07:00:00Z'),
      })[0]
    expect(told([unsent], offer.offer_id)?.text).toContain('has just been sent for the first time')
    expect(told([unsent], 99)?.text).toContain('has not been sent yet')
    for (const changes of [
      { newsletter_send_id: 'another' },
      { recipients: 20 },
      { sent_at: '2025-10-16T07:00:00Z' },
    ])
      expect(told([unsent], offer.offer_id, changes)?.text).toBe(
        'No Code MBA was sent, but none of its sends counts.',
      )
    const alone = leader('not_enough_data', 0.9)
    expect(told([alone], offer.offer_id)?.advice).toContain('Write a second text')
    expect(told([alone, { ...unsent, approved: false }], offer.offer_id)?.advice).toContain(
      'Write a second text',
    )
    expect(told([alone, { ...unsent, offer_id: 99 }], offer.offer_id)?.advice).toContain(
      'Write a second text',
    )
    expect(told([alone, unsent], offer.offer_id)?.advice).toContain('waiting for its first send')
  })

  test('one text has no rival, and without a send there is no finding; texts of other offers do not count', () => {
    const elsewhere = { ...rival(), offer_id: 99 }
    expect(say(leader('not_enough_data', 0.9), elsewhere)?.code).toBe('no_rival')
    expect(say(leader('not_enough_data', 0.9), { ...rival(), approved: false })?.text).toBe(
      'No Code MBA: only one of its texts in use was sent, so there is nothing to compare.',
    )
    const { statistics: _, ...unsent } = rival()
    expect(say(leader('not_enough_data', 0.9), unsent)?.code).toBe('no_rival')
    const { statistics: _rate, ...unrated } = anOffer()
    expect(findingsOf([unrated], [unsent, elsewhere])).toMatchObject([
      { code: 'not_sent', text: 'No Code MBA has not been sent yet.' },
    ])
    expect(say(rival(0, 0))?.code).toBe('not_sent')
    const retired = { ...rival(), approved: false }
    expect(say(retired)).toMatchObject({
      code: 'not_sent',
      text: 'No Code MBA: the texts that were sent are no longer in use.',
      advice: 'Approve a text, so that it can be sent.',
    })
    expect(say(retired, unsent)?.advice).toBe('An approved text is waiting for its first send.')
  })

  test('findings that an editor can act on come first', () => {
    const offers = [1, 2, 3].map((offer_id) => anOffer({ offer_id, offer_name: `Offer ${offer_id}` }))
    const of = (offer_id: number, texts: ReturnType<typeof aText>[]) =>
      texts.map((text) => ({ ...text, offer_id }))
    const findings = findingsOf(offers, [
      ...of(2, [leader('too_close', 0.6), rival()]),
      ...of(3, [leader('leading', 0.9), rival()]),
    ])
    expect(findings.map(({ offer_id, code }) => [offer_id, code])).toEqual([
      [3, 'leading'],
      [2, 'too_close'],
      [1, 'not_sent'],
    ])
    expect(textsSentence(findings)).toContain('In 1 of 2 offers one text is ahead.')
    expect(textsSentence(findings.slice(0, 1))).toContain('One text is ahead of the others of its offer.')
    expect(textsSentence(findings.slice(1))).toContain('No text is clearly ahead of the others of its offer.')
    expect(textsSentence(findings.slice(2))).toContain('nothing to compare yet')
  })

  test('equal findings are sorted by clicks, with inactive offers last, in whatever order they are given', () => {
    const offers = [1, 2, 3, 4, 5].map((offer_id) => anOffer({ offer_id, active: offer_id !== 5 }))
    const texts = [100, 100, 300, 50, 900].flatMap((clickers, index) =>
      [leader('too_close', 0.6, clickers), rival(clickers)].map((text) => ({ ...text, offer_id: index + 1 })),
    )
    const retired = { ...leader('retired', 0.9, 9_000), variation_id: 9, offer_id: 4, approved: false }
    const ids = [3, 1, 2, 4, 5]
    expect(findingsOf(offers, texts).map(({ offer_id }) => offer_id)).toEqual(ids)
    expect(
      findingsOf(offers.toReversed(), [retired, ...texts.toReversed()]).map(({ offer_id }) => offer_id),
    ).toEqual(ids)
  })

  test('an offer that cannot be chosen gets the reason as its only advice', () => {
    const why = new Map([[4, 'This offer is paused.']])
    expect(findingsOf([anOffer()], [], why)).toMatchObject([
      { code: 'not_sent', advice: 'This offer is paused.' },
    ])
    const { statistics: _, ...unrated } = anOffer({ offer_id: 5 })
    const [running] = findingsOf([unrated], [], why)
    expect(running?.advice).toContain('It shows up here with the first send')
  })

  test('of equal texts the older one is named, in whatever order they are given', () => {
    const alike = [1, 2].map((variation_id) =>
      aText({ variation_id, code: 'leading', smoothed_ctr: 3, probability_best: 0.8 }),
    )
    expect(say(...alike)?.variation_id).toBe(1)
    expect(say(...alike.toReversed())?.variation_id).toBe(1)
  })
})

test('the page has data after a click, a send in the period, or a send before it', () => {
  const { statistics, ...unsent } = anOffer()
  const nothing = {
    summary: aSummary({ total_clicks: 0 }),
    offers: [unsent],
    settled_until: null,
    all_settled: true,
  }
  expect(hasHistory(nothing)).toBe(false)
  expect(hasHistory({ ...nothing, sends: [] })).toBe(false)
  expect(hasHistory({ ...nothing, sends: [aSend()] })).toBe(true)
  expect(hasHistory({ ...nothing, summary: aSummary({ total_clicks: 1 }) })).toBe(true)
  expect(hasHistory({ ...nothing, offers: [unsent, anOffer()] })).toBe(true)
})

describe('a list too small to learn from', () => {
  const warning = (recipients: number, clickers: number, texts = 1) =>
    smallListWarning({ texts, recipients, clickers })

  test('is one whose usual send has fewer than three clickers', () => {
    expect(warning(5, 0.0909)).toBe(
      'A send goes to about 5 recipients here. That is too few to learn from: each text would take about ' +
        '1,101 sends to get 100 clicks. Put the differences below down to chance.',
    )
    expect(warning(1.2, 0.1)).toContain('about 1 recipient here')
    expect(warning(100, 2.99)).toContain('about 34 sends')
    expect(warning(100, 3)).toBeUndefined()
    expect(warning(3, 3)).toBeUndefined()
  })

  test('is told by its segments where sends are split', () => {
    expect(warning(5, 0.1, 1.03)).toMatch(/^A segment of a send goes to about 5 recipients here\./)
  })

  test('does not include one without sends', () => {
    expect(smallListWarning(undefined)).toBeUndefined()
  })
})

describe('the period', () => {
  test('says its rate, and the change', () => {
    const at = (rate: number | null) => aSummary({ human_ctr: rate, overall_ctr: 9 })
    expect(summarySentence({ summary: at(3.14) }, 'human', 0)).toBe(
      'Every 100 recipients brought 3.14 clicks by people.',
    )
    expect(summarySentence({ summary: at(3.14), previous: at(null) }, 'human', 0)).toBe(
      'Every 100 recipients brought 3.14 clicks by people.',
    )
    expect(summarySentence({ summary: at(3.14), previous: at(2.8) }, 'human', 0)).toContain(
      'up from 2.80 in the period before',
    )
    expect(summarySentence({ summary: at(0.42), previous: at(0.5) }, 'human', 0)).toContain(
      '0.42 clicks by people, down from 0.50',
    )
    expect(summarySentence({ summary: at(3.14), previous: at(3.11) }, 'human', 0)).toContain(
      'up from 3.11 in the period before',
    )
    expect(pointsOf(3.14, 3.11)).toBe('+0.03 points')
    expect(summarySentence({ summary: at(12.5), previous: at(0) }, 'human', 0)).toContain('brought 12.50')
    expect(summarySentence({ summary: at(3.14), previous: at(3.14) }, 'human', 0)).toContain(
      'the same rate as in the period before',
    )
    expect(summarySentence({ summary: at(3.14) }, 'all', 0)).toBe('Every 100 recipients brought 9.00 clicks.')
    const unclicked = aSummary({ human_ctr: 0, human_clicks: 0, overall_ctr: 9 })
    expect(summarySentence({ summary: unclicked, previous: at(3.11) }, 'human', 0)).toBe(
      'There were no clicks by people in this period.',
    )
    expect(summarySentence({ summary: unclicked, previous: at(3.11) }, 'all', 0)).toContain(
      'brought 9.00 clicks',
    )
  })

  test('says that its rate still grows while a send is new', () => {
    const at = (rate: number | null) => aSummary({ human_ctr: rate, overall_ctr: 9 })
    const sent_at = '2026-11-28T07:00:00Z'
    const now = Date.parse(sent_at)
    expect(summarySentence({ summary: at(3.14), sends: [aSend({ sent_at })] }, 'human', now)).toBe(
      'Every 100 recipients brought 3.14 clicks by people so far.',
    )
    expect(
      summarySentence({ summary: at(3.14), previous: at(4), sends: [aSend({ sent_at })] }, 'human', now),
    ).toBe(
      'Every 100 recipients brought 3.14 clicks by people so far, down from 4.00 in the period before. ' +
        'The latest send still brings clicks, and small ups and downs are normal.',
    )
    const after = (milliseconds: number) => isNew({ sent_at }, now + milliseconds)
    expect([0, 86_399_999, 86_400_000].map(after)).toEqual([true, true, false])
  })

  test('has no rate if nothing was sent', () => {
    const none = { human_ctr: null, overall_ctr: null }
    expect(summarySentence({ summary: aSummary({ ...none, total_clicks: 3 }) }, 'human', 0)).toContain(
      'no send was reported',
    )
    const machinesOnly = aSummary({ ...none, total_clicks: 3, human_clicks: 0 })
    expect(summarySentence({ summary: machinesOnly }, 'human', 0)).toBe(
      'Nothing was sent and nobody clicked in this period.',
    )
    expect(summarySentence({ summary: machinesOnly }, 'all', 0)).toContain('There were clicks')
    expect(summarySentence({ summary: aSummary({ ...none, total_clicks: 0 }) }, 'all', 0)).toContain(
      'Nothing was sent',
    )
  })

  test('is compared with the period before', () => {
    expect([changeOf(112, 100), changeOf(50, 100), changeOf(1_000, 1), changeOf(1_001, 1_000)]).toEqual([
      '+12 %',
      '−50 %',
      '+99,900 %',
      'as before',
    ])
    expect([changeOf(5, 0), changeOf(5, undefined)]).toEqual(['', ''])
    expect([
      pointsOf(3.14, 2.8),
      pointsOf(2, 3.5),
      pointsOf(2, 2),
      pointsOf(0.049, 0.034),
      pointsOf(0.03, 0.034),
    ]).toEqual(['+0.34 points', '−1.50 points', 'as before', '+0.015 points', '−0.004 points'])
    expect([pointsOf(null, 2), pointsOf(2, null), pointsOf(2, undefined)]).toEqual(['', '', ''])
  })
})

describe('offers', () => {
  const first = anOffer({
    offer_id: 1,
    offer_name: 'First',
    statistics: { smoothed_ctr: 4, interval: [3.5, 4.5], sends: 5, complete_sends: 5 },
  })
  const second = anOffer({
    offer_id: 2,
    offer_name: 'Second',
    statistics: { smoothed_ctr: 3, interval: [2.5, 3.4], sends: 9, complete_sends: 9 },
  })
  const texts = (clickers: number) =>
    [
      { ...aText({ variation_id: 1, clickers }), offer_id: 1 },
      { ...aText({ variation_id: 2, clickers: 400 }), offer_id: 2 },
      { ...aText({ variation_id: 3 }), offer_id: 1, statistics: undefined },
    ].map(({ statistics, ...text }) => ({ ...text, ...(statistics && { statistics }) }))

  test('one is best only if the intervals do not overlap', () => {
    expect(offersSentence([second, first], texts(400))).toBe(
      'First does best: 4.00 % of its recipients click, likely 3.50–4.50 %.',
    )
    const near = anOffer({
      ...second,
      statistics: { smoothed_ctr: 3, interval: [2.5, 3.6], sends: 9, complete_sends: 9 },
    })
    expect(offersSentence([near, first], texts(400))).toBe(
      'First is ahead of Second, but their likely ranges overlap: too close to call.',
    )
  })

  test('none is ahead of another with the same rate, and the first of the chart comes first', () => {
    const same = anOffer({
      ...second,
      statistics: { smoothed_ctr: 4, interval: [3, 5], sends: 9, complete_sends: 9 },
    })
    for (const given of [
      [same, first],
      [first, same],
    ]) {
      expect(offersSentence(given, texts(400))).toBe(
        'First has the same rate as Second, but their likely ranges overlap: too close to call.',
      )
      expect(drawRates(offerRates(given)).marks.map(({ name }) => name)).toEqual(['First', 'Second'])
    }
    expect(offersSentence([same, first], texts(60))).toBe(
      'First has the same rate as Second so far, but that does not count yet: First still needs about 4 ' +
        'more sends (40 more clicks).',
    )
  })

  test('none is best if another interval overlaps its own, however wide', () => {
    const third = (complete_sends: number) =>
      anOffer({
        offer_id: 3,
        offer_name: 'Third',
        statistics: { smoothed_ctr: 2.9, interval: [1, 8], sends: 9, complete_sends },
      })
    const all = [...texts(400), { ...aText({ variation_id: 5 }), offer_id: 3 }]
    expect(offersSentence([third(9), second, first], all)).toBe(
      'First is ahead of Third, but their likely ranges overlap: too close to call.',
    )
    expect(offersSentence([third(1), second, first], all)).toBe(
      'First does best of the offers that were sent often enough: 4.00 % of its recipients click, likely 3.50–4.50 %.',
    )
  })

  test('too few clicks say nothing, however far apart the intervals are', () => {
    expect(offersSentence([first, second], texts(60))).toBe(
      'First is ahead of Second so far, but that does not count yet: First still needs about 4 more ' +
        'sends (40 more clicks).',
    )
  })

  test('an offer without a text in use is not compared, and lacks no sends that it cannot get', () => {
    const bare = anOffer({
      ...second,
      statistics: { smoothed_ctr: 9, interval: [8, 10], sends: 0, complete_sends: 0 },
    })
    expect(offersSentence([bare, first], texts(400))).toBe(
      'First is the only active offer with a text in use that was sent: 4.00 % of its recipients click, ' +
        'likely 3.50–4.50 %.',
    )
    expect(rankOffers([bare, first])).toEqual([first])
    expect(offersSentence([bare], [])).toBe(
      'There is no active offer with a text in use that was sent, so there is nothing to compare.',
    )
    expect(offersSentence([bare], [], [], 0, true)).toContain('that was sent to this newsletter, so')
    expect(offersSentence([{ ...bare, active: false }, first], texts(400))).toContain('that has been sent:')
  })

  test('a single offer is not compared', () => {
    const { statistics, ...unsent } = anOffer({ offer_id: 3 })
    expect(offersSentence([unsent, first], texts(400))).toContain(
      'First is the only active offer that has been sent',
    )
    expect(offersSentence([first], texts(50))).toBe(
      'First is the only active offer that has been sent: its click rate is a first guess, and it still ' +
        'needs about 5 more sends (50 more clicks).',
    )
    expect(offersSentence([first], texts(400), [], 0, true)).toContain(
      'has been sent to this newsletter: 4.00 %',
    )
    expect(offersSentence([unsent], [], [], 0, true)).toContain(
      'No active offer has been sent to this newsletter yet',
    )
    expect(findingsOf([unsent], [], undefined, [], { way: 'weighted', filtered: true })[0]?.text).toContain(
      'has not been sent to this newsletter yet.',
    )
    expect(offersSentence([unsent], [])).toContain('nothing to compare')
    const [sent, other] = [aSend({ offer_id: 3 }), aSend({ offer_id: 9 })]
    expect(offersSentence([unsent], [], [other, sent])).toContain('The first send has arrived.')
    // Two newsletters may go out for the first time in the same hour.
    const lists = ['daily', 'weekly'].map((newsletter_send_id) => aSend({ offer_id: 3, newsletter_send_id }))
    const minutesLater = (minutes: number) => Date.parse(sent.sent_at) + minutes * 60_000
    expect(offersSentence([unsent], [], lists, minutesLater(15))).toContain('The first send has arrived.')
    expect(offersSentence([unsent], [], lists, minutesLater(25))).toContain(
      'No send of an active offer counts',
    )
    const unusable = aSend({ offer_id: 3, recipients: 1 })
    expect(offersSentence([unsent], [], [other, unusable])).toContain('No send of an active offer counts')
    expect(offersSentence([unsent], [], [other])).toContain('nothing to compare')
    expect(offersSentence([{ ...unsent, active: false }], [], [sent])).toContain('nothing to compare')
  })

  test('inactive offers, unused texts and the order make no difference', () => {
    const gone = anOffer({ ...first, offer_id: 3, active: false })
    const retired = { ...aText({ variation_id: 4, clickers: 900, code: 'retired' }), offer_id: 1 }
    const said = offersSentence([first, second], texts(60))
    expect(
      offersSentence([gone, second, first], [...texts(60), { ...retired, approved: false }].reverse()),
    ).toBe(said)
    const alike = anOffer({
      ...second,
      ...first.statistics,
      statistics: { smoothed_ctr: 4, interval: [3, 5], sends: 9, complete_sends: 9 },
    })
    expect(offersSentence([alike, first], texts(400))).toContain('First has the same rate as Second')
  })
})

test('kinds of text are named only if their interval excludes 1, the clearest first', () => {
  const rows = [
    anAttribute({ value: 'friendly', lift: 1.2, interval: [1.05, 1.38] }),
    anAttribute({ value: 'loud', lift: 0.5, interval: [0.4, 0.6] }),
    anAttribute({ value: 'plain', lift: 1.3, interval: [0.9, 1.8] }),
    anAttribute({ value: 'warm', lift: 1.1, interval: [1.01, 1.2] }),
  ]
  const of = (tone: typeof rows) => kindsSentence({ tone, length_category: [], cta_text: [] }, [])
  expect(of(rows)).toBe(
    '“loud” got 50 % fewer clicks than its offers’ average; “friendly” got 20 % more clicks than its ' +
      'offers’ average. ' +
      'On one page in ten, a kind is called better or worse by chance.',
  )
  expect(of(rows.slice(2, 3))).toContain('No kind of text differs')
  expect(of([anAttribute({ lift: null, interval: null })])).toContain('a kind needs 5')
  expect(of([])).toContain('Set them when you import texts')
})

test('a text of a kind that was sent is not called unsent while its sends do not count yet', () => {
  const say = (changes: Partial<VariationRow>) =>
    kindsSentence({ tone: [], length_category: [], cta_text: [] }, [
      {
        ...aText({ variation_id: 1 }),
        tone: null,
        length_category: null,
        cta_text: null,
        impressions: 900,
        ...changes,
      },
    ])
  for (const kind of [{ tone: 'warm' }, { length_category: 'short' }, { cta_text: 'Go' }]) {
    expect(say(kind)).toContain('Too few texts to tell')
    expect(say({ ...kind, impressions: 0 })).toContain('has been sent yet')
  }
  expect(say({})).toContain('has been sent yet')
})

test('the busiest hour is named, with the end of the day as midnight', () => {
  const cells = [
    { weekday: 2, hour: 7, clicks: 9, human_clicks: 9 },
    { weekday: 7, hour: 23, clicks: 40, human_clicks: 1 },
  ]
  expect(hoursSentence(cells, 'human')).toContain(
    'Most clicks by people in one hour: Tuesday, 07:00 to 08:00, 9 of 10.',
  )
  expect(hoursSentence(cells, 'all')).toContain('Sunday, 23:00 to 00:00, 40 of 49.')
  expect(hoursSentence([{ weekday: 1, hour: 1, clicks: 1, human_clicks: 0 }], 'human')).toContain('No clicks')
  expect(hoursSentence([], 'all')).toContain('No clicks')
})

test('how soon clicks come is said in the figures of the curve', () => {
  const spans = (...clicks: number[]) =>
    aSend({
      newsletter_send_id: `send ${clicks.join(' ')}`,
      by_hours: [0, 1, 2, 168].map((hours, index) => ({
        hours,
        clicks: clicks[index] ?? 0,
        human_clicks: 0,
      })),
    })
  const say = (sends: ReturnType<typeof spans>[], counting: Counting) =>
    sendsSentence(sends, counting, Date.parse('2026-01-01'))
  expect(say([spans(5, 0, 0, 0), spans(0, 4, 1, 0)], 'all')).toContain(
    '2 sends. 50 % of their clicks came within 1 hour, 90 % within 2 hours;',
  )
  const segments = [spans(5), spans(5), spans(1, 2), spans(1, 2)]
  expect(say(segments, 'all')).toContain('2 sends. 75 % of their clicks came within 1 hour, 100 %')
  expect(say([spans(1, 0, 0, 9)], 'all')).toContain('Most of its clicks came more than a week later')
  expect(say([spans(6, 0, 0, 4)], 'all')).toContain('60 % of its clicks came within 1 hour; judge')
  expect(say([spans(9, 0, 1, 0)], 'all')).toContain('90 % of its clicks came within 1 hour; judge')
  // 49.6 % are 50 % in the curve.
  expect(say([spans(0, 62, 63, 0)], 'all')).toContain(
    '50 % of its clicks came within 2 hours, 100 % within 7 days',
  )
  expect(say([spans(1)], 'human')).toBe('1 send, and no clicks that belong to it yet.')
  expect(say([spans(1), spans(2)], 'human')).toBe('2 sends, and no clicks that belong to them yet.')
  expect(say([], 'human')).toContain('No send was reported')
})

test('clicks of sends that are not complete say nothing about how soon they come', () => {
  const sent = (hours: number, ...clicks: [number, number]) =>
    aSend({
      newsletter_send_id: `send ${hours}`,
      sent_at: new Date(200 * 3_600_000 - hours * 3_600_000).toISOString(),
      by_hours: clicks.map((some, index) => ({ hours: index * 3, clicks: some + 1, human_clicks: some })),
    })
  const now = 200 * 3_600_000
  const say = (...sends: ReturnType<typeof sent>[]) => sendsSentence(sends, 'human', now)
  expect(say(sent(5, 9, 0))).toBe(
    '1 send, and 9 clicks by people so far; judge a send when it is three days old.',
  )
  expect(say(sent(5, 1, 0))).toContain('1 send, and 1 click by people so far;')
  expect(sendsSentence([sent(5, 9, 0)], 'all', now)).toContain('1 send, and 11 clicks so far;')
  expect(say(sent(71, 1_200, 0), sent(5, 0, 0))).toContain('2 sends, and 1,200 clicks by people so far;')
  expect(say(sent(72, 9, 0), sent(5, 0, 0))).toContain('100 % of their clicks by people came within 3 hours')
})

test('the place that most clicks come from', () => {
  const shares = [
    { value: 'mobile', clicks: 10, human_clicks: 6 },
    { value: 'desktop', clicks: 30, human_clicks: 4 },
  ]
  expect(sharesSentence(shares, 'human', '')).toBe('Mobile: 60 % of 10 clicks by people.')
  expect(sharesSentence(shares, 'all', '')).toBe('Desktop: 75 % of 40 clicks.')
  expect(sharesSentence([{ value: 'none', clicks: 3, human_clicks: 3 }], 'all', '')).toBe(
    '100 % of 3 clicks do not say where they come from: most mail programs send nothing.',
  )
  expect(sharesSentence([], 'all', 'Nothing.')).toBe('Nothing.')
  expect(sharesSentence([{ value: 'mobile', clicks: 1, human_clicks: 0 }], 'human', 'Nothing.')).toBe(
    'Nothing.',
  )
})

describe('people and machines', () => {
  test('are counted next to each other', () => {
    expect(qualitySentence(aSummary({ total_clicks: 0 }))).toContain('No clicks')
    const summary = aSummary({
      total_clicks: 1_000,
      human_clicks: 900,
      machine_clicks: 90,
      duplicate_clicks: 10,
    })
    expect(qualitySentence(summary)).toBe(
      'Of 1,000 clicks, 900 were by people, 90 by machines such as mail scanners, and 10 did not count: ' +
        'repeats within seconds, or visitors beyond the number that one address may have.',
    )
    expect(
      qualitySentence({
        ...summary,
        total_clicks: 3,
        human_clicks: 1,
        machine_clicks: 1,
        duplicate_clicks: 1,
      }),
    ).toBe(
      'Of 3 clicks, 1 was by a person, 1 by machines such as mail scanners, and 1 did not count: ' +
        'repeats within seconds, or visitors beyond the number that one address may have.',
    )
  })

  test('uncertain clicks give a second rate, and the limits of the figures are always shown', () => {
    const of = (changes: Parameters<typeof aSummary>[0]) =>
      uncertaintySentence({ summary: aSummary(changes) })
    const unseen = 'cannot be told apart from one.'
    expect(of({ human_clicks: 0 })).toContain(unseen)
    expect(of({ human_clicks: 50, uncertain_clicks: 0 })).toMatch(
      /^No click by a person.*told apart from one\.$/,
    )
    const doubtful = { human_clicks: 50, uncertain_clicks: 5, total_impressions: 1_000 }
    expect(of({ ...doubtful, human_ctr: 5 })).toContain(
      '5 of the clicks by people (10 %) show a weak sign of a machine. Without them the click rate ' +
        'would be 4.50 % instead of 5.00 %',
    )
    expect(of({ ...doubtful, uncertain_clicks: 1 })).toContain('1 of the clicks by people (2 %) shows a weak')
    expect(of({ ...doubtful, uncertain_clicks: 1, human_ctr: 5 })).toContain('Without it the click rate')
    expect(of({ ...doubtful, human_ctr: null })).not.toContain('Without them')
    expect(of({ ...doubtful, total_impressions: 5, human_ctr: 1_000 })).not.toContain('Without them')
  })

  test('uncertain clicks that may all be the first ones of sends give no second rate', () => {
    const summary = aSummary({
      ...{ human_clicks: 10, uncertain_clicks: 5, total_impressions: 1_000, human_ctr: 1 },
    })
    const of = (sends: number) =>
      uncertaintySentence({ summary, sends: Array.from({ length: sends }, () => aSend()) })
    expect(of(5)).toBe(
      '5 of the clicks by people (50 %) show a weak sign of a machine. That says little: the first click on each ' +
        'text of a send always shows one. A scanner that behaves just like a person’s browser cannot be told apart ' +
        'from one.',
    )
    expect(of(4)).toContain('Without them the click rate would be 0.50 % instead of 1.00 %')
  })
})

test('for different visitors the first day is named, and that months cannot be linked', () => {
  const summary = (start: string, end: string) => aSummary({ date_range: { start, end, days: 30 } })
  const monthly =
    'A visitor counts once in each calendar month: from one month to the next nobody can tell who comes back.'
  expect(peopleSentence({ summary: summary('2025-10-01', '2025-10-31') })).toBe('')
  expect(peopleSentence({ summary: summary('2025-09-30', '2025-10-31') })).toBe(monthly)
  expect(peopleSentence({ summary: summary('2025-09-30', '2025-10-31'), people_since: '2025-10-02' })).toBe(
    'Different visitors have been counted since 2 Oct 2025.',
  )
  expect(peopleSentence({ summary: summary('2024-10-30', '2025-10-31'), people_since: '2024-12-31' })).toBe(
    `Different visitors have been counted since 31 Dec 2024. ${monthly}`,
  )
  const nobody = { ...summary('2024-10-30', '2025-10-31'), total_clicks: 9, human_clicks: 0 }
  expect(peopleSentence({ summary: nobody, people_since: '2024-12-31' })).toBe('')
  expect(peopleSentence({ summary: { ...nobody, human_clicks: 1 }, people_since: '2024-12-31' })).toContain(
    monthly,
  )
})
