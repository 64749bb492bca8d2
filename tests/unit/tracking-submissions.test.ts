import { beforeEach, describe, expect, test } from 'vitest'
import { createNetworkReader } from '../../src/lib/base/address.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import type { Acceptance } from '../../src/lib/buffer/arrivals.ts'
import type { Settled } from '../../src/lib/buffer/record-batch.ts'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
import { createAgentReader } from '../../src/lib/tracking/agent.ts'
import {
  findIdFaults,
  type SubmissionParts,
  submitClick,
  submitImpression,
} from '../../src/lib/tracking/submissions.ts'
import { handingOver } from '../support/click-parts.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const hash = visitorHashWith(Buffer.alloc(32, 7))
const ids = { offer_id: 4, variation_id: 42 }
const key = '0190b5a4-7c1e-7cc3-9a55-0123456789ab'

let accepted: TrackingEvent[]
beforeEach(() => {
  accepted = []
})

type Circumstances = {
  acceptance?: Acceptance
  settled?: Settled | 'pending'
  /** Whether the database answers. */
  current?: boolean
  /** Whether another click that cannot be checked may wait. */
  admits?: boolean
}

const variation = { ...ids, link_slug: 'desk', former_slugs: [] }
/** One that only the database knows. */
const newer = { ...variation, variation_id: 44 }

const parts = ({
  acceptance = 'journaled',
  settled = 'committed',
  current = true,
  admits = true,
}: Circumstances = {}): SubmissionParts => ({
  variations: { peek: (id) => (id === 42 ? variation : undefined) },
  unchecked: { admit: () => admits, judged: () => {}, overflowing: !admits },
  findVariation: async (id) =>
    current ? ok({ 42: variation, 44: newer }[id]) : fail({ code: 'unavailable', message: 'away' }),
  buffer: handingOver((event) => accepted.push(event), acceptance),
  flusher: {
    arrived: () => {},
    settled: async () => settled,
    drained: async () => true,
    stop: async () => {},
    lastFlush: undefined,
  },
  networkOf: createNetworkReader(),
  strangers: createStrangers(Buffer.alloc(32, 9)),
  salts: { hashAt: () => hash, refresh: async () => {} },
  classifier: createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 }),
  agentOf: createAgentReader(),
  newEventId: () => 'a-new-id',
  now: () => noon,
  offerExists: async (id) => !current || id < 10,
  underWay: new Map(),
})

