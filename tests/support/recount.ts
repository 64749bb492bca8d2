import { daysBefore, daysBetween } from '../../src/lib/base/days.ts'
import { classifyReferrer, referrerClasses } from '../../src/lib/classify/referrer.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import type { ReportQuery } from '../../src/lib/model/report-query.ts'
import { spanStarts } from '../../src/lib/reports/read-evidence.ts'

const hour = 3_600_000

export type RawClick = {
  id: string
  at: number
  offer_id: number
  variation_id: number
  verdict: string
  reason: string
  ip_hash: string | null
  newcomer: boolean | null
  device: string | null
  browser: string | null
  os: string | null
  referrer: string | null
}
export type RawImpression = {
  id: number
  at: number
  offer_id: number
  variation_id: number
  recipients: number
  send: string | null
  newsletter: string
}
export type RawEvents = { clicks: RawClick[]; impressions: RawImpression[] }

/** The rows that all sums are made of. */
export async function readRawEvents(sql: Sql): Promise<RawEvents> {
  const clicks = await sql<RawClick[]>`
    select event_id as id, extract(epoch from clicked_at)::float8 * 1000 as at, offer_id, variation_id, verdict,
      reason, ip_hash, newcomer,
      device, browser, os, referrer
    from promo_click_tracking
    union all
    select event_id, extract(epoch from clicked_at)::float8 * 1000, offer_id, variation_id, 'machine', reason, null,
      null,
      null, null, null, null
    from promo_surplus_clicks, generate_series(1, clicks)
    order by at, id
  `
  const impressions = await sql<RawImpression[]>`
    select id::integer, extract(epoch from tracked_at)::float8 * 1000 as at, offer_id, variation_id, recipients,
      newsletter_send_id as send, newsletter
    from promo_impression_tracking order by tracked_at, id
  `
  return { clicks: [...clicks], impressions: [...impressions] }
}

type Local = { day: string; weekday: number; hour: number }

/** An hour of UTC belongs to the local day and hour in which it begins. */
function localOf(at: number, tz: string): Local {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: tz,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(Math.floor(at / hour) * hour)
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? ''
  const day = `${part('year')}-${part('month')}-${part('day')}`
  return { day, weekday: new Date(day).getUTCDay() || 7, hour: Number(part('hour')) }
}

const utcDay = (at: number) => new Date(at).toISOString().slice(0, 10)
const groups = <Row>(rows: readonly Row[], key: (row: Row) => unknown): Row[][] => [
  ...Map.groupBy(rows, (row) => JSON.stringify(key(row))).values(),
]
/** The row of each group that comes first in time. */
const firsts = <Row>(rows: readonly Row[], key: (row: Row) => unknown): Row[] =>
  groups(rows, key).flatMap((own) => own.slice(0, 1))
const people = <Row extends { verdict: string }>(clicks: readonly Row[]) =>
  clicks.filter(({ verdict }) => verdict === 'human')
const counts = (clicks: readonly RawClick[]) => ({
  clicks: clicks.length,
  human_clicks: people(clicks).length,
})

/** The sums of everything that the events of a period say, and the visitors that were new in it. */
function sumsOf(
  clicks: readonly RawClick[],
  impressions: readonly RawImpression[],
  newcomers: ReadonlySet<string>,
) {
  const of = (verdict: string) => clicks.filter((one) => one.verdict === verdict).length
  return {
    impressions: impressions.reduce((sum, { recipients }) => sum + recipients, 0),
    ...counts(clicks),
    machine_clicks: of('machine'),
    duplicate_clicks: of('duplicate'),
    uncertain_clicks: people(clicks).filter(({ reason }) => reason !== 'none').length,
    unique_clicks: clicks.filter(({ id }) => newcomers.has(id)).length,
  }
}

/** A click belongs to the newest send of its variation that was before it. */
const sendOf = ({ impressions }: RawEvents, { variation_id, at }: RawClick) =>
  impressions.findLast((one) => one.send !== null && one.variation_id === variation_id && one.at <= at)

/** The sends with what belongs to them. */
export function recountSends({ clicks, impressions }: RawEvents) {
  const sends = impressions.filter(({ send }) => send !== null)
  const owned = clicks.map((click) => ({ ...click, send: sendOf({ clicks, impressions }, click)?.id }))
  return sends.map((send) => {
    const own = owned.filter((click) => click.send === send.id)
    const spanOf = ({ at }: RawClick) => spanStarts.findLast((start) => start <= (at - send.at) / hour)
    const known = people(own).filter(({ ip_hash }) => ip_hash !== null)
    return {
      ...send,
      ...counts(own),
      clickers:
        people(own).filter(({ ip_hash, newcomer }) => ip_hash === null && newcomer !== false).length +
        firsts(known, ({ ip_hash }) => ip_hash).length,
      by_hours: spanStarts.map((hours) => ({
        hours,
        ...counts(own.filter((click) => spanOf(click) === hours)),
      })),
    }
  })
}

