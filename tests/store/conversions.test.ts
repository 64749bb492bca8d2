import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import * as v from 'valibot'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail } from '../../src/lib/base/result.ts'
import { createAttributor } from '../../src/lib/conversions/attribute.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Conversion } from '../../src/lib/model/event.ts'
import { purge } from '../../src/lib/operations/purge.ts'
import { attributeConversions, readWaitingConversions } from '../../src/lib/store/conversions.ts'
import { addWebhook } from '../../src/lib/store/webhooks.ts'
import { webhookEvents } from '../../src/lib/webhooks/events.ts'
import { findConversionDrift } from '../support/conversions.ts'
import { createTestDatabase, emptyDatabase, insertPromos, type TestDatabase } from '../support/database.ts'
import { aClick, aConversion, anImpression, ofClick } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordConversions, recordImpressions } from '../support/record.ts'

const noon = Date.UTC(2026, 10, 18, 12)
const day = 86_400_000
const patience = 7 * 86_400

let store: TestDatabase
let database: Database
beforeAll(async () => {
  store = await createTestDatabase()
  database = patientDatabase(() => store.url, 2)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})
beforeEach(() => insertPromos(store.sql))
afterEach(async () => {
  expect(await findConversionDrift(store.sql)).toEqual([])
  await emptyDatabase(store.sql)
  await store.sql`truncate promo_conversions, promo_conversion_metrics`
})

/** By the site's own driver. */
const record = async (told: Conversion[], left = false) => {
  const recorded = await database.run((sql) => recordConversions(sql, told, left))
  if (!recorded.ok) throw new Error(recorded.fault.message)
  return recorded.value.map(({ event_id, reason }) => [event_id, reason])
}
const attribute = async (limit = 1_000) => {
  const looked = await database.run((sql) => attributeConversions(sql, { patience, limit }))
  return looked.ok ? looked.value[0]?.looked_at : looked.fault.message
}
const rows = async () => [
  ...(await store.sql`
    select external_id, variation_id, newsletter_send_id, newsletter, impression_id > 0 as sent, amount, currency,
      status,
      counted_on::text
    from promo_conversions order by id
  `),
]
const sums = async () => [
  ...(await store.sql`
    select day::text, variation_id, newsletter, currency, conversions::integer, pending::integer, rejected::integer,
      trim_scale(revenue)::text as revenue
    from promo_conversion_metrics where conversions + rejected > 0 order by currency, variation_id, day
  `),
]

