import { expect } from 'vitest'
import { hashOfSecret } from '../../src/lib/conversions/postback.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { savePostback } from '../../src/lib/store/postbacks.ts'
import { clickIdOf } from '../../src/lib/tracking/click-id.ts'
import { findConversionDrift } from '../support/conversions.ts'
import { findDrift } from '../support/database.ts'
import { expectDocumented } from '../support/documented.ts'
import { aClick } from '../support/events.ts'
import { type LoadAnswer, type LoadOptions, type LoadResult, runLoad } from '../support/load.ts'
import { recordClicks } from '../support/record.ts'
import type { SiteProcess } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'

/**
 * `visit`: GET of the promo link; `report`: POST track-click; `impression`: POST track-impression; `sale`: POST
 * track-conversion of a text; `postback`: GET postback of a click.
 */
export type Kind = 'visit' | 'report' | 'impression' | 'sale' | 'postback'

/** Every event under a name of its own, so that each of them can be looked for and not only their number. */
export type Ledger = {
  sent: Set<string>
  answered: Set<string>
  /** Answers that promise nothing and that no test here expects. */
  strange: LoadAnswer[]
  /** Names what was answered from this moment on, in Unix milliseconds. */
  answeredSince(moment: number): Set<string>
  /**
   * This site's log counts: where the disk took longer than a site waits for it, on a machine that is slow, what it
   * answered since was perhaps only in memory, or declined.
   */
  watch(site: Pick<SiteProcess, 'log'>): void
  /** When that was first so, in Unix milliseconds; infinite if it never was. */
  slowSince(): number
  load(kind: Kind, options: Omit<LoadOptions, 'request'>): Promise<LoadResult>
}

/** `base` is the path below which the site lies. */
export function createLedger(base = ''): Ledger {
  const sent = new Set<string>()
  const answered = new Set<string>()
  const strange: LoadAnswer[] = []
  const times = new Map<string, number>()
  const watched = new Set<Pick<SiteProcess, 'log'>>()
  const validated = new Set<string>()
  let runs = 0
  return {
    sent,
    answered,
    strange,
    answeredSince: (moment) => new Set([...times].filter(([, time]) => time >= moment).map(([name]) => name)),
    watch: (site) => void watched.add(site),
    slowSince: () => Math.min(...[...watched].flatMap(({ log }) => hangsIn(log))),
    load(kind, { onAnswer, ...options }) {
      runs += 1
      const run = `${kind}-${runs}`
      const nameOf = (n: number) => `${run}-${n}`
      return runLoad({
        ...options,
        request(n) {
          sent.add(nameOf(n))
          return requestOf[kind](nameOf(n), base)
        },
        onAnswer(answer) {
          // The first answer with each status is enough.
          const { status, head, body } = answer
          if (!validated.has(`${kind} ${status}`)) {
            const [method = '', path = ''] = requestOf[kind]('any', '').split(' ')
            expectDocumented({ method, path }, { status, headers: headersOf(head), body })
            validated.add(`${kind} ${status}`)
          }
          if (isPromise(kind, answer)) {
            answered.add(nameOf(answer.n))
            times.set(nameOf(answer.n), Date.now())
          } else strange.push(answer)
          onAnswer?.(answer)
        },
      })
    },
  }
}

const hangsIn = (log: readonly string[]): number[] =>
  log.flatMap((line) => {
    const time = /"time":(\d+),"fault":"hangs"/.exec(line)?.[1]
    return time === undefined ? [] : [Number(time)]
  })

const secret = 'a-secret-of-the-network'
const sold = aClick({ at: Date.now(), user_agent: userAgentOf('sold') })

/** What `postback` needs: a secret, and the click that all of them belong to. */
export async function allowPostbacks(sql: Sql, ledger: Ledger): Promise<void> {
  await savePostback(sql, 'nocodemba', { source: 'awin', secret_hash: hashOfSecret(secret), parameters: {} })
  await recordClicks(sql, [sold])
  ledger.sent.add('sold')
}

export function userAgentOf(name: string): string {
  return `Mozilla/5.0 (test) ${name}`
}

