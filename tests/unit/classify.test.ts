import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ClickFacts, createClassifier } from '../../src/lib/classify/classifier.ts'
import { conclusiveReasons } from '../../src/lib/classify/judge.ts'
import { conclusiveReasonOf } from '../../src/lib/classify/rules.ts'
import { bundledNetworks } from '../../src/lib/classify/scanner-networks.ts'
import { createFlood } from '../../src/lib/tracking/flood.ts'
import { judgeAll } from '../support/judgement/judge-all.ts'
import type { JudgedClick } from '../support/judgement/judged-click.ts'

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const stale =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/42.0.2311.135 Safari/537.36 Edge/12.246'
const noon = Date.UTC(2026, 10, 18, 12)

const classifierOf = (duplicateSeconds = 10, visitorsPerAddress = 5) =>
  createClassifier({
    networks: [{ cidr: '198.51.100.0/24', vendor: 'Gate', source: 'a page', date: '2026-11-25' }],
    duplicateSeconds,
    visitorsPerAddress,
  })

/** `visitor` by name, each with an address of its own unless a `house` is given. */
type Given = Partial<Omit<ClickFacts, 'visitor'>> & { visitor?: string | null; house?: string }

const click = ({ visitor = 'somebody', house, ...changes }: Given = {}): ClickFacts => ({
  at: noon,
  variationId: 42,
  header: () => undefined,
  userAgent: firefox,
  direct: true,
  address: '203.0.113.7',
  insider: null,
  visitor: visitor === null ? null : { visitor, address: house ?? visitor },
  hashed: true,
  flooding: () => false,
  ...changes,
})

const verdicts = (clicks: Given[], classifier = classifierOf()) =>
  clicks.map((changes) => {
    const { verdict, reason } = classifier.classify(click(changes))
    return `${verdict} ${reason}`
  })
const reading = (headers: Record<string, string>) => (name: string) => headers[name]

describe('a prefetch', () => {
  test.each([
    [{ 'sec-purpose': 'prefetch' }, 'machine prefetch'],
    [{ 'sec-purpose': 'prefetch;prerender' }, 'machine prefetch'],
    [{ purpose: 'Prefetch' }, 'machine prefetch'],
    [{ 'x-purpose': 'preview' }, 'machine prefetch'],
    [{ 'x-moz': 'prefetch' }, 'machine prefetch'],
    [{ purpose: 'navigation' }, 'human none'],
    [{ 'x-other': 'prefetch' }, 'human none'],
    [{}, 'human none'],
  ])('with the headers %o: %s', (headers, verdict) => {
    expect(verdicts([{ header: reading(headers) }])).toEqual([verdict])
  })
})

describe('a browser’s Sec-Fetch-Mode', () => {
  test.each([
    ['navigate', 'human none'],
    ['navigate, navigate', 'human none'],
    ['same-origin,navigate', 'human none'],
    ['no-cors, no-cors', 'machine not_navigation'],
    ['navigated', 'machine not_navigation'],
    ['re,unnavigate', 'machine not_navigation'],
    ['no-cors', 'machine not_navigation'],
    ['cors', 'machine not_navigation'],
    ['same-origin', 'machine not_navigation'],
    ['websocket', 'machine not_navigation'],
    ['', 'human none'],
  ])('with the mode "%s": %s', (mode, verdict) => {
    expect(verdicts([{ header: reading({ 'sec-fetch-mode': mode }) }])).toEqual([verdict])
  })
})

