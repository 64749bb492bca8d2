import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createNetworkReader } from '../../src/lib/base/address.ts'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import { bundledNetworks } from '../../src/lib/classify/scanner-networks.ts'
import type { Database } from '../../src/lib/database/database.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { settle } from '../../src/lib/operations/settle.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import { visitorHashWith } from '../../src/lib/privacy/visitor-hash.ts'
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
import { anImpression } from '../support/events.ts'
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
beforeEach(() => insertPromos(tested.sql))
afterEach(async () => {
  expect(await findDrift(tested.sql)).toEqual([])
  await emptyDatabase(tested.sql)
})

const sent = Date.UTC(2026, 2, 18, 9)
const minute = 60_000
const windows = (chrome: number) =>
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  `Chrome/${chrome}.0.0.0 Safari/537.36`
const iphone =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/26.0 Mobile/15E148 Safari/604.1'
const safari =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) ' +
  'Version/26.0 Safari/605.1.15'
const android =
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36'
const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0'
/** What readers come with: few browsers make up most of them. */
const browsers = [iphone, windows(142), android, windows(141), safari, firefox, windows(140)]
const browserOf = (index: number) => browsers[(index * index + index) % browsers.length] ?? firefox

type Request = { at: number; address: string; agent: string }

/** `count` requests, one after the other over some minutes. */
const over = (
  count: number,
  minutes: number,
  of: (index: number) => Omit<Request, 'at'>,
  from = sent,
): Request[] =>
  Array.from({ length: count }, (_, index) => ({
    ...of(index),
    at: from + Math.round((index * minutes * minute) / count),
  }))

/** Sends requests to one text through one instance and settles them; answers what became of them. */
async function verdictsOn(requests: Request[]): Promise<Record<string, number>> {
  let at = sent
  const clicks: Click[] = []
  const classifier = createClassifier({
    networks: bundledNetworks,
    duplicateSeconds: 10,
    visitorsPerAddress: 5,
  })
  classifier.noteSend(42, '2026-03-18', sent)
  const hash = visitorHashWith(Buffer.alloc(32, 7))
  const parts: ClickParts = {
    variations: rowsOf([[42, { variation_id: 42, offer_id: 4, link_slug: null, former_slugs: [] }]]),
    unchecked: { admit: () => true, judged: () => {}, overflowing: false },
    buffer: handingOver((event) => {
      if (event.kind === 'click') clicks.push(event)
    }),
    insiderOf: () => null,
    networkOf: createNetworkReader(),
    salts: { hashAt: () => hash, refresh: async () => {} },
    strangers: createStrangers(Buffer.alloc(32, 9)),
    flood: createFlood(10_000),
    surplus: () => undefined,
    agentOf: createAgentReader(),
    classifier,
    newEventId: createEventIds(),
    now: () => at,
  }
  await recordImpressions(tested.sql, [
    anImpression({ at: sent, newsletter_send_id: '2026-03-18', recipients: 10_000 }),
  ])
  for (const { at: moment, address, agent } of requests.toSorted((a, b) => a.at - b.at)) {
    at = moment
    void trackVisit(parts, {
      slug: 'desk',
      variationId: 42,
      address,
      header: (name) => (name === 'user-agent' ? agent : undefined),
    })
  }
  await recordClicks(tested.sql, clicks)
  expect(await settle(database, { age: 0 })).toMatchObject({ ok: true, value: requests.length })
  const [found] = await tested.sql<{ people: number; machines: number; duplicates: number }[]>`
    select (select sum(clickers) from promo_send_metrics)::integer as people,
      count(*) filter (where verdict = 'machine')::integer as machines,
      count(*) filter (where verdict = 'duplicate')::integer as duplicates
    from promo_click_tracking
  `
  return { ...found }
}

/** Readers at home: everybody has an address in one of many networks. */
const readers = (count: number) =>
  over(
    count,
    240,
    (index) => ({ address: `${60 + (index % 90)}.${index % 200}.${index % 250}.9`, agent: browserOf(index) }),
    sent + 20 * minute,
  )

test('Safe Links: 9,000 requests from one network in fifteen minutes, with many browsers, are no people', async () => {
  const scans = over(9_000, 15, (index) => ({
    address: `40.94.${(index * 7) % 256}.${(index * 31) % 250}`,
    agent: windows(60 + (index % 80)),
  }))
  const { people, machines } = await verdictsOn([...scans, ...readers(100)])
  expect(people).toBeGreaterThanOrEqual(100)
  expect(people).toBeLessThanOrEqual(102)
  expect(machines).toBeGreaterThanOrEqual(8_998)
})

test('a scanner beside each person: the person counts, the scanner does not', async () => {
  const people = readers(100)
  const scans = people.map(({ at }, index) => ({
    at: at - 400,
    address: `40.94.${index}.${index * 2}`,
    agent: windows(120 + (index % 9)),
  }))
  expect(await verdictsOn([...people, ...scans])).toEqual({ people: 100, machines: 100, duplicates: 0 })
})

test('one browser from 200 addresses of a cloud in fifteen minutes is a machine', async () => {
  const burst = over(200, 15, (index) => ({ address: `18.130.${index}.${index % 77}`, agent: windows(131) }))
  expect(await verdictsOn([...burst, ...readers(50)])).toMatchObject({ people: 50, machines: 200 })
})

test.each<[string, Request[]]>([
  [
    'a company of 500 behind one address',
    over(500, 20, (index) => ({ address: '203.0.113.7', agent: browserOf(index) })),
  ],
  [
    'a carrier: 600 phones behind 300 addresses of one network',
    over(600, 20, (index) => ({
      address: `100.70.${index % 100}.${index % 3}`,
      agent: index % 5 < 3 ? iphone : android,
    })),
  ],
  [
    'a relay: thousands share one Safari',
    over(900, 30, (index) => ({ address: `172.224.${index % 30}.9`, agent: index % 3 ? iphone : safari })),
  ],
  [
    'a university whose people have addresses of one network, most of them one browser',
    over(120, 20, (index) => ({
      address: `129.69.${index}.9`,
      agent: index % 4 ? windows(142) : browserOf(index),
    })),
  ],
])('people are not taken for machines: %s', async (_, requests) => {
  expect((await verdictsOn(requests)).machines).toBe(0)
})
