import { describe, expect, test } from 'vitest'
import type { Crowd, Signs } from '../../src/lib/model/send-evidence.ts'
import { arrived, curveOf, marks } from '../../src/lib/stats/arrival.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import { findDoubts } from '../../src/lib/stats/doubts.ts'
import { reportedInTime } from '../../src/lib/stats/late-reports.ts'
import type { Send } from '../../src/lib/stats/parts.ts'

const { shares } = curveOf([])

/** A send of a text with its clickers as they usually come, and strays that come after so many hours. */
const aSend = (variation_id: number, day: number, clickers: number, strays = 0, by = 48) => ({
  variation_id,
  newsletter_send_id: `${day}`,
  recipients: 10_000,
  clickers: clickers + strays,
  clickers_by: marks.map((hours, mark) => clickers * (shares[mark] ?? 0) + (hours >= by ? strays : 0)),
  age: 100 - day,
})
type OneSend = ReturnType<typeof aSend>

const late = (send: OneSend, hours = 4): OneSend => ({ ...send, age: send.age - hours / 24 })

/** Five sends on one day after another. The fourth is late, and who came before its report counts for the third. */
const daily = (strays = 200, size = 500, hours = 4, by = 48): OneSend[] => [
  aSend(1, 1, size),
  aSend(1, 2, size),
  aSend(1, 3, size, strays, by),
  late(aSend(1, 4, size - strays), hours),
  aSend(1, 5, size),
]

/** The same twenty days apart, where a send is found by some people after days. */
const rare = (strays: number, found = 0, size = 400): OneSend[] =>
  daily(strays, size, 4, 999).map((send, place) => ({
    ...send,
    newsletter_send_id: `rare ${place}`,
    variation_id: 2,
    clickers: send.clickers + found,
    age: 100 - 20 * place - (place === 3 ? 4 / 24 : 0),
  }))

const placesOf = <One>(sends: readonly One[], others: readonly One[]) =>
  sends.flatMap((one, place) => (one === others[place] ? [] : place))

/** How many recipients are left, as a share. */
const leftOf = (send: OneSend | undefined) => (send?.recipients ?? 0) / 10_000

