import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createNetworkReader } from '../../src/lib/base/address.ts'
import { createLog } from '../../src/lib/base/log.ts'
import type { Acceptance } from '../../src/lib/buffer/arrivals.ts'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import { destinationOf } from '../../src/lib/links/destination.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import type { Damage } from '../../src/lib/model/link.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
import {
  answerPromoLink,
  type PromoLinkParts,
  type VisitOutcome,
} from '../../src/lib/redirect/answer-promo-link.ts'
import { createPromoVarReader } from '../../src/lib/redirect/promo-var.ts'
import { createAgentReader } from '../../src/lib/tracking/agent.ts'
import { eventOfClickId } from '../../src/lib/tracking/click-id.ts'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { createSurplus } from '../../src/lib/tracking/surplus.ts'
import { handingOver, rowsOf } from '../support/click-parts.ts'
import { aSurplus } from '../support/events.ts'

const link = (slug: string, click_id_parameter: string | null = null) =>
  destinationOf({
    ...{ slug, destination_url: `https://${slug}.example/`, utm: {} },
    ...{ pass_parameters: true, click_id_parameter },
  })
const hash = visitorHashWith(Buffer.alloc(32, 7))
const noon = Date.UTC(2026, 10, 18, 12)
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'

let accepted: TrackingEvent[]
let outcomes: VisitOutcome[]
let damages: [string, Damage][]
beforeEach(() => {
  accepted = []
  outcomes = []
  damages = []
})

const working = (): PromoLinkParts => ({
  links: rowsOf([
    ['desk', link('desk')],
    ['course', link('course')],
    ['bureau', link('bureau')],
    ['page', link('page')],
  ]),
  variations: rowsOf([
    [42, { variation_id: 42, offer_id: 4, link_slug: 'desk', former_slugs: ['bureau'] }],
    [60, { variation_id: 60, offer_id: 6, link_slug: null, former_slugs: [] }],
  ]),
  buffer: handingOver((event) => void accepted.push(event)),
  unchecked: { admit: () => true, judged: () => {}, overflowing: false },
  networkOf: createNetworkReader(),
  strangers: createStrangers(Buffer.alloc(32, 9)),
  salts: { hashAt: () => hash, refresh: async () => {} },
  pages: new Set(['page']),
  promoVarOf: createPromoVarReader(),
  flood: () => false,
  surplus: () => undefined,
  classifier: createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 }),
  insiderOf: (_, cookies) => (cookies === 'editor' ? 'editor' : null),
  newEventId: createEventIds(),
  agentOf: createAgentReader(),
  now: () => noon,
  log: createLog('silent'),
  onVisit: (outcome) => void outcomes.push(outcome),
  onDamage: (...damage) => void damages.push(damage),
})

const ask = (
  changes: Partial<PromoLinkParts>,
  path: string,
  method = 'GET',
  headers: Record<string, string> = {},
) => {
  const [slug = '', query = ''] = path.split(/\?(.*)/s)
  const client = { address: '203.0.113.7', forwarded: false }
  return answerPromoLink(
    { ...working(), ...changes },
    { method, slug, query, header: (name) => headers[name], client },
  )
}

const redirect = {
  status: 307,
  headers: {
    location: 'https://desk.example/',
    'content-length': '0',
    'cache-control': 'no-store',
    'x-robots-tag': 'noindex',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  },
}

test('a click by the site’s own people is recorded, but not as a reader’s', async () => {
  const parts = working()
  const request = (cookie?: string) => ({
    method: 'GET',
    slug: 'desk',
    query: 'promo_var=42',
    header: (name: string) => ({ 'user-agent': firefox, cookie })[name],
    client: { address: '203.0.113.7', forwarded: false },
  })
  await answerPromoLink(parts, request('editor'))
  await answerPromoLink(parts, request('reader'))
  await answerPromoLink(parts, request())
  expect(accepted).toMatchObject([
    { verdict: 'machine', reason: 'editor' },
    { verdict: 'human', reason: 'none' },
    { verdict: 'duplicate', reason: 'repeated' },
  ])
})