/** Counts naively, from raw events, everything that a report says. */
export function recount(
  all: RawEvents,
  query: Pick<ReportQuery, 'start' | 'end' | 'tz' | 'offer_id' | 'variation_id' | 'newsletter'>,
) {
  const wanted = <Row extends { offer_id: number; variation_id: number; at: number }>(rows: readonly Row[]) =>
    rows
      .filter(
        ({ offer_id, variation_id }) =>
          (query.offer_id ?? offer_id) === offer_id && (query.variation_id ?? variation_id) === variation_id,
      )
      .map((row) => ({ ...row, ...localOf(row.at, query.tz) }))
  const newsletterOf = (click: RawClick) => sendOf(all, click)?.newsletter ?? ''
  const asked =
    query.newsletter === undefined
      ? all.clicks
      : all.clicks.filter((one) => newsletterOf(one) === query.newsletter)
  const clicks = wanted(asked)
  const impressions = wanted(
    all.impressions.filter(({ newsletter }) => newsletter === (query.newsletter ?? newsletter)),
  )
  const hashed = people(asked).filter(({ ip_hash }) => ip_hash !== null)
  const unkept = people(asked).filter(({ ip_hash, newcomer }) => ip_hash === null && newcomer === true)
  const newcomers = new Set(
    [
      ...firsts(hashed, ({ ip_hash, variation_id, at }) => [
        ip_hash,
        variation_id,
        query.newsletter === undefined ? '' : utcDay(at).slice(0, 7),
      ]),
      ...unkept,
    ].map(({ id }) => id),
  )
  const days = [...clicks, ...impressions].map(({ day }) => day).filter((day) => day <= query.end)
  const start = query.start ?? days.sort()[0] ?? query.end
  const within = (from: string, to: string) => {
    const holds = ({ day }: { day: string }) => day >= from && day <= to
    return { clicks: clicks.filter(holds), impressions: impressions.filter(holds) }
  }
  const inside = within(start, query.end)
  const length = daysBetween(start, query.end)
  const before = within(daysBefore(start, length + 1), daysBefore(start, 1))
  const sumsBy = <Key>(key: (row: (RawClick & Local) | (RawImpression & Local)) => Key) => {
    const keys = new Set([...inside.clicks, ...inside.impressions].map(key))
    return new Map(
      [...keys].map((one) => [
        one,
        sumsOf(
          inside.clicks.filter((row) => key(row) === one),
          inside.impressions.filter((row) => key(row) === one),
          newcomers,
        ),
      ]),
    )
  }
  const step = Math.max(1, Math.floor((length + 26) / 26))
  const bucket = ({ day }: Local) => daysBefore(start, -Math.floor(daysBetween(start, day) / step) * step)
  /** Different visitors of days of UTC, each once a calendar month. */
  const peopleIn = (from: string | undefined, to: string, holds: (click: RawClick) => boolean) => {
    const own = clicks.filter((one) => holds(one) && one.verdict === 'human' && one.ip_hash !== null)
    const days = own.map(({ ip_hash, at }) => ({ ip_hash, day: utcDay(at) }))
    const inside = days.filter(({ day }) => day <= to && day >= (from ?? day))
    return new Set(inside.map(({ ip_hash, day }) => `${day.slice(0, 7)} ${ip_hash}`)).size
  }
  const sparks = sumsBy((row) => `${row.variation_id} ${bucket(row)}`)
  /** Breakdowns follow UTC days. */
  const told = clicks.filter(
    ({ at }) => utcDay(at) <= query.end && (query.start === undefined || utcDay(at) >= query.start),
  )
  const shares = (pick: (click: RawClick) => string, of = told) =>
    groups(of, pick)
      .map((own) => ({ value: own[0] ? pick(own[0]) : '', ...counts(own) }))
      .sort((a, b) => b.clicks - a.clicks || (a.value < b.value ? -1 : 1))
  return {
    first_day: start,
    summary: sumsOf(inside.clicks, inside.impressions, newcomers),
    previous: query.start === undefined ? null : sumsOf(before.clicks, before.impressions, newcomers),
    people: (holds: (click: RawClick) => boolean = () => true) => peopleIn(query.start, query.end, holds),
    people_before: peopleIn(daysBefore(start, length + 1), daysBefore(start, 1), () => true),
    by_offer: sumsBy(({ offer_id }) => offer_id),
    by_variation: sumsBy(({ variation_id }) => variation_id),
    timeline: [...sumsBy(({ day }) => day)]
      .map(([date, sums]) => ({ date, ...sums }))
      .sort((a, b) => b.date.localeCompare(a.date)),
    sparklines: [...sparks]
      .map(([key, { impressions, clicks, human_clicks }]) => {
        const [id, date = ''] = key.split(' ')
        return { date, variation_id: Number(id), impressions, clicks, human_clicks }
      })
      .sort((a, b) => a.variation_id - b.variation_id || a.date.localeCompare(b.date)),
    heatmap: groups(inside.clicks, ({ weekday, hour }) => [weekday, hour])
      .map((own) => ({ weekday: own[0]?.weekday ?? 0, hour: own[0]?.hour ?? 0, ...counts(own) }))
      .sort((a, b) => a.weekday - b.weekday || a.hour - b.hour),
    devices: {
      device: shares(({ device }) => device ?? 'unknown'),
      browser: shares(({ browser }) => browser ?? 'unknown'),
      os: shares(({ os }) => os ?? 'unknown'),
    },
    referrers: shares(({ referrer }) => referrer ?? 'none', people(told)),
    referrer_classes: referrerClasses
      .map((value) => ({
        value,
        ...counts(people(told).filter(({ referrer }) => classifyReferrer(referrer).class === value)),
      }))
      .filter(({ clicks }) => clicks > 0),
    reasons: shares(({ reason }) => reason).flatMap(({ value }) =>
      ['human', 'machine', 'duplicate']
        .map((verdict) => ({
          value,
          verdict,
          ...counts(told.filter((click) => click.reason === value && click.verdict === verdict)),
        }))
        .filter(({ clicks }) => clicks > 0),
    ),
    sends: recountSends(all)
      .filter(({ id }) => inside.impressions.some((impression) => impression.id === id))
      .reverse(),
  }
}