const requestOf: Record<Kind, (name: string, base: string) => string> = {
  visit: (name, base) =>
    `GET ${base}/nocodemba?promo_var=42 HTTP/1.1\r\nHost: site.test\r\nUser-Agent: ${userAgentOf(name)}\r\n\r\n`,
  report: (name, base) => post(base, 'track-click', { variation_id: 43, user_agent: userAgentOf(name) }),
  impression: (name, base) =>
    post(base, 'track-impression', {
      offer_id: 4,
      variation_id: 42,
      newsletter_send_id: name,
      recipients: 10,
    }),
  sale: (name, base) =>
    post(base, 'track-conversion', { external_id: name, variation_id: 42, amount: '12.5', currency: 'EUR' }),
  postback: (name, base) => {
    const sale = { external_id: name, click_id: clickIdOf(sold.event_id), amount: '0.1', currency: 'EUR' }
    const query = new URLSearchParams({ link: 'nocodemba', secret, ...sale })
    return `GET ${base}/api/v1/promo/postback?${query} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  },
}

function post(base: string, endpoint: string, fields: Record<string, unknown>): string {
  const body = JSON.stringify(fields)
  const head = `POST ${base}/api/v1/promo/${endpoint} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n`
  return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

const headersOf = (head: string): Record<string, string> =>
  Object.fromEntries(
    [...head.matchAll(/^([\w-]+): *(.*)$/gm)].map(([, name, value]) => [name, value?.trim()]),
  )

/** Whether the site has taken the event upon itself with this answer. */
function isPromise(kind: Kind, { status, body }: LoadAnswer): boolean {
  if (kind === 'visit') return status === 307
  return status === (kind === 'postback' ? 200 : 204) || (status === 503 && /"queued": ?true/.test(body))
}

/**
 * Every answered event is in the database once; one without an answer may be there once; nothing else is;
 * counters and rollups agree with the rows. No visit is taken for a page's own request, which would be another
 * way through the rules.
 */
export async function expectExactlyOnce(sql: Sql, ledger: Ledger): Promise<void> {
  const rows = await sql<{ name: string; times: number }[]>`
    select substr(user_agent, 20) as name, count(*)::integer as times from promo_click_tracking group by 1
    union all
    select newsletter_send_id, count(*)::integer from promo_impression_tracking group by 1
    union all
    select external_id, count(*)::integer from promo_conversions group by 1
  `
  const [own] = await sql<{ clicks: number }[]>`
    select count(*)::integer as clicks from promo_click_tracking where reason = 'not_navigation'
  `
  const times = new Map(rows.map((row) => [row.name, row.times]))
  const slowSince = ledger.slowSince()
  const onlyInMemory = ledger.answeredSince(slowSince)
  const declined = ({ body }: LoadAnswer) => slowSince < Date.now() && /"queued": ?false/.test(body)
  expect({
    strange: ledger.strange.filter((answer) => !declined(answer)).slice(0, 3),
    missing: [...ledger.answered].filter((name) => !times.has(name) && !onlyInMemory.has(name)),
    doubled: rows.filter((row) => row.times > 1),
    foreign: rows.filter(({ name }) => !ledger.sent.has(name)),
    noVisits: own?.clicks,
    drift: await findDrift(sql),
  }).toEqual({ strange: [], missing: [], doubled: [], foreign: [], noVisits: 0, drift: [] })
}

/** The same of conversions, which are counted a moment after they were recorded. */
export async function expectSalesExactlyOnce(sql: Sql, ledger: Ledger): Promise<void> {
  await waitFor(
    async () =>
      expect([...(await sql`select external_id from promo_conversions where counted_on is null`)]).toEqual(
        [],
      ),
    100,
  )
  await expectExactlyOnce(sql, ledger)
  expect(await findConversionDrift(sql)).toEqual([])
  expect([...ledger.answered].filter((name) => name.startsWith('sale'))).not.toEqual([])
  expect([...ledger.answered].filter((name) => name.startsWith('postback'))).not.toEqual([])
}