describe('a link with a parameter for the id of a click', () => {
  const changes = (more: Partial<PromoLinkParts> = {}) => ({
    links: rowsOf([['desk', link('desk', 'subid')]]),
    ...more,
  })
  const headers = { 'user-agent': firefox }
  const idIn = (location: string | undefined) => new URL(`${location}`).searchParams.get('subid')

  test('gets the id of the recorded click', async () => {
    const answer = await ask(changes(), 'desk?promo_var=42', 'GET', headers)
    const id = idIn(answer?.headers.location)
    expect(id).toMatch(/^[0-9a-v]{26}$/)
    expect(eventOfClickId(`${id}`)).toBe(accepted[0]?.event_id)
  })

  test('gets the id of an unchecked or repeated click, too', async () => {
    for (const path of ['desk?promo_var=77', 'desk?promo_var=42', 'desk?promo_var=42']) {
      const answer = await ask(changes(), path, 'GET', headers)
      expect(eventOfClickId(`${idIn(answer?.headers.location)}`)).toBe(accepted.at(-1)?.event_id)
    }
    expect(accepted).toHaveLength(3)
  })

  test('gets no id if no click is recorded', async () => {
    const full = { admit: () => false, judged: () => {}, overflowing: false }
    const away = handingOver(() => {})
    const broken = handingOver(() => {
      throw new Error('broken')
    })
    const cases: [Partial<PromoLinkParts>, string, string][] = [
      [{}, 'desk', 'GET'],
      [{}, 'desk?promo_var=x', 'GET'],
      [{}, 'desk?promo_var=42', 'HEAD'],
      [{ unchecked: full }, 'desk?promo_var=77', 'GET'],
      [{ buffer: { ...away, accept: async () => 'lost' } }, 'desk?promo_var=42', 'GET'],
      [{ buffer: broken }, 'desk?promo_var=42', 'GET'],
    ]
    for (const [parts, path, method] of cases) {
      const answer = await ask(changes(parts), path, method, headers)
      expect(answer?.headers.location, path).toBe('https://desk.example/')
    }
  })

  test.each<Record<string, string>>([
    { 'user-agent': firefox, 'sec-gpc': '1' },
    { 'user-agent': firefox, dnt: '1' },
    { 'user-agent': 'curl/8.5.0' },
    { 'user-agent': firefox, 'sec-purpose': 'prefetch' },
    { 'user-agent': firefox, cookie: 'editor' },
  ])('gets no id for %j, though the click is recorded', async (given) => {
    const answer = await ask(changes(), 'desk?promo_var=42', 'GET', given)
    expect(answer?.headers.location).toBe('https://desk.example/')
    expect(accepted).toHaveLength(1)
  })

  test('gets no id for a click that is added up with others', async () => {
    const surplus = aSurplus()
    const answer = await ask(changes({ surplus: () => surplus }), 'desk?promo_var=42', 'GET', {
      'user-agent': 'curl/8.5.0',
    })
    expect(answer?.headers.location).toBe('https://desk.example/')
    expect(accepted).toEqual([surplus])
  })
})