describe('the conclusive reasons', () => {
  const all = {
    insider: 'editor' as const,
    header: reading({ purpose: 'prefetch', 'sec-fetch-mode': 'cors' }),
    userAgent: 'self_declared' as const,
    inScannerNetwork: true,
  }

  test('are checked in their order', () => {
    const none = reading({})
    expect([
      conclusiveReasonOf(all),
      conclusiveReasonOf({ ...all, insider: 'own_network' }),
      conclusiveReasonOf({ ...all, insider: null }),
      conclusiveReasonOf({ ...all, insider: null, header: reading({ 'sec-fetch-mode': 'no-cors' }) }),
      conclusiveReasonOf({ ...all, insider: null, header: none, userAgent: 'mail_gateway' }),
      conclusiveReasonOf({ ...all, insider: null, header: none }),
      conclusiveReasonOf({ ...all, insider: null, header: none, userAgent: 'stale_user_agent' }),
      conclusiveReasonOf({ insider: null, header: none, userAgent: null, inScannerNetwork: false }),
    ]).toEqual([...conclusiveReasons, null])
  })

  test('give the first one that applies', () => {
    const flags = fc.record({
      insider: fc.constantFrom(null, null, 'editor' as const, 'own_network' as const),
      prefetching: fc.boolean(),
      userAgent: fc.constantFrom(null, 'self_declared', 'mail_gateway', 'no_user_agent', 'stale_user_agent'),
      inScannerNetwork: fc.boolean(),
    })
    fc.assert(
      fc.property(flags, ({ prefetching, ...given }) => {
        const holding = [
          given.insider !== null && given.insider,
          prefetching && 'prefetch',
          given.userAgent === 'self_declared' && 'self_declared',
          given.userAgent === 'mail_gateway' && 'mail_gateway',
          given.inScannerNetwork && 'scanner_network',
        ].filter((reason) => reason !== false)
        const header = reading(prefetching ? { purpose: 'prefetch' } : {})
        expect(conclusiveReasonOf({ header, ...given })).toBe(holding[0] ?? null)
      }),
    )
  })

  test('take precedence over weak signs and duplicates, and keep the sign', () => {
    const classifier = classifierOf()
    classifier.classify(click())
    expect(
      classifier.classify(click({ header: reading({ purpose: 'prefetch' }), userAgent: stale })),
    ).toEqual({
      verdict: 'machine',
      reason: 'prefetch',
      sign: 'stale_user_agent',
      rules_version: 5,
      newcomer: null,
    })
  })
})

describe('a flood', () => {
  test('is checked last, and does not count machines', () => {
    let asked = 0
    const flooding = () => {
      asked += 1
      return asked > 3
    }
    const purpose = reading({ purpose: 'prefetch' })
    const clicks: Given[] = [
      { userAgent: 'curl/8.5.0', flooding },
      { header: purpose, flooding },
      { address: '198.51.100.7', flooding },
      ...[42, 43, 44].map((variationId) => ({ variationId, userAgent: stale, visitor: 'scanner' })),
      { variationId: 45, userAgent: stale, visitor: 'scanner', flooding },
      { flooding },
      { flooding },
      { visitor: 'else', flooding },
      { visitor: 'third', flooding },
    ]
    expect(verdicts(clicks).filter((_, index) => ![3, 4].includes(index))).toEqual([
      'machine self_declared',
      'machine prefetch',
      'machine scanner_network',
      'machine stale_user_agent+many_links',
      'machine stale_user_agent+many_links',
      'human none',
      'duplicate repeated',
      'human none',
      'machine flood',
    ])
    expect(asked).toBe(4)
  })

  test('does not affect other readers of an address if programs cause it', () => {
    const flood = createFlood(120)
    const flooding = () => flood('203.0.113.7', noon)
    const programs = Array.from({ length: 125 }, () => ({
      userAgent: 'curl/8.5.0',
      variationId: 43,
      flooding,
    }))
    const readers = Array.from({ length: 120 }, (_, index) => ({ visitor: `reader ${index}`, flooding }))
    const found = verdicts([...programs, ...readers, { visitor: 'one more', flooding }])
    expect(found.slice(125, 245)).toEqual(Array(120).fill('human none'))
    expect(found.at(-1)).toBe('machine flood')
  })
})

describe('the address of a visitor', () => {
  test.each([
    ['198.51.100.7', 'machine scanner_network'],
    ['::ffff:198.51.100.7', 'machine scanner_network'],
    ['198.51.101.7', 'human none'],
    ['2001:db8::1', 'human none'],
    ['', 'human none'],
    [null, 'human none'],
    [undefined, 'human none'],
  ])('%s: %s', (address, verdict) => expect(verdicts([{ address }])).toEqual([verdict]))
})

