import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Click, Impression } from '../../src/lib/model/event.ts'
import { emptyDatabase, findDrift, insertPromos } from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { fileDatabase } from '../support/file-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { recountCrowds, type Visit } from '../support/recount-crowds.ts'
import { byKey, settledCrowds, settledFigures, settleEverything } from '../support/settled.ts'

const database = fileDatabase()
const settle = (limit: number) => settleEverything(database.sql, { limit })

const noon = Date.UTC(2026, 2, 18, 12)
const minute = 60_000
const spans = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168]

/** The same from the events, one after the other in the order in which they were recorded. */
function recount(clicks: readonly Click[], impressions: readonly Impression[]) {
  const known = new Set<string>()
  const sent = new Map<
    string,
    { send: string; hours: number; clicks: number; human: number; clickers: number }
  >()
  const unique = new Map<string, number>()
  const shares = new Map<string, { clicks: number; human: number }>()
  const visits: (Visit & { hours: number; clicker: boolean })[] = []
  for (const click of clicks) {
    const human = click.verdict === 'human'
    const send = impressions
      .filter(
        (one) =>
          one.variation_id === click.variation_id && one.newsletter_send_id !== null && one.at <= click.at,
      )
      .sort((a, b) => b.at - a.at)[0]
    const visitor = `${click.ip_hash}/${click.variation_id}`
    if (human && click.ip_hash !== null && !known.has(visitor)) {
      known.add(visitor)
      const key = `${click.variation_id}/${Math.floor(click.at / 3_600_000)}`
      unique.set(key, (unique.get(key) ?? 0) + 1)
    }
    const clicker = human && (click.ip_hash === null || !known.has(`${visitor}/${send?.newsletter_send_id}`))
    if (human) known.add(`${visitor}/${send?.newsletter_send_id}`)
    if (send) {
      const hours = spans.findLast((span) => span <= (click.at - send.at) / 3_600_000) ?? 0
      const name = `${send.newsletter_send_id}/${send.variation_id}`
      if (human && click.address_hash !== null)
        visits.push({ address: click.address_hash, part: name, human, hours, clicker })
      const row = sent.get(`${name}/${hours}`) ?? { send: name, hours, clicks: 0, human: 0, clickers: 0 }
      sent.set(`${name}/${hours}`, {
        ...row,
        clicks: row.clicks + 1,
        human: row.human + Number(human),
        clickers: row.clickers + Number(clicker),
      })
    }
    const day = new Date(click.at).toISOString().slice(0, 10)
    for (const [dimension, value] of [
      ['device', click.device ?? 'unknown'],
      ['browser', click.browser ?? 'unknown'],
      ['os', click.os ?? 'unknown'],
      ['reason', click.reason],
      ...(human ? [['referrer', click.referrer ?? 'none']] : []),
    ]) {
      const key = `${day}|${click.variation_id}|${dimension}|${value}`
      const share = shares.get(key) ?? { clicks: 0, human: 0 }
      shares.set(key, { clicks: share.clicks + 1, human: share.human + Number(human) })
    }
  }
  const { crowds, parts } = recountCrowds(visits)
  const clickers = new Map<string, number>()
  for (const { address, part, hours, clicker } of visits)
    if (clicker && crowds.has(address))
      clickers.set(`${part}/${hours}`, (clickers.get(`${part}/${hours}`) ?? 0) + 1)
  return {
    crowds: { clickers: Object.fromEntries(clickers), parts: Object.fromEntries(parts) },
    sends: [...sent.values()].sort((a, b) =>
      a.send < b.send ? -1 : a.send > b.send ? 1 : a.hours - b.hours,
    ),
    unique: Object.fromEntries(unique),
    breakdown: [...shares].map(([key, share]) => ({ key, ...share })).sort(byKey),
  }
}

const place = fc.constantFrom(
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
)
const at = fc.integer({ min: 0, max: 20_000 }).map((minutes) => noon + minutes * minute)
const click = fc
  .record({
    place,
    at,
    // Reasons that the rules do not know stand: what is judged anew has a test file of its own.
    judged: fc.constantFrom(
      { verdict: 'human' as const, reason: 'sample' },
      { verdict: 'human' as const, reason: 'sample' },
      { verdict: 'machine' as const, reason: 'sample_prefetch' },
      { verdict: 'duplicate' as const, reason: 'sample_repeated' },
    ),
    visitor: fc.option(fc.integer({ min: 1, max: 3 })),
    device: fc.option(fc.constantFrom('phone', 'desktop')),
    referrer: fc.option(fc.constantFrom('mail.example', 'news.example')),
  })
  .map(({ place, at, visitor, judged, ...rest }) =>
    aClick({
      ...place,
      ...judged,
      ...rest,
      at,
      ip_hash: visitor === null ? null : aHash(visitor),
      // The third one comes from the second one's address.
      address_hash: visitor === null ? null : `aaaaaa${Math.min(2, visitor)}`,
    }),
  )
const impression = fc
  .record({ place, at, named: fc.boolean() })
  .map(({ place, at, named }) =>
    anImpression({ ...place, at, newsletter_send_id: named ? `send-${at}` : null }),
  )

/** A send whose readers come from one address: chance alone may draw none that is crowded. */
const crowdedSend = [
  Array.from({ length: 60 }, (_, index) =>
    aClick({
      ...{ offer_id: 4, variation_id: 42, verdict: 'human', reason: 'sample' },
      ...{ at: noon + (index + 1) * minute, ip_hash: aHash(2 + (index % 2)), address_hash: 'aaaaaa2' },
    }),
  ),
  [anImpression({ at: noon, offer_id: 4, variation_id: 42, newsletter_send_id: 'send' })],
  3,
] satisfies [Click[], Impression[], number]

test('settled figures equal a naive recount, however the clicks are cut into batches', async () => {
  let crowded = 0
  await fc.assert(
    fc.asyncProperty(
      fc.array(click, { minLength: 1, maxLength: 90, size: 'max' }),
      fc.array(impression, { maxLength: 8 }),
      fc.integer({ min: 1, max: 8 }),
      async (clicks, impressions, batches) => {
        await emptyDatabase(database.sql)
        await insertPromos(database.sql)
        const known = [...new Map(impressions.map((one) => [`${one.at}/${one.variation_id}`, one])).values()]
        await recordImpressions(database.sql, known)
        const inOrder = clicks.toSorted((a, b) => a.at - b.at || (a.event_id < b.event_id ? -1 : 1))
        await recordClicks(database.sql, inOrder)
        expect(await settle(Math.ceil(clicks.length / batches))).toBe(clicks.length)
        const { crowds, ...figures } = recount(inOrder, known)
        expect(await settledFigures(database.sql)).toEqual(figures)
        expect(await settledCrowds(database.sql)).toEqual(crowds)
        crowded += Object.keys(crowds.parts).length
        expect(await settle(1_000)).toBe(0)
        expect(await findDrift(database.sql)).toEqual([])
      },
    ),
    { numRuns: 30, examples: [crowdedSend] },
  )
  expect(crowded).toBeGreaterThan(0)
})