describe('sends as if reported in time', () => {
  test.each<[string, OneSend[]]>([
    ['no sends', []],
    ['a text a day', daily(0)],
    ['a rare text', rare(0)],
    ['a rare text that some people find after days', rare(0, 80)],
    ['no more than chance brings', rare(9)],
    ['no more than days differ', daily(100)],
    ['less than a tenth', rare(35)],
    ['more than three quarters', rare(310)],
    ['clicks earlier than six hours before the report', daily(200, 500, 6, 24)],
    [
      'clicks after the report',
      daily(200, 500, 0, 72).map((send, place) => ({ ...send, age: send.age - place })),
    ],
    [
      'clicks on sends less than twelve hours apart',
      [aSend(1, 1, 500), aSend(1, 1.49, 500, 600, 12), aSend(1, 1.98, 250)],
    ],
    ['clicks on a send that is still to come', [aSend(1, 98, 10, 200, 1), { ...aSend(1, 100, 9), age: 0 }]],
  ])('are those that were given where none is late: %s', (_, sends) => {
    expect(reportedInTime(sends)).toBe(sends)
  })

  test('have the clicks before a report with the send that they belong to', () => {
    for (const hours of [0.1, 6]) {
      const sends = daily(200, 500, hours)
      const found = reportedInTime(sends)
      expect(placesOf(found, sends)).toEqual([0, 2, 3])
      const [, , before, after] = found
      expect(leftOf(before)).toBe(1)
      expect(before?.clickers).toBeCloseTo(500, 0)
      expect(before?.clickers_by.map(Math.round)).toEqual(sends[1]?.clickers_by.map(Math.round))
      // Of 500 clickers 300 have come since the report.
      expect(leftOf(after)).toBeCloseTo(0.6, 2)
      expect(after?.clickers).toBe(300)
      expect(after?.clickers_by).toEqual(sends[3]?.clickers_by)
    }
  })

  test('are found twelve hours after the send before', () => {
    const sends = [aSend(1, 1, 500), aSend(1, 1.5, 500, 250, 12), aSend(1, 2, 250)]
    expect(leftOf(reportedInTime(sends)[2])).toBeCloseTo(0.5, 1)
  })

  test('are found by the minute', () => {
    // Thirty hours, less what the machine cannot tell.
    const [before, after] = [55 / 24, 25 / 24]
    expect((before - after) * 24).toBeLessThan(30)
    const sends = [
      { ...aSend(1, 3, 500, 200, 24), age: before },
      { ...aSend(1, 4, 300), age: after },
    ]
    expect(reportedInTime(sends)).toBe(sends)
  })

  test('are the same in any order', () => {
    const sends = daily()
    const [found, other] = [reportedInTime(sends), reportedInTime(sends.toReversed()).toReversed()]
    for (const [place, send] of found.entries()) {
      expect(other[place]?.clickers).toBeCloseTo(send.clickers, 6)
      expect(leftOf(other[place])).toBeCloseTo(leftOf(send), 6)
    }
  })

  test('are found in the tail of a send long ago, to which some come anyway', () => {
    for (const [strays, some] of [
      [150, 0],
      [150, 40],
      [250, 0],
    ] as const) {
      const sends = rare(strays, some)
      const found = reportedInTime(sends)
      expect(placesOf(found, sends)).toEqual([0, 2, 3])
      expect(found[2]?.clickers).toBeCloseTo(400 + some, 6)
      expect(found[2]?.clickers_by).toEqual(sends[2]?.clickers_by)
      expect(leftOf(found[3])).toBeCloseTo((400 - strays + some) / (400 + some), 6)
    }
    // Whatever comes in the first days of others.
    const mixed = [...rare(60), ...daily(0)]
    expect(leftOf(reportedInTime(mixed)[3])).toBeCloseTo(340 / 400, 6)
  })

  test('are found before all who click have come', () => {
    const sends = rare(150).slice(0, 4)
    const [report = 0, share = 0] = [sends[3]?.age, shares[2]]
    const soon = sends.map((send, place) => ({
      ...send,
      // Three hours after the report.
      age: send.age - report + 1 / 8,
      ...(place === 3 && { clickers: 250 * share, clickers_by: marks.map(() => 250 * share) }),
    }))
    expect(leftOf(reportedInTime(soon)[3])).toBeCloseTo(250 / 400, 6)
    const [one, two] = [arrived(31 / 24, curveOf([])).share, arrived(3 / 24, curveOf([])).share]
    const young = [
      { ...aSend(1, 3, 500), age: 31 / 24, clickers: 500 * one + 200 },
      { ...aSend(1, 4, 300), age: 3 / 24, clickers: 300 * two, clickers_by: marks.map(() => 300 * two) },
    ]
    const by = marks.map((hours, mark) => (hours < 31 ? 500 * (shares[mark] ?? 0) : 500 * one + 200))
    const found = reportedInTime(
      young.map((send, place) => (place === 0 ? { ...send, clickers_by: by } : send)),
    )
    expect(leftOf(found[1])).toBeCloseTo(0.6, 6)
    expect(found[0]?.clickers).toBeCloseTo(500 * one, 6)
  })

  test('are late in all their parts, also in one that is new and one that is too small to tell', () => {
    const parts = [late(aSend(3, 4, 40)), aSend(4, 3, 20, 3), late(aSend(4, 4, 5)), late(aSend(5, 4, 5))]
    const early = { ...aSend(5, 3, 20), clickers_by: marks.map(() => 20) }
    const sends = [...daily(), ...parts, early]
    const found = reportedInTime(sends)
    expect(placesOf(found, sends)).toEqual([0, 2, 3, 5, 6, 7, 8, 9])
    expect(found[9]?.clickers).toBe(20)
    expect(found[6]?.clickers).toBeLessThan(21)
    for (const place of [3, 5, 7, 8]) {
      expect(leftOf(found[place])).toBeCloseTo(0.6, 1)
      expect(leftOf(found[place])).toBe(leftOf(found[3]))
      expect(found[place]?.clickers).toBe(sends[place]?.clickers)
    }
  })

  test('are as unsure as what their reports have missed, beside what they were before', () => {
    const sends = rare(150).map((send) => ({ ...send, unsure: 0.01 }))
    const [first, , before, after] = reportedInTime(sends)
    // 150 before the report and 250 since, each by chance.
    expect(after?.unsure).toBeCloseTo(0.01 + (151 / 250 ** 2 + 0.6 ** 2 / 250) / 1.6 ** 2, 6)
    expect(before?.unsure).toBe(0.01)
    // Of four sends that can be told, one has missed this much.
    const log = Math.log(1.6)
    expect(leftOf(first)).toBeCloseTo(Math.exp(-log / 4), 6)
    expect(first?.unsure).toBeCloseTo(0.01 + log ** 2 / 4 - (log / 4) ** 2, 6)
  })

  test('are found by turns with the curve, which those clicks had made slow', () => {
    const slow = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((week) =>
      daily(130).map((send, place) => ({
        ...send,
        newsletter_send_id: `${week} ${place}`,
        age: send.age + 7 * week,
      })),
    )
    const found = reportedInTime(slow)
    for (const place of [3, 8, 38]) expect(leftOf(found[place])).toBeCloseTo(370 / 500, 1)
    for (const place of [2, 7, 37]) expect(found[place]?.clickers).toBeCloseTo(500, -1)
  })
})