test('an invalid network is left out, and the others work', () => {
  const about = { vendor: 'Gate', source: 'a page', date: '2026-11-25' }
  const networks = ['nonsense', '198.51.100.0/24'].map((cidr) => ({ cidr, ...about }))
  const classifier = createClassifier({ networks, duplicateSeconds: 10, visitorsPerAddress: 5 })
  expect(verdicts([{ address: '198.51.100.7' }], classifier)).toEqual(['machine scanner_network'])
})

describe('weak signs', () => {
  test('no user agent is one on a redirect, and none in a report', () => {
    const signOf = (changes: Given) => classifierOf().classify(click(changes)).sign
    expect(signOf({ userAgent: undefined })).toBe('no_user_agent')
    expect(signOf({ userAgent: '' })).toBe('no_user_agent')
    expect(signOf({ userAgent: null, direct: false })).toBeNull()
    expect(signOf({ userAgent: stale, direct: false })).toBe('stale_user_agent')
    expect(signOf({ userAgent: 'curl/8.5.0' })).toBeNull()
  })

  test('one leaves a click a person’s, two do not', () => {
    const classifier = classifierOf()
    classifier.noteSend(42, 'daily', noon - 29_999)
    expect(
      verdicts(
        [
          { visitor: 'a' },
          { visitor: 'b', userAgent: stale },
          { visitor: 'c', userAgent: undefined, variationId: 43 },
          { visitor: null, userAgent: undefined },
        ],
        classifier,
      ),
    ).toEqual([
      'human soon_after_send',
      'machine stale_user_agent+soon_after_send',
      'human no_user_agent',
      'machine no_user_agent+soon_after_send',
    ])
  })

  test('a send counts for half a minute, for its own variation, and once', () => {
    const classifier = classifierOf()
    classifier.noteSend(42, 'daily', noon)
    classifier.noteSend(42, 'daily', noon + 20_000)
    expect(
      verdicts(
        [
          { visitor: 'a', at: noon - 1 },
          { visitor: 'b', at: noon },
          { visitor: 'c', at: noon + 29_999 },
          { visitor: 'd', at: noon + 30_000 },
          { visitor: 'e', at: noon, variationId: 43 },
        ],
        classifier,
      ),
    ).toEqual(['human none', 'human soon_after_send', 'human soon_after_send', 'human none', 'human none'])
    classifier.noteSend(42, 'evening', noon + 60_000)
    expect(verdicts([{ visitor: 'f', at: noon + 89_999 }], classifier)).toEqual(['human soon_after_send'])
  })

  test('the third link within ten whole seconds is one of many, whatever the verdicts on the others', () => {
    expect(
      verdicts([
        { at: noon + 900 },
        { at: noon + 5_000, variationId: 43, header: reading({ purpose: 'prefetch' }) },
        { at: noon + 10_999, variationId: 44 },
        { at: noon + 11_000, variationId: 45 },
        { at: noon + 12_000, variationId: 46, visitor: 'somebody else' },
        { at: noon + 40_000, variationId: 47 },
      ]),
    ).toEqual([
      'human none',
      'machine prefetch',
      'human many_links',
      'human many_links',
      'human none',
      'human none',
    ])
  })

  test('the same two links again are not many', () => {
    const pair = [{ variationId: 42 }, { variationId: 43 }]
    expect(verdicts([...pair, ...pair], classifierOf(0))).toEqual(Array(4).fill('human none'))
  })

  test('without a hash nobody is one of many', () => {
    const links = [42, 43, 44].map((variationId) => ({ variationId, visitor: null }))
    expect(verdicts(links)).toEqual(Array(3).fill('human none'))
  })
})

describe('a duplicate', () => {
  test('comes within the window after a click on the same variation', () => {
    expect(
      verdicts([
        {},
        { at: noon + 9_999 },
        { at: noon + 10_000 },
        { at: noon + 19_999 },
        { variationId: 43 },
        { visitor: 'else' },
      ]),
    ).toEqual([
      'human none',
      'duplicate repeated',
      'human none',
      'duplicate repeated',
      'human none',
      'human none',
    ])
  })

  test('is none after a machine, without a hash, or with a window of 0', () => {
    expect(verdicts([{ userAgent: 'curl/8.5.0' }, {}])).toEqual(['machine self_declared', 'human none'])
    expect(verdicts([{ visitor: null }, { visitor: null }])).toEqual(['human none', 'human none'])
    expect(verdicts([{}, {}], classifierOf(0))).toEqual(['human none', 'human none'])
  })

  test('is found beyond twenty texts of its visitor, of which the first are forgotten', () => {
    const classifier = classifierOf()
    const others = Array.from({ length: 20 }, (_, index) => ({ variationId: 100 + index }))
    const found = verdicts([{}, ...others, { variationId: 119 }, {}], classifier)
    expect(found.slice(-2)).toEqual(['duplicate repeated', 'human many_links'])
  })
})