describe('a conversion', () => {
  test('of a click counts for its text, its send, its newsletter and its day', async () => {
    const sends = [
      anImpression({ at: noon - 3 * day, newsletter_send_id: 'before', newsletter: 'ai' }),
      anImpression({ at: noon - day, newsletter_send_id: 'of-it', newsletter: 'ai' }),
      anImpression({ at: noon + day, newsletter_send_id: 'after', newsletter: 'ai' }),
    ]
    await recordImpressions(store.sql, sends)
    const click = aClick({ at: noon })
    await recordClicks(store.sql, [click])
    await record([aConversion({ at: noon + 5 * day, amount: '12.345678', ...ofClick(click) })])
    expect(await attribute()).toBe(1)
    expect(await rows()).toMatchObject([
      { variation_id: 42, newsletter: 'ai', sent: true, amount: '12.345678', counted_on: '2026-11-18' },
    ])
    expect(await sums()).toMatchObject([{ variation_id: 42, conversions: 1, revenue: '12.345678' }])
    const [send] = await store.sql`
      select newsletter_send_id, s.conversions::integer
      from promo_send_conversions s join promo_impression_tracking i on i.id = s.impression_id
    `
    expect(send).toEqual({ newsletter_send_id: 'of-it', conversions: 1 })
    expect(await attribute()).toBe(0)
  })

  test('of a text counts on its own day, with the send that it names', async () => {
    await recordImpressions(store.sql, [anImpression({ newsletter_send_id: 'a', newsletter: 'ai' })])
    await record([
      aConversion({ external_id: '1', newsletter_send_id: 'a' }),
      aConversion({ external_id: '2', variation_id: 50, occurred_at: noon - 2 * day }),
    ])
    expect(await attribute()).toBe(2)
    expect(await rows()).toMatchObject([
      { external_id: '1', newsletter: 'ai', sent: true, counted_on: '2026-11-18' },
      { external_id: '2', variation_id: 50, newsletter: '', sent: false, counted_on: '2026-11-16' },
    ])
  })

  test('keeps its amount digit by digit, and sums are exact', async () => {
    const told = ['0.1', '0.2', '999999999999.999999', '0.000001'].map((amount) => aConversion({ amount }))
    await record(told)
    await attribute()
    expect(await sums()).toMatchObject([{ conversions: 4, revenue: '1000000000000.3' }])
  })

  test('changes in the order of reports, before and after it was counted', async () => {
    const first = aConversion({ external_id: 'x', status: 'pending', amount: '10' })
    const later = (changes: Partial<Conversion>) =>
      aConversion({ ...first, event_id: randomUUID(), ...changes })
    await record([first])
    await record([later({ at: noon - day, amount: '11' })])
    await attribute()
    expect(await sums()).toMatchObject([{ conversions: 1, pending: 1, revenue: '11' }])
    await record([
      later({ status: 'approved', amount: '9.5' }),
      later({ currency: 'USD', status: 'approved' }),
    ])
    expect(await sums()).toMatchObject([{ currency: 'USD', conversions: 1, pending: 0, revenue: '10' }])
    await record([later({ status: 'rejected', currency: 'USD' })])
    expect(await sums()).toMatchObject([{ currency: 'USD', conversions: 0, rejected: 1, revenue: '0' }])
    // Reports of an earlier run are ordered by their time.
    await record([later({ at: noon - 1, status: 'approved' })], true)
    expect(await sums()).toMatchObject([{ rejected: 1 }])
    await record([later({ at: noon + 1 }), later({ at: noon, status: 'rejected' })], true)
    expect(await sums()).toMatchObject([{ currency: 'EUR', conversions: 1, pending: 1, revenue: '10' }])
  })

  test('is one by source and id', async () => {
    await record([
      aConversion({ external_id: '7', source: 'awin' }),
      aConversion({ external_id: '7', source: 'cj' }),
      aConversion({ external_id: '7', source: 'awin' }),
    ])
    await attribute()
    expect(await sums()).toMatchObject([{ conversions: 2, revenue: '20' }])
  })

  test('of another click or text under the same id is reported, and changes nothing', async () => {
    const [one, other] = [aClick(), aClick({ variation_id: 43 })]
    await recordClicks(store.sql, [one, other])
    const id = { external_id: 'x' }
    const [first, wrong] = [
      aConversion({ ...id, ...ofClick(one) }),
      aConversion({ ...id, ...ofClick(other) }),
    ]
    expect(await record([first, wrong])).toEqual([[wrong.event_id, 'conversion_differs']])
    await attribute()
    const late = aConversion({ ...id, ...ofClick(other), amount: '99' })
    expect(await record([late])).toEqual([[late.event_id, 'conversion_differs']])
    const [text, otherText] = [
      aConversion({ external_id: 'y' }),
      aConversion({ external_id: 'y', variation_id: 43 }),
    ]
    expect(await record([text, otherText])).toEqual([[otherText.event_id, 'conversion_differs']])
    expect(await record([otherText])).toEqual([[otherText.event_id, 'conversion_differs']])
    await attribute()
    expect(await sums()).toMatchObject([{ variation_id: 42, conversions: 2, revenue: '20' }])
  })

  describe('that is named by its click and by its text', () => {
    const [one, other] = [aClick(), aClick({ variation_id: 43 })]
    const byClick = (click = one) => ofClick(click)
    const byText = (variation_id = 42) => ({ variation_id })
    const unknown = aClick({ at: noon + 1 })
    test.for<[string, Partial<Conversion>, Partial<Conversion>, boolean]>([
      ['a text, then a click of it', byText(), byClick(), true],
      ['a text, then a click of another one', byText(), byClick(other), false],
      ['a text, then a click that nobody knows', byText(), byClick(unknown), true],
      ['a click, then its text', byClick(), byText(), true],
      ['a click, then another text', byClick(), byText(43), false],
      ['a click that nobody knows, then a text', byClick(unknown), byText(43), true],
    ])('%s: the same one unless they disagree', async ([, first, then, same]) => {
      await recordClicks(store.sql, [one, other])
      const report = (of: Partial<Conversion>, amount: string) =>
        aConversion({ external_id: 'x', amount, ...of })
      // Before it is counted, afterwards, and within one batch.
      for (const [index, between] of [async () => undefined, attribute].entries()) {
        const id = { external_id: `x${index}` }
        await record([{ ...report(first, '10'), ...id }])
        await between()
        const later = { ...report(then, '3'), ...id }
        expect(await record([later])).toEqual(same ? [] : [[later.event_id, 'conversion_differs']])
      }
      const [before, later] = [report(first, '10'), report(then, '3')]
      expect(await record([before, later])).toEqual(same ? [] : [[later.event_id, 'conversion_differs']])
      await attribute()
      const amounts = await store.sql`select distinct amount from promo_conversions`
      expect([...amounts]).toEqual([{ amount: same ? '3' : '10' }])
    })
  })

  test('of a text that does not exist is rejected', async () => {
    const gone = aConversion({ variation_id: 999 })
    expect(await record([gone, aConversion()])).toEqual([[gone.event_id, 'variation_gone']])
    expect(await rows()).toHaveLength(1)
  })

  test('is deleted with its text', async () => {
    await recordImpressions(store.sql, [anImpression()])
    await record([aConversion({ newsletter_send_id: '2026-11-18-daily' }), aConversion({ variation_id: 43 })])
    await attribute()
    await store.sql`delete from promo_text_variations where id = 42`
    expect(await rows()).toMatchObject([{ variation_id: 43 }])
    expect(await sums()).toMatchObject([{ variation_id: 43 }])
  })
})

