import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createNetworkReader } from '../../src/lib/base/address.ts'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { destinationOf } from '../../src/lib/links/destination.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
import { createSelection } from '../../src/lib/selection/selection.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { chancesOf } from '../../src/lib/stats/best.ts'
import { besideCrowds } from '../../src/lib/stats/crowds.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { listSends } from '../../src/lib/store/evidence.ts'
import { createAgentReader } from '../../src/lib/tracking/agent.ts'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { createFlood } from '../../src/lib/tracking/flood.ts'
import { type ClickParts, trackVisit } from '../../src/lib/tracking/track-click.ts'
import { handingOver, rowsOf } from '../support/click-parts.ts'
import {
  createTestDatabase,
  emptyDatabase,
  findDrift,
  insertPromos,
  type TestDatabase,
} from '../support/database.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'

let tested: TestDatabase
let database: Database

beforeAll(async () => {
  tested = await createTestDatabase()
  database = patientDatabase(() => tested.url, 1)
})
afterAll(async () => {
  await database?.close()
  await tested?.drop()
})

const hour = 3_600_000
const day = 24 * hour
const begin = Date.UTC(2026, 2, 1, 8)
const sends = 10
/** The last send of the worse text, which is the one that gains. */
const attacked = begin + (2 * sends - 1) * day
const now = attacked + 3 * day

/** Sends of two texts to 1,000 recipients each: 40 click the one and 25 the other. */
beforeEach(async () => {
  await insertPromos(tested.sql)
  await tested.sql`delete from promo_offers where id <> 4`
  await tested.sql`delete from promo_text_variations where id = 44`
  let visitor = 0
  const sent = Array.from({ length: 2 * sends }, (_, send) => {
    const [variation_id, readers] = send % 2 === 0 ? [42, 40] : [43, 25]
    return { send, at: begin + send * day, variation_id, readers }
  })
  await recordImpressions(
    tested.sql,
    sent.map(({ send, at, variation_id }) =>
      anImpression({ at, variation_id, newsletter_send_id: `send-${send}`, recipients: 1_000 }),
    ),
  )
  const clicks = sent.flatMap(({ at, variation_id, readers }) =>
    Array.from({ length: readers }, (_, index) => {
      visitor += 1
      return aClick({ at: at + hour + index * 60_000, variation_id, ip_hash: aHash(visitor) })
    }),
  )
  await recordClicks(tested.sql, clicks)
  await settle(database, { age: 0 })
})
afterEach(async () => {
  expect(await findDrift(tested.sql)).toEqual([])
  await emptyDatabase(tested.sql)
})

const browser = (number: number) =>
  `Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:${number}.0) Gecko/20100101 Firefox/${number}.0`

type Request = { address: string; agent: number; gpc?: boolean; after?: number }

/** Sends requests to the worse text through one instance, a few seconds apart, and settles what it has recorded. */
async function attack(requests: Request[]): Promise<void> {
  let at = attacked + 2 * hour
  const clicks: Click[] = []
  const classifier = createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 })
  classifier.noteSend(43, `send-${2 * sends - 1}`, attacked)
  const hash = visitorHashWith(Buffer.alloc(32, 7))
  const parts: ClickParts = {
    variations: rowsOf([[43, { variation_id: 43, offer_id: 4, link_slug: null, former_slugs: [] }]]),
    unchecked: { admit: () => true, judged: () => {}, overflowing: false },
    buffer: handingOver((event) => {
      if (event.kind === 'click') clicks.push(event)
    }),
    insiderOf: () => null,
    networkOf: createNetworkReader(),
    salts: { hashAt: () => hash, refresh: async () => {} },
    strangers: createStrangers(Buffer.alloc(32, 9)),
    flood: createFlood(120),
    surplus: () => undefined,
    agentOf: createAgentReader(),
    classifier,
    newEventId: createEventIds(),
    now: () => at,
  }
  for (const { address, agent, gpc, after = 12_000 } of requests) {
    at += after
    const headers: Record<string, string> = { 'user-agent': browser(agent), ...(gpc && { 'sec-gpc': '1' }) }
    void trackVisit(parts, {
      slug: 'desk',
      variationId: 43,
      address,
      header: (name) => headers[name],
    })
  }
  await recordClicks(tested.sql, clicks)
  expect(await settle(database, { age: 0 })).toMatchObject({ ok: true, value: requests.length })
}