describe('a promo link', () => {
  test('redirects at once and records the allowed details', async () => {
    const headers = { referer: 'https://mail.example/inbox?ann', 'user-agent': `${firefox} \0\ud800` }
    expect(await ask({}, 'Desk?promo_var=42', 'GET', headers)).toEqual(redirect)
    expect(outcomes).toEqual(['journaled'])
    expect(accepted).toEqual([
      expect.objectContaining({
        kind: 'click',
        at: noon,
        caller_key: false,
        offer_id: 4,
        variation_id: 42,
        verdict: 'human',
        reason: 'none',
        rules_version: 5,
        referrer: 'mail.example',
        user_agent: `${firefox} \ufffd`,
        ip_hash: hash('203.0.113.7', headers['user-agent']).visitor,
        address_hash: hash('203.0.113.7', '').address,
        newcomer: null,
      }),
    ])
  })

  test('keeps nothing of a visitor who asks not to be tracked', async () => {
    const asking = ['1', '1, 1', '1,0', '0, 1', '0, 1, 0']
    for (const name of ['sec-gpc', 'dnt'])
      for (const value of asking)
        await ask({}, 'desk?promo_var=42', 'GET', {
          [name]: value,
          referer: 'https://mail.example/',
          'user-agent': 'Mozilla/5.0',
        })
    const nobody = { referrer: null, user_agent: null, ip_hash: null, address_hash: null }
    expect(accepted).toMatchObject(Array(2 * asking.length).fill(nobody))
  })

  test.each(['0', '', '0, 0', '10', '01', 'unspecified'])(
    'keeps what it keeps of others where it asks "%s"',
    async (value) => {
      await ask({}, 'desk?promo_var=42', 'GET', { dnt: value, 'sec-gpc': value, 'user-agent': 'Mozilla/5.0' })
      expect(accepted).toMatchObject([{ user_agent: 'Mozilla/5.0', ip_hash: expect.any(String) }])
    },
  )

  test('works without a salt, and cuts a long user agent', async () => {
    const salts = { hashAt: () => undefined, refresh: async () => {} }
    await ask({ salts }, 'desk?promo_var=42', 'GET', { 'user-agent': 'x'.repeat(600) })
    expect(accepted).toMatchObject([{ ip_hash: null, address_hash: null, user_agent: 'x'.repeat(500) }])
  })

  test('records the verdict on machines and duplicates', async () => {
    const { classifier } = working()
    const networks = [{ cidr: '203.0.113.0/24', vendor: 'Gate', source: 'a page', date: '2026-11-25' }]
    const guarded = createClassifier({ networks, duplicateSeconds: 10, visitorsPerAddress: 5 })
    const headers = { 'user-agent': firefox }
    await ask({ classifier }, 'desk?promo_var=42', 'GET', { 'user-agent': 'Googlebot/2.1' })
    await ask({ classifier, flood: () => true }, 'desk?promo_var=42', 'GET', headers)
    await ask({ classifier }, 'desk?promo_var=42', 'GET', { purpose: 'prefetch', 'user-agent': 'curl/8' })
    await ask({ classifier: guarded }, 'desk?promo_var=42', 'GET', headers)
    await ask({ classifier }, 'desk?promo_var=42')
    await ask({ classifier }, 'desk?promo_var=42', 'GET', headers)
    await ask({ classifier }, 'desk?promo_var=42', 'GET', headers)
    const judged = accepted.map(
      (event) => event.kind === 'click' && [event.verdict, event.reason, event.sign],
    )
    expect(judged).toEqual([
      ['machine', 'self_declared', null],
      ['machine', 'flood', null],
      ['machine', 'prefetch', null],
      ['machine', 'scanner_network', null],
      ['human', 'no_user_agent', 'no_user_agent'],
      ['human', 'none', null],
      ['duplicate', 'repeated', null],
    ])
  })

  test('adds up the clicks of an address beyond its limit, machines by reason', async () => {
    const { classifier, newEventId } = working()
    const parts = { classifier, surplus: createSurplus(1, newEventId) }
    const program = { 'user-agent': 'curl/8' }
    const reader = { 'user-agent': firefox }
    for (let click = 0; click < 3; click += 1) await ask(parts, 'desk?promo_var=42', 'GET', program)
    await ask({ ...parts, flood: () => true }, 'desk?promo_var=42', 'GET', reader)
    await ask({ ...parts, flood: () => true }, 'desk?promo_var=7', 'GET', reader)
    await ask(parts, 'desk?promo_var=42', 'GET', reader)
    expect(accepted).toMatchObject([
      { kind: 'click', reason: 'self_declared' },
      { kind: 'surplus', offer_id: 4, variation_id: 42, reason: 'self_declared', clicks: 1 },
      { kind: 'surplus', offer_id: 4, variation_id: 42, reason: 'self_declared', clicks: 2 },
      { kind: 'surplus', offer_id: 4, variation_id: 42, reason: 'flood', clicks: 1 },
      { kind: 'click', offer_id: null, reason: 'flood' },
      { kind: 'click', reason: 'none' },
    ])
  })

  test('counts a visitor once who asks not to be tracked', async () => {
    const { classifier } = working()
    for (let click = 0; click < 2; click += 1) {
      await ask({ classifier }, 'desk?promo_var=42', 'GET', { 'user-agent': firefox, 'sec-gpc': '1' })
    }
    await ask({ classifier }, 'desk?promo_var=42', 'GET', { 'user-agent': 'curl/8', dnt: '1' })
    expect(accepted.map((event) => event.kind === 'click' && [event.reason, event.newcomer])).toEqual([
      ['none', true],
      ['repeated', false],
      ['self_declared', false],
    ])
  })

  test.each([
    ['desk', 'untracked'],
    ['desk?utm_source=x', 'untracked'],
    ['desk?promo_var=42abc', 'unreadable'],
    ['course?promo_var=60', 'journaled'],
    ['desk?promo_var=60', 'journaled'],
    ['bureau?promo_var=42', 'journaled'],
  ] as const)('%s redirects and counts as %s', async (path, outcome) => {
    expect(await ask({}, path)).toMatchObject({ status: 307 })
    expect(outcomes).toEqual([outcome])
    expect(accepted).toHaveLength(outcome === 'journaled' ? 1 : 0)
  })

  test.each([
    ['desk?promo_var=42', 4, null],
    ['bureau?promo_var=42', 4, null],
    ['course?promo_var=60', 6, null],
    ['desk?promo_var=7', null, 'desk'],
    ['course?promo_var=42', null, 'course'],
    ['Course?promo_var=42', null, 'course'],
  ])('%s is of offer %s, or is checked later with its slug', async (path, offer_id, slug) => {
    const headers = { 'user-agent': 'Googlebot/2.1' }
    expect(await ask({}, path, 'GET', headers)).toMatchObject({ status: 307 })
    expect(outcomes).toEqual(['journaled'])
    expect(accepted).toMatchObject([{ offer_id, slug, verdict: 'machine', reason: 'self_declared' }])
  })

  test('that cannot be checked counts towards the flood of its address, up to a bound', async () => {
    const counted: string[] = []
    const flood = (address: string) => counted.push(address) > 1
    const unchecked = { admit: () => counted.length < 2, judged: () => {}, overflowing: false }
    for (let click = 0; click < 3; click += 1) await ask({ flood, unchecked }, 'desk?promo_var=7')
    expect(accepted).toMatchObject([{ verdict: 'human' }, { verdict: 'machine', reason: 'flood' }])
    expect(outcomes).toEqual(['journaled', 'journaled', 'too_many_unchecked'])
  })

  test('answers HEAD like GET and records nothing', async () => {
    expect(await ask({}, 'desk?promo_var=42', 'HEAD')).toEqual(redirect)
    expect([accepted, outcomes]).toEqual([[], []])
  })

  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])('refuses %s', async (method) => {
    const answer = await ask({}, 'desk?promo_var=42', method)
    expect(answer).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD', 'content-length': '0' } })
    expect(answer?.headers).not.toHaveProperty('location')
    expect([accepted, outcomes]).toEqual([[], []])
  })

  const zeroWidth = '\u200b'
  test.each([
    ['desk).?promo_var=42', 'damaged'],
    ['desk ?promo_var=42', 'damaged'],
    [`${zeroWidth}desk${zeroWidth}?promo_var=42`, 'damaged'],
    ['-DESK!?promo_var=42', 'damaged'],
    ['../desk/?promo_var=42', 'damaged'],
    ['desk%3Fpromo_var=42?', 'damaged'],
    ['desk%3Futm_source=x?promo_var=42', 'damaged'],
    ['desk&amp;promo_var=42', 'damaged'],
    ['desk%26promo_var%3D42', 'damaged'],
    ['desk?a=b&amp;promo_var=42', 'damaged'],
    ['desk?promo_var=42)', 'damaged'],
    ['desk)?promo_var=42abc', 'unreadable'],
    ['desk?promo_var=42&promo_var=43', 'unreadable'],
    ['desk%3Fpromo_var=3D42', 'unreadable'],
  ] as const)('%s is the same link, and is reported as %s', async (path, damage) => {
    expect(await ask({}, path, 'HEAD')).toMatchObject({ status: 307 })
    expect(damages).toEqual([])
    expect(await ask({}, path)).toMatchObject({
      status: 307,
      headers: { location: expect.stringMatching(/^https:\/\/desk\.example\/(\?utm_source=x)?$/) },
    })
    expect(outcomes).toEqual([damage === 'damaged' ? 'journaled' : 'unreadable'])
    expect(accepted).toHaveLength(damage === 'damaged' ? 1 : 0)
    expect(damages).toEqual([['desk', damage]])
  })

  const unknown = ['desk?promo_var=7)', 'desk).?promo_var=7', 'course?PROMO_VAR=42']
  test.each(['desk?promo_var=42&utm_source=a%20b', 'desk', 'desk)', 'desk?utm_source=%20', ...unknown])(
    '%s reports no damage for a click that counts',
    async (path) => {
      expect(await ask({}, path)).toMatchObject({ status: 307 })
      expect(damages).toEqual([])
    },
  )

  test('refuses other methods of a damaged link, too', async () => {
    expect(await ask({}, 'desk).', 'POST')).toMatchObject({ status: 405 })
  })

  test.each([
    ...['nope', 'de.sk', '', 'a'.repeat(101), 'de sk', '../desk/more', '__proto__', 'nope).', ').', '?desk'],
    ...['page', 'Page', 'page).', 'page?promo_var=42', 'désk', `desk${')'.repeat(300)}`],
  ])('is not "%s"', async (slug) => {
    expect(await ask({}, slug)).toBeUndefined()
    expect(await ask({}, slug, 'POST')).toBeUndefined()
  })
})

