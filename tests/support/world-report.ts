import type { Report } from '../../src/lib/model/report.ts'
import type { ReportQuery } from '../../src/lib/model/report-query.ts'
import type { Sums } from '../../src/lib/model/sums.ts'
import { buildReport } from '../../src/lib/reports/build-report.ts'
import type { JudgedEvidence } from '../../src/lib/reports/judge-evidence.ts'
import type { ReportRow } from '../../src/lib/store/reports.ts'
import { spans, type World, type WorldPart } from './random-worlds.ts'

const hour = 3_600_000

export const sentAt = ({ age }: WorldPart, now: number): number => now - Math.round((age + 0.25) * hour)
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0)

/** What the database would answer of a world's sends, as `readEvidence` takes it. */
export function evidenceOf({ offers, texts, parts }: World, now: number): string {
  const sent = texts.filter(({ id }) => parts.some(({ text }) => text === id))
  return JSON.stringify({
    texts: sent.map(({ id, offer, content, tone, length, cta, approved }) => ({
      ...{ variation_id: id, offer_id: offer, tone, length_category: length, cta_text: cta, approved },
      offer_name: offers.find((one) => one.id === offer)?.name,
      text_content: content,
      sends: parts
        .filter(({ text }) => text === id)
        .map((part) => [part.id, part.send, sentAt(part, now), part.recipients, part.newsletter]),
    })),
    spans: parts.flatMap((part) =>
      spans.map((start, span) => {
        const [first, people] = [start === 0, part.people[span] ?? 0]
        const others = first ? part.machines + part.repeats : 0
        return [part.id, start, people + others, people, people, first ? part.crowd : 0]
      }),
    ),
    crowds: parts
      .filter(({ crowd }) => crowd > 0)
      .map(({ id, crowd }) => [id, 2, crowd * 3, crowd * 2, crowd]),
    signs: parts
      .filter(({ uncertain, machines }) => uncertain + machines > 0)
      .map(({ id, uncertain, machines }) => [id, uncertain, machines >> 1]),
  })
}

const nothing: Sums = {
  ...{ impressions: 0, clicks: 0, human_clicks: 0, machine_clicks: 0 },
  ...{ duplicate_clicks: 0, uncertain_clicks: 0, unique_clicks: 0 },
}

/** All that is counted of parts, as if each click had come with its send. */
const sumsOf = (parts: readonly WorldPart[]): Sums =>
  parts.reduce((all, part) => {
    const people = sum(part.people)
    return {
      impressions: all.impressions + part.recipients,
      clicks: all.clicks + people + part.machines + part.repeats,
      human_clicks: all.human_clicks + people,
      machine_clicks: all.machine_clicks + part.machines,
      duplicate_clicks: all.duplicate_clicks + part.repeats,
      uncertain_clicks: all.uncertain_clicks + part.uncertain,
      unique_clicks: all.unique_clicks + people,
    }
  }, nothing)

/**
 * The report of a world without a database: `judged` of its evidence, and sums of the sends of the last `days`
 * days.
 */
export function worldReport(
  { offers, texts, parts }: World,
  judged: JudgedEvidence,
  query: ReportQuery,
  { begins, now }: { begins: number; now: number },
): Report {
  const inside = parts.filter(
    (part) =>
      sentAt(part, now) >= begins && (query.newsletter === undefined || part.newsletter === query.newsletter),
  )
  const row: ReportRow = {
    ...{ first_day: query.start ?? '2025-01-01', previous: null, conversions: null, send_conversions: [] },
    ...{ timeline: [], sparklines: [], heatmap: [], breakdown: [], people: [], people_before: [] },
    summary: sumsOf(inside),
    offers: offers
      .map(({ id, name, active }) => {
        const own = inside.filter(({ offer }) => offer === id)
        return {
          ...{
            offer_id: id,
            offer_name: name,
            offer_type: 'affiliate',
            active,
            shown: active || own.length > 0,
          },
          ...sumsOf(own),
        }
      })
      .filter(({ shown }) => shown),
    variations: texts.flatMap(({ id, offer, content, cta, tone, length, approved }) => {
      const own = inside.filter(({ text }) => text === id)
      const active = offers.find((one) => one.id === offer)?.active
      const shown = active || inside.some((part) => part.offer === offer)
      if (own.length === 0 && !(approved && shown)) return []
      return {
        ...{ variation_id: id, offer_id: offer, text_content: content, cta_text: cta, tone },
        ...{ length_category: length, approved },
        ...sumsOf(own),
      }
    }),
    newsletters: [...new Set(parts.map(({ newsletter }) => newsletter))].sort(),
    ...{ people_since: null, begins, ends: now + hour, settled_until: null, all_settled: true },
  }
  return buildReport(row, query, judged)
}