describe('the visitors of one address', () => {
  const visitors = (count: number, changes: Given = {}) =>
    Array.from({ length: count }, (_, index) => ({ visitor: `person ${index}`, house: 'office', ...changes }))
  const people = 'human none'
  const crowded = 'duplicate crowded_address'

  test.each([1, 4, 5, 6])('of whom %i count: no more than these, for a text', (most) => {
    const found = verdicts(visitors(8), classifierOf(10, most))
    expect(found).toEqual([...Array(most).fill(people), ...Array(8 - most).fill(crowded)])
  })

  test('are counted for each text, address and send of its own', () => {
    const classifier = classifierOf(0, 2)
    expect(verdicts(visitors(3), classifier)).toEqual([people, people, crowded])
    expect(verdicts(visitors(3, { variationId: 43 }), classifier)).toEqual([people, people, crowded])
    expect(verdicts(visitors(3, { house: 'elsewhere' }), classifier)).toEqual([people, people, crowded])
    classifier.noteSend(42, 'daily', noon + 1_000)
    expect(verdicts([{ at: noon + 1_000 }, ...visitors(3, { at: noon + 60_000 })], classifier)).toEqual([
      'human soon_after_send',
      people,
      people,
      crowded,
    ])
  })

  test('that are machines or duplicates do not use up places', () => {
    const classifier = classifierOf(10, 2)
    expect(verdicts(visitors(4, { userAgent: 'curl/8.5.0' }), classifier)).toEqual(
      Array(4).fill('machine self_declared'),
    )
    expect(verdicts([...visitors(1), ...visitors(1), ...visitors(3)], classifier)).toEqual([
      people,
      'duplicate repeated',
      'duplicate repeated',
      people,
      crowded,
    ])
  })

  test('still count when they return, and the others do not', () => {
    const classifier = classifierOf(10, 2)
    verdicts(visitors(3), classifier)
    expect(verdicts(visitors(3, { at: noon + 10_000 }), classifier)).toEqual([people, people, crowded])
    expect(verdicts(visitors(3, { at: noon + 10_001 }), classifier)).toEqual(
      Array(3).fill('duplicate repeated'),
    )
  })
})

describe('a visitor without stored details', () => {
  const newcomers = (clicks: Given[], classifier = classifierOf()) =>
    clicks.map((given) => {
      const { verdict, newcomer } = classifier.classify(click({ hashed: false, ...given }))
      return `${verdict} ${newcomer}`
    })
  const hour = 3_600_000

  test('is distinguished from others, and is a newcomer once', () => {
    expect(
      newcomers([
        {},
        { at: noon + 5_000 },
        { at: noon + 60_000 },
        { at: noon + 60_000, visitor: 'else' },
        { at: noon + 60_000, variationId: 43 },
        { at: noon + 90_000, visitor: null },
        { at: noon + 90_000, hashed: true, visitor: 'kept' },
      ]),
    ).toEqual([
      'human true',
      'duplicate false',
      'human false',
      'human true',
      'human true',
      'human null',
      'human null',
    ])
  })

  test('is a newcomer again for the next send, but not as a machine or in a crowd', () => {
    const classifier = classifierOf(10, 1)
    classifier.noteSend(42, 'first', noon - hour)
    expect(
      newcomers([{ userAgent: 'curl/8.5.0' }, {}, { visitor: 'else', house: 'somebody' }], classifier),
    ).toEqual(['machine false', 'human true', 'duplicate false'])
    classifier.noteSend(42, 'second', noon + hour)
    expect(newcomers([{ at: noon + 2 * hour }, { at: noon + 3 * hour }], classifier)).toEqual([
      'human true',
      'human false',
    ])
  })

  test.each([
    [0, 'human false'],
    [11 * hour - 1, 'human false'],
    [22 * hour - 1, 'human false'],
    [22 * hour, 'human true'],
    [-23 * hour, 'human true'],
  ])('is forgotten within a day: after %i ms it is %s', (age, expected) => {
    const classifier = classifierOf()
    newcomers([{}], classifier)
    if (age > 0) classifier.fade(noon + Math.min(age, 11 * hour))
    expect(newcomers([{ at: noon + Math.max(age, age === 0 ? 10_000 : age) }], classifier)).toEqual([
      expected,
    ])
  })

  test('is forgotten in time even if another one comes just before', () => {
    const classifier = classifierOf()
    const at = (hours: number, visitor: string) =>
      newcomers([{ at: noon + hours * hour, visitor }], classifier)
    expect(at(0, 'somebody')).toEqual(['human true'])
    classifier.fade(noon + 11 * hour)
    expect(at(21, 'else')).toEqual(['human true'])
    classifier.fade(noon + 22 * hour)
    expect(at(25, 'somebody')).toEqual(['human true'])
  })

  test('opens many links like everybody else', () => {
    const links = [42, 43, 44].map((variationId) => ({ variationId, hashed: false }))
    expect(verdicts(links)).toEqual(['human none', 'human none', 'human many_links'])
  })
})

