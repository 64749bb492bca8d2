import * as v from 'valibot'
import type { Database } from '../database/database.ts'
import type { Answer } from '../http/answer.ts'
import { listSendNews, type News, type SendNews, wantedEvents } from '../store/webhooks.ts'
import type { EventData } from './events.ts'
import { newsOf, raise } from './raise.ts'

/** A text that is a confirmed winner, or an offer that has none. */
export type OfferNews = {
  offer_id: number
  winner?: {
    variation_id: number
    text: string
    probability_best: number
    smoothed_ctr: number
    sends: number
  }
}

const hour = 3_600_000
/** Hours after which nearly all clicks of a send have arrived. */
const judgedAfter = 72
/** Hours for which news about sends is still sought, in case the site was down. */
const lookedBack = 48
/** Milliseconds between two checks of the statistics, which are more expensive. */
const winnersEvery = 600_000
/** Seconds after which a fault that returns counts as a new one. */
const [degradedQuiet, brokenQuiet] = [600, 86_400]

const leftOut = <Entries extends v.ObjectEntries>(key: Entries) =>
  v.optional(v.array(v.object({ ...key, reason: v.string() })), [])

/** What is read from health: its reasons, and what was left out. */
const healthReport = v.object({
  reasons: v.optional(v.array(v.string()), []),
  links_left_out: leftOut({ slug: v.string() }),
  links_at_fault: leftOut({ source: v.picklist(['table', 'strapi']), slug: v.string() }),
  strapi: v.optional(v.object({ left_out: leftOut({ entry: v.string() }) }), { left_out: [] }),
})

type SeenHealth = v.InferOutput<typeof healthReport>

/**
 * Looks for news for webhooks. Every instance does so; what several see is sent once. Without any webhook nothing else
 * is checked.
 */
export function createWatch(parts: {
  database: Database
  readHealth: () => Promise<Answer>
  readWinners: () => Promise<readonly OfferNews[]>
  observationMinutes: number
  /** Milliseconds since 1970. */
  now: () => number
}): { step(): Promise<void> } {
  const { database, readHealth, readWinners, observationMinutes, now } = parts
  let wanted: ReadonlySet<string> = new Set()
  let winnersAt = Number.NEGATIVE_INFINITY
  /** Since when each fault has existed; kept until it could be reported, since that takes the database. */
  const degraded = new Map<string, number>()

  const ofHealth = (report: SeenHealth): News[] => {
    for (const reason of report.reasons) if (!degraded.has(reason)) degraded.set(reason, now())
    const broken: EventData<'link.broken'>[] = [
      ...report.links_left_out.map(({ slug, reason }) => ({ source: 'table' as const, link: slug, reason })),
      ...report.strapi.left_out.map(({ entry, reason }) => ({
        source: 'strapi' as const,
        link: entry,
        reason,
      })),
      ...report.links_at_fault.map(({ source, slug, reason }) => ({ source, link: slug, reason })),
    ]
    return [
      ...[...degraded].map(([reason, since]) =>
        newsOf({
          type: 'tracking.degraded',
          subject: reason,
          at: now(),
          quiet: degradedQuiet,
          data: { reason, since: new Date(since).toISOString() },
        }),
      ),
      ...byLink(broken).map((data) =>
        newsOf({
          type: 'link.broken',
          subject: `${data.source} ${data.link}`,
          state: data.reason,
          at: now(),
          quiet: brokenQuiet,
          data,
        }),
      ),
    ]
  }

  const forgetResolved = (reasons: readonly string[]): void => {
    for (const reason of degraded.keys()) if (!reasons.includes(reason)) degraded.delete(reason)
  }

  const ofSends = async (): Promise<News[]> => {
    const settled = judgedAfter + observationMinutes / 60 + 0.1
    const reported = await listed('send.reported', { from: 0, to: lookedBack })
    const judged = await listed('send.judged', { from: settled, to: settled + lookedBack })
    return [
      ...reported.map((send) => {
        const { clicks: _, human_clicks: __, clickers: ___, ...data } = dataOf(send)
        return newsOf({
          type: 'send.reported',
          subject: subjectOf(send),
          state: `${send.recipients}`,
          at: send.sent_at,
          data,
        })
      }),
      ...judged.map((send) =>
        newsOf({
          type: 'send.judged',
          subject: subjectOf(send),
          at: send.sent_at + judgedAfter * hour,
          data: dataOf(send),
        }),
      ),
    ]
  }
  const listed = async (type: string, ages: { from: number; to: number }): Promise<readonly SendNews[]> => {
    const read = wanted.has(type) ? await database.run((sql) => listSendNews(sql, ages)) : undefined
    return read?.ok ? read.value : []
  }

  const ofWinners = async (): Promise<News[]> => {
    if (!wanted.has('winner.confirmed') || Math.abs(now() - winnersAt) < winnersEvery) return []
    winnersAt = now()
    return (await readWinners()).map(({ offer_id, winner }) => {
      const news = { subject: `${offer_id}`, state: `${winner?.variation_id ?? ''}`, at: now() }
      return winner
        ? newsOf({ type: 'winner.confirmed', ...news, data: { offer_id, ...winner } })
        : {
            ...news,
            type: 'winner.confirmed',
            subject: `winner.confirmed ${offer_id}`,
            quiet: null,
            data: null,
          }
    })
  }

  return {
    async step() {
      const read = await database.run(wantedEvents)
      if (read.ok) wanted = new Set(read.value.map(({ type }) => type))
      if (wanted.size === 0) return
      const report = v.safeParse(healthReport, JSON.parse(`${(await readHealth()).body}`))
      const news = [
        ...(report.success ? ofHealth(report.output) : []),
        ...(await ofSends()),
        ...(await ofWinners()),
      ].filter(({ type }) => wanted.has(type))
      const raised = await raise(database, news)
      // Otherwise the database is unavailable, and the next check reports it.
      if (raised.ok) forgetResolved(report.success ? report.output.reasons : [])
    },
  }
}

/** One for each link, with all that is wrong with it: a subject is raised once at a time. */
const byLink = (broken: readonly EventData<'link.broken'>[]): EventData<'link.broken'>[] =>
  [...Map.groupBy(broken, ({ source, link }) => `${source} ${link}`).values()].flatMap((same) =>
    same.slice(0, 1).map((first) => ({ ...first, reason: same.map(({ reason }) => reason).join('; ') })),
  )

const subjectOf = ({ newsletter_send_id, variation_id }: SendNews): string =>
  `${newsletter_send_id} ${variation_id}`

const dataOf = ({ sent_at, ...send }: SendNews) => ({ ...send, sent_at: new Date(sent_at).toISOString() })
