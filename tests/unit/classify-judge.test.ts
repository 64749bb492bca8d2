import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClickEvidence, conclusiveReasons, judge } from '../../src/lib/classify/judge.ts'
import { isProvisional, judgeAll, type SendTime } from '../support/judgement/judge-all.ts'
import type { JudgedClick } from '../support/judgement/judged-click.ts'

const nothing: ClickEvidence = {
  conclusive: null,
  sign: null,
  soonAfterSend: false,
  manyLinks: false,
  repeated: false,
  crowded: false,
}
const verdictOn = (changes: Partial<ClickEvidence>) => {
  const { verdict, reason } = judge({ ...nothing, ...changes })
  return `${verdict} ${reason}`
}

const evidence = fc.record({
  conclusive: fc.constantFrom(null, ...conclusiveReasons),
  sign: fc.constantFrom(null, 'no_user_agent' as const, 'stale_user_agent' as const),
  soonAfterSend: fc.boolean(),
  manyLinks: fc.boolean(),
  repeated: fc.boolean(),
  crowded: fc.boolean(),
})

describe('the judgement of one click', () => {
  test.each<[Partial<ClickEvidence>, string]>([
    [{}, 'human none'],
    [{ sign: 'no_user_agent' }, 'human no_user_agent'],
    [{ sign: 'stale_user_agent' }, 'human stale_user_agent'],
    [{ soonAfterSend: true }, 'human soon_after_send'],
    [{ manyLinks: true }, 'human many_links'],
    [{ repeated: true }, 'duplicate repeated'],
    [{ repeated: true, crowded: true }, 'duplicate repeated'],
    [{ crowded: true, manyLinks: true }, 'duplicate crowded_address'],
    [{ crowded: true, manyLinks: true, soonAfterSend: true }, 'machine soon_after_send+many_links'],
    [{ repeated: true, manyLinks: true }, 'duplicate repeated'],
    [{ soonAfterSend: true, around: ['many_addresses'] }, 'human many_addresses'],
    [{ soonAfterSend: true, around: ['many_addresses', 'only_agent'] }, 'machine many_addresses+only_agent'],
    [{ soonAfterSend: true, around: ['beside_person'] }, 'machine soon_after_send+beside_person'],
    [{ sign: 'stale_user_agent+seen_network' }, 'machine stale_user_agent+seen_network'],
    [{ sign: 'no_user_agent', soonAfterSend: true }, 'machine no_user_agent+soon_after_send'],
    [{ soonAfterSend: true, manyLinks: true, repeated: true }, 'machine soon_after_send+many_links'],
    [
      { sign: 'stale_user_agent', soonAfterSend: true, manyLinks: true },
      'machine stale_user_agent+soon_after_send+many_links',
    ],
    [{ conclusive: 'prefetch', sign: 'no_user_agent', manyLinks: true }, 'machine prefetch'],
    [{ conclusive: 'mail_gateway', repeated: true }, 'machine mail_gateway'],
  ])('%o gives %s', (changes, verdict) => expect(verdictOn(changes)).toBe(verdict))

  test('names all signs in order, and needs two', () => {
    fc.assert(
      fc.property(evidence, (given) => {
        const signs = [
          given.sign,
          given.soonAfterSend && 'soon_after_send',
          given.manyLinks && 'many_links',
        ].filter((sign) => typeof sign === 'string')
        const expected = given.conclusive
          ? { verdict: 'machine', reason: given.conclusive }
          : signs.length > 1
            ? { verdict: 'machine', reason: signs.join('+') }
            : given.repeated
              ? { verdict: 'duplicate', reason: 'repeated' }
              : given.crowded
                ? { verdict: 'duplicate', reason: 'crowded_address' }
                : { verdict: 'human', reason: signs.join('') || 'none' }
        expect(judge(given)).toEqual(expected)
        expect(isProvisional(judge(given).reason)).toBe(given.conclusive === null)
      }),
    )
  })

  test.each(['flood', 'sample', 'sample_prefetch', 'no_user_agent+sample', '', 'many_links+'])(
    'keeps reasons that these rules do not give: "%s"',
    (reason) => expect(isProvisional(reason)).toBe(false),
  )
})