describe('a conversion whose click is not known', () => {
  const waitLonger = (seconds: number) => store.sql`
    update promo_conversions set recorded_at = recorded_at - ${seconds} * interval '1 second', look_at = now()
  `

  test('waits for it, and delays no other', async () => {
    const click = aClick()
    await record([
      aConversion({ external_id: 'waits', ...ofClick(click) }),
      aConversion({ external_id: 'sent', newsletter_send_id: 'to-come' }),
    ])
    await record([aConversion({ external_id: 'text' })])
    // The two are looked at first, and then left alone for a while.
    expect([await attribute(2), await attribute(2), await attribute(2)]).toEqual([2, 1, 0])
    expect(await sums()).toMatchObject([{ conversions: 1 }])
    expect(await readWaitingConversions(store.sql)).toMatchObject([{ waiting: 2 }])
    await recordClicks(store.sql, [click])
    await recordImpressions(store.sql, [anImpression({ at: noon + day, newsletter_send_id: 'to-come' })])
    await store.sql`update promo_conversions set look_at = now()`
    expect(await attribute()).toBe(2)
    expect(await sums()).toMatchObject([{ conversions: 3 }])
    expect(await readWaitingConversions(store.sql)).toMatchObject([{ waiting: 0, seconds: 0 }])
  })

  test('changes while it waits', async () => {
    const click = aClick()
    await record([aConversion({ external_id: 'x', status: 'pending', ...ofClick(click) })])
    await record([aConversion({ external_id: 'x', amount: '4', ...ofClick(click) })])
    await recordClicks(store.sql, [click])
    await store.sql`update promo_conversions set look_at = now()`
    await attribute()
    expect(await sums()).toMatchObject([{ conversions: 1, pending: 0, revenue: '4' }])
  })

  test('finally counts without it, and is never lost', async () => {
    await record([
      aConversion({ external_id: 'a', ...ofClick(aClick()) }),
      aConversion({ external_id: 'b', newsletter_send_id: 'never' }),
    ])
    await waitLonger(patience - 60)
    await attribute()
    expect(await sums()).toEqual([])
    const [waiting] = await readWaitingConversions(store.sql)
    expect(waiting?.seconds).toBeGreaterThan(patience - 61)
    await waitLonger(61)
    await attribute()
    expect(await sums()).toMatchObject([
      { variation_id: 42, conversions: 1 },
      { variation_id: null, conversions: 1, revenue: '10', day: '2026-11-18' },
    ])
    await record([
      aConversion({ external_id: 'a', status: 'rejected', ...ofClick(aClick({ at: noon + 1 })) }),
    ])
    expect((await sums())[1]).toMatchObject({ conversions: 1 })
  })
})