describe('a late report', () => {
  const correct = (sends: readonly (OneSend & Pick<Send, 'late' | 'own' | 'missed'>)[]) =>
    reportedInTime(sends)
  const [before, after] = [2, 3]

  test('is called late, and says what share of the clickers before is its own', () => {
    const found = correct(daily(200, 500, 4))
    expect(found.flatMap(({ late }, place) => (late ? { place, late } : []))).toEqual([
      { place: after, late: { before: '1 3', share: expect.closeTo(200 / 700, 2) } },
    ])
    expect(found.flatMap(({ own }, place) => (own === undefined ? [] : { place, own }))).toEqual([
      { place: before, own: expect.closeTo(500 / 700, 2) },
    ])
  })

  test('is called late in all its parts, also where the text was never sent before', () => {
    const parts = [late(aSend(3, 4, 40)), aSend(4, 3, 20, 8), late(aSend(4, 4, 5))]
    const found = correct([...daily(), ...parts])
    expect(found[5]?.late).toEqual({ share: 0 })
    expect(found[7]?.late).toEqual({ before: '4 3', share: expect.closeTo(8 / 28, 1) })
    expect(found.flatMap(({ late }, place) => (late ? place : []))).toEqual([3, 5, 7])
  })

  /** What else may be the reason, with the sends: of these, the third is followed by one that may be late. */
  const possible: [string, OneSend[]][] = [
    ['few came, by four standard deviations', rare(15, 0, 100)],
    ['days differ', daily(150)],
    // Of 40 who were to be expected, 200 came.
    ['tails differ', rare(160, 40)],
    // Many sends show what is usual in these hours, and that comes two and a half times.
    [
      'hours differ',
      [
        ...daily(130),
        ...Array.from({ length: 30 }, (_, week) => daily(0).map((send) => of(week + 1, send))).flat(),
      ],
    ],
  ]
  function of(week: number, send: OneSend): OneSend {
    return {
      ...send,
      newsletter_send_id: `${week} ${send.newsletter_send_id}`,
      age: send.age + 7 * week,
    }
  }

  test.each(possible)('is corrected, but not called late: %s', (_, sends) => {
    const found = correct(sends)
    expect(placesOf(found, sends)).toContain(after)
    expect(found.filter(({ late }) => late)).toEqual([])
    expect(found[before]?.own).toBeLessThan(0.9)
    expect(found[after]?.missed).toBeGreaterThan(1.1)
  })

  test('is not called late of new texts only, of which nobody knows', () => {
    const found = correct([...daily(), late(aSend(7, 9, 90))])
    expect(found[5]?.missed).toBeGreaterThan(1)
    expect(found.flatMap(({ late }, place) => (late ? place : []))).toEqual([after])
  })
})

test('rates and doubts are those of sends as if reported in time', () => {
  // A text of a small part, of which a large part followed.
  const small = { ...aSend(2, 3, 100, 300), recipients: 2_000 }
  const parts = [aSend(2, 1, 500), aSend(2, 2, 500), small, late(aSend(2, 4, 300)), aSend(2, 5, 500)]
  const sends = [...daily(), ...parts].map((send) => ({
    ...send,
    offer_id: 1,
    newsletter: '',
    sent_at: -send.age * 86_400_000,
  }))
  const told = { offer_id: 1, tone: null, length_category: null, cta_text: null, approved: true }
  const texts = [1, 2].map((variation_id) => ({ ...told, variation_id }))
  const { variations, doubts } = assess({ sends, variations: texts }, 0)
  expect(doubts.filter(({ reason }) => reason !== 'reported_late' && reason !== 'late_clicks')).toEqual([])
  // Health has those that somebody can mend.
  expect(findDoubts(sends, 0)).toEqual(doubts.filter(({ reason }) => reason === 'reported_late'))
  const [one = 0, other = 0] = [1, 2].map((id) => variations.get(id)?.smoothed_ctr)
  expect(Math.abs(one / other - 1)).toBeLessThan(0.03)
})