let made = 0
const click = (at: number, changes: Partial<JudgedClick> = {}): JudgedClick => {
  made += 1
  return {
    event_id: `id-${String(made).padStart(6, '0')}`,
    at,
    variation_id: 42,
    ip_hash: 'somebody',
    address_hash: null,
    user_agent: null,
    verdict: 'human',
    reason: 'none',
    sign: null,
    ...changes,
  }
}
const finalOf = (clicks: JudgedClick[], sends: SendTime[] = [], seconds = 10, visitorsPerAddress = 5) => {
  const verdicts = judgeAll(clicks, sends, { duplicateSeconds: seconds, visitorsPerAddress })
  return clicks.map(({ event_id }) => {
    const { verdict, reason } = verdicts.get(event_id) ?? { verdict: 'none', reason: 'at all' }
    return `${verdict} ${reason}`
  })
}

describe('clicks from one network', () => {
  const chrome = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36'
  const safari = 'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/26.0 Safari/605.1.15'
  const crowd = (count: number, changes: Partial<JudgedClick> = {}, network = 'aaaaaa') =>
    Array.from({ length: count }, (_, index) =>
      click(index * 1_000, {
        ip_hash: `${network} ${index} ${changes.user_agent}`,
        address_hash: `${network}${index}`,
        user_agent: chrome,
        ...changes,
      }),
    )
  const reasons = (clicks: JudgedClick[]) => [...new Set(finalOf(clicks, [], 10, 100))]

  test.each([
    [7, 'human none'],
    [8, 'human many_addresses'],
    [14, 'human many_addresses'],
    [15, 'machine many_addresses+only_agent'],
  ])('one browser from %i addresses: %s', (count, reason) => expect(reasons(crowd(count))).toEqual([reason]))

  test('are by people if other browsers are among them', () => {
    const others = (count: number) =>
      crowd(count, { user_agent: 'Firefox' }).map((one) => ({ ...one, at: one.at + 1 }))
    expect(finalOf([...crowd(17), ...others(1)], [], 10, 100)[0]).toBe('machine many_addresses+only_agent')
    const mixed = [
      ...crowd(16),
      ...others(1).map((one) => ({ ...one, address_hash: 'aaaaaa80' })),
      ...others(1).map((one) => ({ ...one, ip_hash: 'x', address_hash: 'aaaaaa90' })),
    ]
    expect(finalOf(mixed, [], 10, 100)[0]).toBe('human many_addresses')
  })

  test('are hardly suspicious with a common browser, nor across networks, texts or minutes', () => {
    expect(reasons(crowd(60, { user_agent: safari }))).toEqual(['human many_addresses'])
    expect(reasons([...crowd(7), ...crowd(7, {}, 'bbbbbb')])).toEqual(['human none'])
    expect(reasons([...crowd(7), ...crowd(7, { variation_id: 43 })])).toEqual(['human none'])
    expect(reasons(crowd(30).map((one, index) => ({ ...one, at: index * 30_000 })))).toEqual(['human none'])
    expect(reasons(crowd(30, { address_hash: 'aaaaaa1' }))).toEqual(['human none'])
    expect(reasons(crowd(30, { address_hash: null }))).toEqual(['human none'])
    expect(reasons(crowd(30, { user_agent: null }))).toEqual(['human many_addresses'])
  })

  test('of mail scanners are suspicious with any browsers, except next to a person’s click', () => {
    const seen = (index: number) => ({ sign: 'seen_network', user_agent: `${index}` })
    const many = crowd(8).map((one, index) => ({ ...one, ...seen(index) }))
    expect(reasons(many)).toEqual(['machine seen_network+many_addresses'])
    expect(reasons(many.slice(1))).toEqual(['human seen_network'])
    const beside = (at: number, address_hash = 'bbbbbb1') =>
      finalOf([
        click(10_000, { address_hash: 'aaaaaa1', sign: 'seen_network' }),
        click(at, { address_hash, ip_hash: 'reader' }),
      ])
    expect(beside(5_000)).toEqual(['machine seen_network+beside_person', 'human none'])
    expect(beside(15_999)).toEqual(['machine seen_network+beside_person', 'human none'])
    expect(beside(4_999)).toEqual(['human seen_network', 'human none'])
    expect(beside(16_000)).toEqual(['human seen_network', 'human none'])
    expect(beside(10_000, 'aaaaaa2')).toEqual(['human seen_network', 'human none'])
  })
})