test('counts once, in whatever batches and however often it is reported', async () => {
  const clicks = [aClick(), aClick({ variation_id: 43 }), aClick({ variation_id: 50, offer_id: 5 })]
  await recordClicks(store.sql, clicks.slice(0, 2))
  await recordImpressions(store.sql, [anImpression({ at: noon - 1 })])
  const report = fc.record({
    key: fc.integer({ min: 0, max: 5 }),
    status: fc.constantFrom('pending' as const, 'approved' as const, 'rejected' as const),
    amount: fc.constantFrom('0', '1.10', '20.000001'),
    currency: fc.constantFrom('EUR', 'USD'),
    next: fc.constantFrom('nothing', 'attribute', 'again'),
  })
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(report, { minLength: 1, maxLength: 6 }), { maxLength: 6 }),
      async (batches) => {
        run += 1
        const last = new Map<string, string>()
        for (const batch of batches) {
          const told = batch.map(({ key, status, amount, currency }) => {
            const click = clicks[key % 3]
            const id = `${run}-${key}`
            last.set(id, [status, amount, currency].join(' '))
            return aConversion({
              ...{ external_id: id, status, amount, currency },
              ...(click && ofClick(click)),
            })
          })
          await record(told)
          if (batch[0]?.next === 'again') await record(told)
          if (batch[0]?.next === 'attribute') await attribute()
        }
        await attribute()
        const found = await store.sql<{ external_id: string; said: string }[]>`
        select external_id, concat_ws(' ', status, amount, currency) as said from promo_conversions
        where external_id like ${`${run}-%`}
      `
        expect(new Map(found.map(({ external_id, said }) => [external_id, said]))).toEqual(last)
        expect(await findConversionDrift(store.sql)).toEqual([])
      },
    ),
    { numRuns: 25 },
  )
})

test('two concurrent attributors count each conversion once', async () => {
  await record(Array.from({ length: 400 }, () => aConversion()))
  const counted = await Promise.all([attribute(150), attribute(150), attribute(150)])
  expect(counted.every((looked) => looked === 150 || looked === 100 || looked === 250)).toBe(true)
  while ((await attribute()) !== 0);
  expect(await sums()).toMatchObject([{ conversions: 400 }])
})

test('rows of conversions are kept as long as those of clicks, and sums forever', async () => {
  await record([
    aConversion({ occurred_at: Date.UTC(2025, 9, 1), external_id: 'first kept' }),
    aConversion({ occurred_at: Date.UTC(2025, 8, 30), external_id: 'older' }),
  ])
  await attribute()
  await record([
    aConversion({ occurred_at: Date.UTC(2025, 8, 30), external_id: 'waits', ...ofClick(aClick()) }),
  ])
  const retention = { PROMO_RETAIN_DETAILS_DAYS: 30, PROMO_RETAIN_EVENTS_MONTHS: 13 }
  expect(await purge(database, noon, retention)).toMatchObject({ ok: true, value: { conversions: 1 } })
  expect((await rows()).map(({ external_id }) => external_id)).toEqual(['first kept', 'waits'])
  expect(await sums()).toHaveLength(2)
  await store.sql`truncate promo_conversions, promo_conversion_metrics`
})