/** The share of the next sends that the worse text has. */
async function shareUnder(strategy: 'thompson' | 'ctr_weighted'): Promise<number> {
  const config = readConfig({ PROMO_SELECTION: strategy, PROMO_VARIETY_VARIATION_GAP: '0' })
  if (!config.ok) throw new Error('no settings')
  const destination = {
    slug: 'nocodemba',
    destination_url: 'https://a.example/',
    utm: {},
    pass_parameters: false,
    click_id_parameter: null,
  }
  const selection = createSelection({
    config: config.value,
    database,
    links: rowsOf([['nocodemba', destinationOf(destination)]]),
    now: () => now,
    random: Math.random,
  })
  const read = await selection.readShares()
  const found = read.ok && read.value.shares.find(({ variation_id }) => variation_id === 43)
  return found ? found.share : Number.NaN
}

/** What the last send of the worse text has, the text's chance to be the best, and its share of the next sends. */
async function standing() {
  const listed = await listSends(tested.sql, undefined)
  const [counted] = await tested.sql`
    select sum(m.human_clicks)::integer as human from promo_send_metrics m
    join promo_impression_tracking i on i.id = m.impression_id
    where i.newsletter_send_id = ${`send-${2 * sends - 1}`}
  `
  const texts = [42, 43].map((variation_id) => ({ offer_id: 4, variation_id }))
  const aged = listed.map((send) => ({ ...send, age: (now - send.sent_at) / day }))
  const beside = besideCrowds(aged)
  const [offer] = learn(texts, beside.sends, beside.variance).offers
  const chances = chancesOf((offer?.variations ?? []).map((one) => ({ ...one, ...one.belief })))
  return {
    human: Number(counted?.human),
    clickers: listed.at(-1)?.clickers ?? 0,
    rates: (offer?.variations ?? []).map(({ mean, interval }) => ({ mean, interval })),
    best: chances.find(({ variation }) => variation.variation_id === 43)?.best ?? Number.NaN,
    share: await shareUnder('thompson'),
  }
}

const many = <One>(count: number, one: (index: number) => One): One[] =>
  Array.from({ length: count }, (_, index) => one(index))
const four = '203.0.113.7'
const ofNetwork = (index: number) =>
  `2001:db8:1:2:${((index * 7919) % 65_536).toString(16)}::${(index + 1).toString(16)}`
const elsewhere = (index: number) => `${20 + index}.51.100.9`

/**
 * What is added to the text's last send, and what becomes of it. The same figures stand in
 * src/lib/classify/addresses.md.
 */
type Effect = { human: number; clickers: number; best: number; share: number }