describe('the verdict at once', () => {
  const facts = fc.record({
    wait: fc.integer({ min: 0, max: 6_000 }),
    variationId: fc.constantFrom(42, 43, 44, 45),
    visitor: fc.constantFrom('a', 'b', null),
    userAgent: fc.constantFrom(firefox, firefox, 'curl/8.5.0'),
  })

  test('is the final one, given what has arrived so far', () => {
    fc.assert(
      fc.property(
        // Any number: the last click on each text is what counts.
        fc.array(facts, { maxLength: 40 }),
        fc.integer({ min: 0, max: 15 }),
        fc.integer({ min: 0, max: 20 }),
        (clicks, seconds, sent) => {
          const classifier = classifierOf(seconds)
          const sends = [{ variation_id: 42, at: noon + 1000 * sent }]
          const past: JudgedClick[] = []
          let at = noon
          for (const [index, { wait, variationId, visitor, userAgent }] of clicks.entries()) {
            at += wait
            if (at >= noon + 1000 * sent) classifier.noteSend(42, 'daily', noon + 1000 * sent)
            const now = classifier.classify(click({ at, variationId, visitor, userAgent }))
            const event_id = String(index).padStart(3, '0')
            past.push({
              event_id,
              at,
              variation_id: variationId,
              ip_hash: visitor,
              address_hash: null,
              user_agent: userAgent,
              ...now,
            })
            const finals = judgeAll(past, sends, { duplicateSeconds: seconds, visitorsPerAddress: 5 })
            const alike = past.every(
              ({ event_id: id, verdict }) =>
                (verdict === 'machine') === (finals.get(id)?.verdict === 'machine'),
            )
            // Where what came later has turned an earlier click into a machine's, others count in its place.
            if (alike) expect(finals.get(event_id)).toEqual({ verdict: now.verdict, reason: now.reason })
          }
        },
      ),
      { numRuns: 500 },
    )
  })
})

describe('weak signs in a request', () => {
  test.each<[Given, string]>([
    [{ header: reading({ 'signature-agent': '"https://agent.example"' }) }, 'human signed_agent'],
    [
      { header: reading({ 'signature-agent': '' }), userAgent: undefined },
      'machine no_user_agent+signed_agent',
    ],
    [{ address: '40.94.1.2' }, 'human seen_network'],
    [
      { address: '40.94.1.2', header: reading({ 'signature-agent': 'a' }) },
      'machine signed_agent+seen_network',
    ],
    [{ address: '40.107.1.2' }, 'machine scanner_network'],
    [{ address: '40.95.1.2' }, 'human none'],
  ])('%j: %s', (given, verdict) => {
    const classifier = createClassifier({
      networks: bundledNetworks,
      duplicateSeconds: 10,
      visitorsPerAddress: 5,
    })
    expect(verdicts([given], classifier)).toEqual([verdict])
  })
})