describe('doubts about late reports', () => {
  const told = { offer_id: 1, tone: null, length_category: null, cta_text: null, approved: true }
  type Changes = { recipients?: number; crowd?: Crowd; signs?: Signs }
  const judge = (sends: readonly (OneSend & Changes)[], newsletter?: string) =>
    assess(
      {
        sends: sends.map((send) => ({
          ...send,
          offer_id: 1,
          newsletter: 'daily',
          sent_at: -send.age * 86_400_000,
        })),
        variations: [1, 2, 3].map((variation_id) => ({ ...told, variation_id })),
      },
      0,
      newsletter,
    ).doubts
  const summed = (doubts: ReturnType<typeof judge>) =>
    doubts.map((doubt) => [
      `${doubt.variation_id} ${doubt.newsletter_send_id}`,
      doubt.reason,
      `${doubt.counted_clickers} of ${doubt.clickers}`,
      doubt.early_clickers,
    ])
  const changed = (place: number, changes: Changes, sends = daily()) =>
    sends.map((send, at) => (at === place ? { ...send, ...changes } : send))

  test('name the send that was late and the one that has its first clickers, of whatever newsletter', () => {
    const found = [
      ['1 4', 'reported_late', '300 of 300', 200],
      ['1 3', 'late_clicks', '500 of 700', 0],
    ]
    expect(summed(judge(daily()))).toEqual(found)
    expect(summed(judge(daily(), 'daily'))).toEqual(found)
    expect(summed(judge(daily(), 'weekly'))).toEqual(found)
  })

  test('name no send where reports are in time', () => {
    expect(judge(daily(0))).toEqual([])
    expect(judge(rare(0, 80))).toEqual([])
  })

  test('name the late send alone where the send before loses less than a tenth', () => {
    expect(summed(judge(rare(40)))).toEqual([['2 rare 3', 'reported_late', '360 of 360', 40]])
  })

  test('name all parts of a late send, each with what its own text’s send before has', () => {
    const parts = [late(aSend(3, 4, 150)), aSend(2, 3, 20, 8), late(aSend(2, 4, 5))]
    expect(summed(judge([...daily(), ...parts])).filter(([, reason]) => reason === 'reported_late')).toEqual([
      ['1 4', 'reported_late', '300 of 300', expect.closeTo(200, -1)],
      ['3 4', 'reported_late', '150 of 150', 0],
      ['2 4', 'reported_late', '5 of 5', expect.closeTo(8, -1)],
    ])
  })

  test('give the recipients that are usual as they are reported', () => {
    expect(judge(daily()).map(({ usual_recipients }) => usual_recipients)).toEqual([10_000, 10_000])
  })

  test('are about recipients first: those can be corrected', () => {
    const [doubt] = judge(changed(3, { recipients: 500 }, rare(150)))
    expect(doubt).toMatchObject({ reason: 'rate', recipients: 500, usual_recipients: 10_000 })
    expect(doubt).toMatchObject({ early_clickers: 150, counted_clickers: 0 })
  })

  test('count clickers as they are shown, whatever else does not count of them', () => {
    const crowd = { addresses: 2, visits: 90, largest: 50, other_clicks: 600, clickers: 70 }
    const [after, before] = judge(changed(2, { crowd: { ...crowd, clickers_by: marks.map(() => 70) } }))
    expect(after).toMatchObject({ reason: 'reported_late' })
    // Of 630 who are not at crowded addresses 200 belong to the next send: of all 700 as many in proportion.
    expect(after?.early_clickers).toBeGreaterThan(210)
    expect(before).toMatchObject({ reason: 'late_clicks', clickers: 700, early_clickers: 0 })
    expect((before?.counted_clickers ?? 0) + (after?.early_clickers ?? 0)).toBeCloseTo(700, -1)
  })

  test('name a late send as one, also if machines are among its clickers', () => {
    const [doubt] = judge(changed(3, { signs: { uncertain: 100, doubtful: 0 } }))
    expect(doubt).toMatchObject({ newsletter_send_id: '4', reason: 'reported_late', clickers: 300 })
    expect(doubt?.counted_clickers).toBeLessThan(270)
  })

  test('give the reason that takes most', () => {
    const reasonOf = (uncertain: number) =>
      judge(changed(2, { signs: { uncertain, doubtful: 0 } })).find(
        ({ newsletter_send_id: id }) => id === '3',
      )?.reason
    expect([100, 300].map(reasonOf)).toEqual(['late_clicks', 'signs'])
  })
})