test.each<[string, Request[], Effect]>([
  [
    'one address that asks not to be kept, 577 times',
    many(577, () => ({ address: four, agent: 140, gpc: true })),
    { human: 577, clickers: 1, best: 0, share: 0.03 },
  ],
  [
    'one address, 577 times, each with another browser',
    many(577, (index) => ({ address: four, agent: 100 + index })),
    { human: 5, clickers: 5, best: 0, share: 0.03 },
  ],
  [
    'the same, asking not to be kept',
    many(577, (index) => ({ address: four, agent: 100 + index, gpc: true })),
    { human: 5, clickers: 5, best: 0, share: 0.03 },
  ],
  [
    'one network of 64 bits, 577 addresses of it, each with another browser',
    many(577, (index) => ({ address: ofNetwork(index), agent: 100 + index })),
    { human: 5, clickers: 5, best: 0, share: 0.03 },
  ],
  [
    'one network of 64 bits, 577 addresses of it, with one browser',
    many(577, (index) => ({ address: ofNetwork(index), agent: 140 })),
    { human: 577, clickers: 1, best: 0, share: 0.03 },
  ],
  [
    'a company of 500 with 20 kinds of browser behind one address',
    many(500, (index) => ({ address: four, agent: 100 + (index % 20), after: 4_000 })),
    { human: 125, clickers: 5, best: 0, share: 0.03 },
  ],
  [
    'a botnet of 10 addresses with 10 browsers each',
    many(100, (index) => ({ address: elsewhere(index % 10), agent: 100 + Math.floor(index / 10) })),
    { human: 50, clickers: 50, best: 0, share: 0.03 },
  ],
  [
    'a botnet of 50 addresses with 10 browsers each',
    many(500, (index) => ({ address: elsewhere(index % 50), agent: 100 + Math.floor(index / 50) })),
    { human: 250, clickers: 250, best: 0, share: 0.03 },
  ],
  [
    'a botnet of 50 addresses with 5 browsers each, which is no crowd yet',
    many(250, (index) => ({ address: elsewhere(index % 50), agent: 100 + Math.floor(index / 50) })),
    { human: 250, clickers: 250, best: 0.15, share: 0.1 },
  ],
])('%s', async (_, requests, effect) => {
  const before = await standing()
  expect(before).toMatchObject({ human: 25, clickers: 25 })
  expect([before.best, before.share].map(rounded)).toEqual([0, 0.03])
  await attack(requests)
  const after = await standing()
  expect({
    human: after.human - before.human,
    clickers: after.clickers - before.clickers,
    best: rounded(after.best),
    share: rounded(after.share),
  }).toEqual(effect)
})

const rounded = (share: number): number => Math.round(share * 100) / 100

test('human clicks are visits, so that one visitor moves ctr_weighted, by as little as that learns', async () => {
  expect(rounded(await shareUnder('ctr_weighted'))).toBe(0.5)
  await attack(many(577, () => ({ address: four, agent: 140 })))
  expect(rounded(await shareUnder('ctr_weighted'))).toBe(0.51)
  expect(rounded(await shareUnder('thompson'))).toBe(0.03)
})

/**
 * The same addresses on all sends, month after month, `visits` times on those of the worse text and `others`
 * times on the rest.
 */
async function patience(addresses: number, visits: number, others: number): Promise<void> {
  const clicks: Click[] = []
  for (let send = 0; send < 2 * sends; send += 1) {
    const at = begin + send * day + 2 * hour
    const variation_id = send % 2 === 0 ? 42 : 43
    const own = variation_id === 43 ? visits : others
    for (let address = 0; address < addresses; address += 1) {
      const address_hash = `${100_000 + address}a`
      for (let visit = 0; visit < own; visit += 1)
        clicks.push(
          aClick({
            at: at + visit * 30_000 + address,
            variation_id,
            ip_hash: aHash(1e6 + address),
            address_hash,
          }),
        )
    }
  }
  await recordClicks(tested.sql, clicks)
  await settle(database, { age: 0 })
}

test.each([
  [1, 300, 0, 1.1],
  [1, 300, 150, 1.1],
  [10, 60, 30, 4],
])(
  '%i patient addresses with %i visits and %i others: no text gains on another',
  async (addresses, visits, others, most) => {
    const before = await standing()
    await patience(addresses, visits, others)
    const after = await standing()
    expect([after.best, after.share].map(rounded)).toEqual([0, 0.03])
    const ratio = (rates: (typeof before)['rates']) => (rates[1]?.mean ?? 0) / (rates[0]?.mean ?? 1)
    expect(ratio(after.rates)).toBeCloseTo(ratio(before.rates), 1)
    expect(after.rates[0]?.mean).toBeLessThan(most * (before.rates[0]?.mean ?? 0))
  },
)

/** Two instances on one database count a visitor without a hash twice, and one with a hash once. */
test('each instance counts an address again only if nothing of its visitors is stored', async () => {
  const before = await standing()
  const requests = (gpc: boolean) => many(20, (index) => ({ address: four, agent: 100 + index, gpc }))
  await attack(requests(true))
  await attack(requests(true))
  expect((await standing()).clickers - before.clickers).toBe(10)
  await attack(requests(false))
  await attack(requests(false))
  expect((await standing()).clickers - before.clickers).toBe(15)
})