describe('the final judgement', () => {
  test('finds the first click of a burst by the ones after it', () => {
    const burst = [42, 43, 44].map((variation_id, index) =>
      click(index * 5_000, { variation_id, sign: 'stale_user_agent' }),
    )
    expect(finalOf(burst)).toEqual(Array(3).fill('machine stale_user_agent+many_links'))
  })

  test('measures a burst in whole seconds', () => {
    const burst = (last: number) => [
      click(1_999),
      click(2_000, { variation_id: 43 }),
      click(last, { variation_id: 44 }),
    ]
    expect(finalOf(burst(11_999))).toEqual(Array(3).fill('human many_links'))
    expect(finalOf(burst(12_000))).toEqual(['human none', 'human many_links', 'human none'])
  })

  test('distinguishes visitors, and links from clicks', () => {
    const ofTwo = [click(0), click(0, { ip_hash: 'else', variation_id: 43 }), click(0, { variation_id: 44 })]
    expect(finalOf(ofTwo)).toEqual(Array(3).fill('human none'))
    const unknown = [42, 43, 44].map((variation_id) => click(0, { ip_hash: null, variation_id }))
    expect(finalOf(unknown)).toEqual(Array(3).fill('human none'))
    expect(finalOf([click(0), click(0), click(0, { variation_id: 43 })])).toEqual([
      'human none',
      'duplicate repeated',
      'human none',
    ])
  })

  test('is soon after the newest send of its own variation only', () => {
    const sends = [
      { variation_id: 42, at: 100_000 },
      { variation_id: 42, at: 10_000 },
      { variation_id: 43, at: 130_000 },
    ]
    // However long after its report mail goes out: the first click that was recorded starts the clock.
    const times = [9_999, 20_000, 49_999, 50_000, 19_999, 100_000, 129_999, 130_000]
    expect(
      finalOf(
        times.map((at) => click(at)),
        sends,
        0,
      ),
    ).toEqual([
      'human none',
      'human soon_after_send',
      'human soon_after_send',
      'human none',
      'human none',
      'human soon_after_send',
      'human soon_after_send',
      'human none',
    ])
    const others = [click(10_000), click(40_000, { variation_id: 44 }), click(130_000, { variation_id: 43 })]
    expect(finalOf(others, sends)).toEqual(['human soon_after_send', 'human none', 'human soon_after_send'])
  })

  test.each<[number, number[], string]>([
    [10, [0, 9_999, 10_000, 19_999, 20_000], 'h d h d h'],
    // One click every eight seconds delays nobody for longer than the window.
    [10, [0, 8_000, 16_000, 24_000, 32_000], 'h d h d h'],
    [1, [0, 999, 1_000], 'h d h'],
    [60, [0, 59_999, 60_000], 'h d h'],
    [0, [0, 0, 1], 'h h h'],
    // What comes late finds what has counted on either side of it.
    [10, [20_000, 10_001, 10_000, 29_999, 30_000, 0], 'h d h d h h'],
    [10, [0, 30_000, 15_000, 21_000, 9_000], 'h h h d d'],
  ])('a window of %i s runs from the click that counted: %j are %s', (seconds, times, expected) => {
    const letters = finalOf(
      times.map((at) => click(at)),
      [],
      seconds,
    ).map((verdict) => verdict[0])
    expect(letters.join(' ')).toBe(expected)
  })

  test('does not call a click a duplicate of a machine, nor one without a hash', () => {
    expect(finalOf([click(0, { verdict: 'machine', reason: 'prefetch' }), click(1)])).toEqual([
      'machine prefetch',
      'human none',
    ])
    expect(finalOf([click(0, { ip_hash: null }), click(1, { ip_hash: null })])).toEqual([
      'human none',
      'human none',
    ])
    expect(finalOf([click(0), click(1, { variation_id: 43 })])).toEqual(['human none', 'human none'])
  })

  test.each([1, 2, 5])('counts %i visitors of an address, for a text in a send', (most) => {
    const office = (at: number, changes: Partial<JudgedClick> = {}) =>
      Array.from({ length: 7 }, (_, index) =>
        click(at + index, { ip_hash: `person ${index}`, address_hash: 'office', ...changes }),
      )
    const crowd = [...Array(most).fill('human none'), ...Array(7 - most).fill('duplicate crowded_address')]
    expect(finalOf(office(0), [], 10, most)).toEqual(crowd)
    expect(finalOf([...office(0), ...office(20_000)], [], 10, most)).toEqual([...crowd, ...crowd])
    expect(finalOf([...office(0), ...office(0, { variation_id: 43 })], [], 10, most)).toEqual([
      ...crowd,
      ...crowd,
    ])
    const sends = [{ variation_id: 42, at: 50_000 }]
    const next = finalOf([...office(0), click(50_000), ...office(90_000).toReversed()], sends, 10, most)
    expect(next).toEqual([...crowd, 'human soon_after_send', ...crowd])
    expect(finalOf(office(0, { address_hash: null }), [], 10, most)).toEqual(Array(7).fill('human none'))
  })

  test('counts the visitors of one address separately from others, and by text and send', () => {
    const reader = (name: string, address_hash: string, changes: Partial<JudgedClick> = {}) =>
      click(0, { ip_hash: name, address_hash, ...changes })
    const crowd = [reader('a', 'office'), reader('b', 'office'), reader('c', 'home'), reader('d', 'home')]
    expect(finalOf(crowd, [], 10, 2)).toEqual(Array(4).fill('human none'))
    const others = [reader('e', 'office', { variation_id: 43 }), reader('a', 'office', { variation_id: 43 })]
    expect(finalOf([...crowd, ...others], [], 10, 2).slice(4)).toEqual(['human none', 'human none'])
    const sends = [{ variation_id: 42, at: 50_000 }]
    const later = [reader('e', 'office', { at: 90_000 }), reader('f', 'office', { at: 90_001 })]
    expect(finalOf([...crowd, click(50_000), ...later], sends, 10, 2).slice(5)).toEqual([
      'human none',
      'human none',
    ])
    const known = [...crowd, reader('x', 'office'), reader('b', 'office', { at: 20_000 })]
    expect(finalOf(known, [], 10, 2).slice(4)).toEqual(['duplicate crowded_address', 'human none'])
  })

  test('lets a click beyond the limit of its address be repeated by a later one', () => {
    const beyond = (at: number) => click(at, { ip_hash: 'b', address_hash: 'office' })
    const first = click(0, { ip_hash: 'a', address_hash: 'office' })
    expect(finalOf([first, beyond(0), beyond(9_999), beyond(10_000)], [], 10, 1)).toEqual([
      'human none',
      'duplicate crowded_address',
      'duplicate repeated',
      'duplicate crowded_address',
    ])
  })

  test('keeps the first verdict on a click without a hash', () => {
    const nobody = (reason: string) => click(0, { ip_hash: null, reason })
    const sends = [{ variation_id: 42, at: 0 }]
    expect(
      finalOf(['none', 'repeated', 'crowded_address', 'many_links', 'no_user_agent'].map(nobody)),
    ).toEqual([
      'human none',
      'duplicate repeated',
      'duplicate crowded_address',
      'human many_links',
      'human none',
    ])
    expect(finalOf(['many_links', 'repeated'].map(nobody), sends)).toEqual([
      'machine soon_after_send+many_links',
      'duplicate repeated',
    ])
  })

  test('follows the order in which clicks were recorded, and keeps final verdicts', () => {
    expect(finalOf([click(5), click(0)])).toEqual(['human none', 'duplicate repeated'])
    const sample = click(0, { verdict: 'human', reason: 'sample' })
    expect(finalOf([sample, click(1)])).toEqual(['human sample', 'duplicate repeated'])
    const wrong = click(0, { verdict: 'duplicate', reason: 'repeated' })
    expect(finalOf([wrong])).toEqual(['human none'])
    const kept = click(0, { verdict: 'duplicate', reason: 'sample_repeated' })
    expect(finalOf([kept, click(1)])).toEqual(['duplicate sample_repeated', 'human none'])
    const within = click(9_999, { reason: 'sample' })
    expect(finalOf([click(0), within, click(10_000)])).toEqual([
      'human none',
      'human sample',
      'duplicate repeated',
    ])
  })

  test('counts each visitor of a variation once per window, however many clicks are in it', () => {
    const clicks = fc.array(
      fc.record({ at: fc.integer({ min: 0, max: 60_000 }), ip_hash: fc.constantFrom('a', 'b', null) }),
    )
    fc.assert(
      fc.property(clicks, fc.integer({ min: 0, max: 20 }), (facts, seconds) => {
        const all = facts.toSorted((a, b) => a.at - b.at).map(({ at, ip_hash }) => click(at, { ip_hash }))
        const humans = finalOf(all, [], seconds).filter((verdict) => verdict.startsWith('human')).length
        const expected = ['a', 'b'].map((hash) => {
          const times = facts
            .filter(({ ip_hash }) => ip_hash === hash)
            .map(({ at }) => at)
            .sort((one, other) => one - other)
          if (seconds === 0) return times.length
          let counted = 0
          for (let next = times[0]; next !== undefined; counted += 1) {
            const end = next + seconds * 1000
            next = times.find((at) => at >= end)
          }
          return counted
        })
        const nobody = facts.filter(({ ip_hash }) => ip_hash === null).length
        expect(humans).toBe((expected[0] ?? 0) + (expected[1] ?? 0) + nobody)
      }),
    )
  })
})