describe('no failure of tracking changes the answer', () => {
  const broken = () => {
    throw new Error('broken')
  }
  const rejecting = () => Promise.reject(new Error('broken'))
  const parts = working()
  test.each<[string, Partial<PromoLinkParts>]>([
    ['variations throw', { variations: { peek: broken } }],
    ['the buffer throws', { buffer: { ...parts.buffer, accept: broken } }],
    ['the buffer rejects', { buffer: { ...parts.buffer, accept: rejecting } }],
    ['the salts throw', { salts: { ...parts.salts, hashAt: broken } }],
    ['the flood count throws', { flood: broken }],
    ['the rules throw', { classifier: { ...parts.classifier, classify: broken } }],
    ['event ids throw', { newEventId: broken }],
    ['the clock throws', { now: broken }],
  ])('%s', async (_, changes) => {
    const log = createLog('silent')
    const error = vi.spyOn(log, 'error')
    expect(await ask({ ...changes, log }, 'desk?promo_var=42', 'GET', { 'user-agent': firefox })).toEqual(
      redirect,
    )
    expect(outcomes).toEqual(['failed'])
    expect(accepted).toEqual([])
    expect(error).toHaveBeenCalledExactlyOnceWith({ reason: 'broken' }, 'a click could not be recorded')
  })

  test('the buffer has no room', async () => {
    const buffer = { ...parts.buffer, accept: async (): Promise<Acceptance> => 'lost' }
    expect(await ask({ buffer }, 'desk?promo_var=42')).toEqual(redirect)
    expect(outcomes).toEqual(['lost'])
  })
})