describe('an impression', () => {
  test('is recorded with its defaults', async () => {
    expect(await submitImpression(parts(), { ...ids, recipients: 1 })).toBeUndefined()
    expect(accepted).toEqual([
      {
        kind: 'impression',
        event_id: 'a-new-id',
        caller_key: false,
        at: noon,
        ...ids,
        newsletter_send_id: null,
        newsletter: null,
        recipients: 1,
      },
    ])
  })

  test('is recorded as reported', async () => {
    const report = { ...ids, newsletter_send_id: 'daily', newsletter: 'brief', recipients: 900 }
    expect(await submitImpression(parts(), { ...report, event_id: key })).toBeUndefined()
    expect(await submitImpression(parts(), { ...report, event_id: null })).toBeUndefined()
    expect(accepted).toMatchObject([
      { ...report, event_id: key, caller_key: true },
      { recipients: 900, caller_key: false },
    ])
  })

  test.each([
    [{ offer_id: 99, variation_id: 42 }, { offer_id: 'Offer ID 99 does not exist' }],
    [{ offer_id: 5, variation_id: 42 }, { offer_id: 'Variation ID 42 belongs to offer ID 4' }],
    [{ offer_id: 4, variation_id: 43 }, { variation_id: 'Variation ID 43 does not exist' }],
    [
      { offer_id: 99, variation_id: 43 },
      { offer_id: 'Offer ID 99 does not exist', variation_id: 'Variation ID 43 does not exist' },
    ],
  ])('of %o is refused', async (report, details) => {
    expect(await submitImpression(parts(), { ...report, recipients: 1 })).toEqual({
      error: 'validation_error',
      details,
    })
    expect(accepted).toEqual([])
  })

  test.each([
    [
      { offer_id: 99, variation_id: 43 },
      { offer_id: 'Offer ID 99 does not exist', variation_id: 'Variation ID 43 does not exist' },
    ],
    [{ offer_id: 5, variation_id: 42 }, { offer_id: 'Variation ID 42 belongs to offer ID 4' }],
    [{ offer_id: 99, variation_id: 'x' }, { offer_id: 'Offer ID 99 does not exist' }],
    [{ offer_id: 4 }, {}],
    [{ variation_id: 43 }, { variation_id: 'Variation ID 43 does not exist' }],
    [{ variation_id: 42 }, {}],
    [{ offer_id: 0, variation_id: -1 }, {}],
    [null, {}],
  ])('with another fault also gets the faults of its ids: %o', async (body, details) => {
    expect(await findIdFaults(parts(), body)).toEqual(details)
  })

  test('with another fault gets no fault of its ids unless the database reports one', async () => {
    expect(await findIdFaults(parts({ current: false }), { variation_id: 43 })).toEqual({})
    expect(await findIdFaults(parts({ current: false }), { offer_id: 99 })).toEqual({})
  })

  test('under the id of another event is refused, now and later', async () => {
    const conflict = {
      error: 'event_id_reused',
      details: { event_id: expect.stringContaining('another event') },
    }
    const report = { ...ids, recipients: 5, event_id: key }
    expect(await submitImpression(parts({ settled: 'reused' }), report)).toEqual(conflict)
    const same = parts()
    const answers = await Promise.all([
      submitImpression(same, report),
      submitImpression(same, { ...report, recipients: 6 }),
      submitClick(same, { variation_id: 42, event_id: key }),
      submitImpression(same, report),
    ])
    expect(answers).toEqual([undefined, conflict, conflict, undefined])
    expect(await submitImpression(same, { ...report, recipients: 6 })).toBeUndefined()
  })

  test('of a send that was reported for another newsletter is refused', async () => {
    const report = { ...ids, newsletter_send_id: 'daily', newsletter: 'brief', recipients: 5 }
    expect(await submitImpression(parts({ settled: 'other_newsletter' }), report)).toEqual({
      error: 'newsletter_differs',
      details: { newsletter: expect.stringContaining('give each its own newsletter_send_id') },
    })
  })

  test('of a variation that only the database knows is recorded', async () => {
    expect(await submitImpression(parts(), { offer_id: 4, variation_id: 44, recipients: 1 })).toBeUndefined()
    expect(accepted).toMatchObject([{ offer_id: 4, variation_id: 44 }])
  })

  test('of a variation that nobody can look up now is kept', async () => {
    const away = parts({ current: false, settled: 'pending' })
    const fault = await submitImpression(away, { offer_id: 7, variation_id: 43, recipients: 1 })
    expect(fault).toMatchObject({
      error: 'tracking_failed',
      fields: { offer_id: 7, variation_id: 43, queued: true },
    })
    expect(accepted).toHaveLength(1)
  })
})