describe('the attributor', () => {
  test('continues until all that can be counted is', async () => {
    await record(Array.from({ length: 1_500 }, () => aConversion()))
    const attributor = createAttributor({ database, ready: () => true, log: createLog('silent') })
    await Promise.all([attributor(), attributor()])
    expect(await sums()).toMatchObject([{ conversions: 1_500 }])
  })

  test('does nothing before the database is ready, and logs failures', async () => {
    const warnings: unknown[] = []
    const log = Object.assign(createLog('silent'), { warn: (told: unknown) => void warnings.push(told) })
    const away = { run: async () => fail({ code: 'unavailable' as const, message: 'away' }) }
    const broken = { ...database, ...away }
    await createAttributor({ database: broken, ready: () => false, log })()
    expect(warnings).toEqual([])
    await createAttributor({ database: broken, ready: () => true, log })()
    expect(warnings).toEqual([{ reason: 'away' }])
  })
})

describe('webhooks', () => {
  const messages = async () =>
    (
      await store.sql<
        { body: { id: string; type: string; data: object } }[]
      >`select body from promo_outbox order by id`
    ).map(({ body }) => body)
  afterEach(() => store.sql`truncate promo_outbox, promo_webhooks cascade`)

  test('are notified of a conversion when it counts, and when it changes, once', async () => {
    const wanting = { url: 'https://hooks.example/', secret: 'whsec_x', most: 20 }
    await addWebhook(store.sql, { ...wanting, events: ['conversion.recorded'] })
    await addWebhook(store.sql, { ...wanting, events: ['send.judged'] })
    await recordImpressions(store.sql, [
      anImpression({ at: noon - day, newsletter_send_id: 'monday', newsletter: 'ai' }),
    ])
    const click = aClick({ at: noon })
    const sale = aConversion({ external_id: 'o-1', amount: '12.50', status: 'pending', ...ofClick(click) })
    await record([sale])
    await attribute()
    expect(await messages()).toEqual([])

    await recordClicks(store.sql, [click])
    await store.sql`update promo_conversions set look_at = now()`
    await attribute()
    await attribute()
    const approved = { ...sale, event_id: randomUUID(), status: 'approved' as const }
    await record([approved])
    await record([{ ...approved, event_id: randomUUID() }])
    const told = await messages()
    expect(told).toMatchObject([
      {
        type: 'conversion.recorded',
        version: 1,
        timestamp: '2026-11-18T12:00:00.000Z',
        data: {
          source: null,
          external_id: 'o-1',
          offer_id: 4,
          variation_id: 42,
          newsletter_send_id: 'monday',
          newsletter: 'ai',
          amount: '12.50',
          currency: 'EUR',
          status: 'pending',
          occurred_at: '2026-11-18T12:00:00.000Z',
        },
      },
      { type: 'conversion.recorded', data: { external_id: 'o-1', status: 'approved' } },
    ])
    expect(new Set(told.map(({ id }) => id)).size).toBe(2)
    for (const { data } of told) expect(v.is(webhookEvents['conversion.recorded'], data)).toBe(true)
  })

  test('are notified of one whose click is never found, without offer, text and send', async () => {
    await addWebhook(store.sql, {
      ...{ url: 'https://hooks.example/', secret: 'whsec_x', most: 20 },
      events: ['conversion.recorded'],
    })
    await record([aConversion({ external_id: 'o-2', ...ofClick(aClick({ at: noon })) })])
    await store.sql`update promo_conversions set recorded_at = now() - interval '8 days', look_at = now()`
    await attribute()
    expect(await messages()).toMatchObject([
      {
        data: {
          external_id: 'o-2',
          offer_id: null,
          variation_id: null,
          newsletter_send_id: null,
          newsletter: null,
        },
      },
    ])
  })
})