describe('a click', () => {
  test('is recorded with the reported details of the visitor, and no others', async () => {
    const report = {
      variation_id: 42,
      referrer: 'https://mail.example/?ann',
      user_agent: firefox,
      ip_address: '203.0.113.7',
    }
    expect(await submitClick(parts(), { ...report, event_id: key })).toBeUndefined()
    expect(await submitClick(parts(), { variation_id: 42, user_agent: 'a bot' })).toBeUndefined()
    expect(accepted).toMatchObject([
      {
        ...ids,
        event_id: key,
        caller_key: true,
        at: noon,
        referrer: 'mail.example',
        user_agent: firefox,
        ip_hash: hash('203.0.113.7', firefox).visitor,
        address_hash: hash('203.0.113.7', firefox).address,
        newcomer: null,
        verdict: 'human',
      },
      {
        ...ids,
        event_id: 'a-new-id',
        caller_key: false,
        referrer: null,
        ip_hash: null,
        verdict: 'machine',
        reason: 'self_declared',
      },
    ])
  })

  test('is judged by its report, and by the sends and clicks before it', async () => {
    const networks = [{ cidr: '198.51.100.0/24', vendor: 'Gate', source: 'a page', date: '2026-11-25' }]
    const used = {
      ...parts(),
      classifier: createClassifier({ networks, duplicateSeconds: 10, visitorsPerAddress: 5 }),
    }
    const visitor = { variation_id: 42, ip_address: '203.0.113.7' }
    await submitClick(used, visitor)
    await submitClick(used, visitor)
    await submitClick(used, { variation_id: 42, ip_address: '198.51.100.1' })
    await submitImpression(used, { ...ids, newsletter_send_id: null, recipients: 1 })
    await submitClick(used, { variation_id: 42 })
    await submitImpression(used, { ...ids, newsletter_send_id: 'daily', recipients: 1 })
    await submitClick(used, { variation_id: 42 })
    const clicks = accepted.filter((event) => event.kind === 'click')
    expect(clicks.map(({ verdict, reason, sign }) => [verdict, reason, sign])).toEqual([
      ['human', 'none', null],
      ['duplicate', 'repeated', null],
      ['machine', 'scanner_network', null],
      ['human', 'none', null],
      ['human', 'soon_after_send', null],
    ])
  })

  test('of a visitor without a hash says whether it is the first', async () => {
    const withoutSalt = { ...parts(), salts: { hashAt: () => undefined, refresh: async () => {} } }
    const report = { variation_id: 42, user_agent: firefox, ip_address: '203.0.113.7' }
    for (const from of [withoutSalt, withoutSalt, parts()]) await submitClick(from, report)
    expect(accepted).toMatchObject([
      { ip_hash: null, newcomer: true },
      { ip_hash: null, newcomer: false },
      { ip_hash: expect.any(String), newcomer: null },
    ])
  })

  test('on a variation that is not known here is recorded once the database has checked it', async () => {
    expect(await submitClick(parts(), { variation_id: 43 })).toBeUndefined()
    expect(accepted).toMatchObject([{ offer_id: null, slug: null, variation_id: 43 }])
    expect(await submitClick(parts({ settled: 'rejected' }), { variation_id: 43 })).toEqual({
      error: 'validation_error',
      details: { variation_id: 'Variation ID 43 does not exist' },
    })
  })

  test('on a variation that cannot be checked now is kept while there is room', async () => {
    const away: Circumstances = { current: false, settled: 'pending' }
    const fault = { error: 'tracking_failed', fields: { variation_id: 43, queued: true } }
    const kept = await submitClick(parts(away), { variation_id: 43 })
    expect(kept).toMatchObject(fault)
    expect(Object.keys(kept?.fields ?? {})).toEqual(['variation_id', 'queued'])
    expect(accepted).toHaveLength(1)
    const full = parts({ ...away, admits: false })
    expect(await submitClick(full, { variation_id: 43 })).toEqual({
      error: 'tracking_failed',
      message: 'Too many clicks are waiting for the database to check them; send it again later',
      fields: { variation_id: 43, queued: false },
    })
    expect(await submitClick(full, { variation_id: 42 })).toMatchObject({ fields: { ...ids, queued: true } })
    expect(accepted).toHaveLength(2)
  })
})

describe('the answer to a caller', () => {
  test.each<[string, Circumstances, unknown]>([
    ['committed', {}, undefined],
    ['committed from memory', { acceptance: 'in_memory' }, undefined],
    [
      'no room',
      { acceptance: 'lost', settled: 'pending' },
      {
        error: 'tracking_failed',
        message: expect.stringContaining('no room'),
        fields: { ...ids, queued: false },
      },
    ],
    [
      'still waiting',
      { settled: 'pending' },
      {
        error: 'tracking_failed',
        message: expect.stringContaining('do not send it again'),
        fields: { ...ids, queued: true },
      },
    ],
    [
      'waiting in memory only',
      { acceptance: 'in_memory', settled: 'pending' },
      {
        error: 'tracking_failed',
        message: expect.stringContaining('send it again later'),
        fields: { ...ids, queued: false },
      },
    ],
    [
      'refused by the database',
      { settled: 'refused' },
      {
        error: 'tracking_failed',
        message: expect.stringContaining('among the rejects'),
        fields: { ...ids, queued: false },
      },
    ],
    [
      'without a place in the database',
      { settled: 'rejected' },
      {
        error: 'validation_error',
        details: { variation_id: 'Variation ID 42 does not exist as one of offer ID 4' },
      },
    ],
  ])('%s', async (_, circumstances, fault) => {
    if (circumstances.settled !== 'rejected')
      expect(await submitClick(parts(circumstances), { variation_id: 42 })).toEqual(fault)
    expect(await submitImpression(parts(circumstances), { ...ids, recipients: 1 })).toEqual(fault)
  })
})
