import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'
import type { Strategy } from '../model/selection.ts'
import type { Likeness } from '../stats/levels.ts'

/** Which variation was chosen for a segment of a send, how, and with which probability. */
export type Decision = {
  segment: number
  offer_id: number
  variation_id: number
  strategy: Strategy
  probability: number
  /** Its goal, if that was not clicks. */
  goal: 'revenue' | null
}

/** The input of a decision; with strategy and seed it gives the same choice again. */
export type Basis = {
  /** Whether it was drawn by base weight alone. */
  by_weight: boolean
  /** Share of sends that are drawn that way. */
  floor: number
  /** Variations that the send's other segments had. */
  taken: number[]
  /** What was known of each variation, packed by `selection/basis.ts`: storing thousands of values would take long. */
  offers: string
  arms: string
  /** The goal of a learning strategy; clicks without it. */
  goal?: 'revenue'
  /** The value of clicks; null if nothing was known of it, so that clicks decided. */
  worth?: { currency: string; click: number; levels: readonly Likeness[] } | null
}

/** The goal of a decision. */
const goalOf = (sql: Sql, basis: string) =>
  sql`case when jsonb_typeof(${sql(basis)} -> 'worth') = 'object' then 'revenue' end as goal`

/** A stored decision with its newsletter, and whether its send was reported: then it is history. */
export type StandingDecision = Decision & { newsletter: string; reported: boolean }

/** The decisions for the first `segments` segments of a send. */
export const findDecisions = (sql: Sql, send: string, segments: number) => sql<StandingDecision[]>`
  select segment, offer_id, variation_id, strategy, probability, newsletter, ${goalOf(sql, 'basis')},
    ${isReported(sql, send)} as reported
  from promo_decisions
  where newsletter_send_id = ${send} and segment <= ${segments}
  order by segment
`

const isReported = (sql: Sql, send: string) =>
  sql`exists (select from promo_impression_tracking where newsletter_send_id = ${send})`

/**
 * Stores decisions for segments that have none, or whose variation is among `replaced`, which may no longer be shown,
 * unless the send was reported. Returns those that were stored: existing decisions stay. A variation that another
 * segment got in the meantime is a conflict.
 */
export const keepDecisions = (
  sql: Sql,
  { send, newsletter }: { send: string; newsletter: string },
  decisions: readonly (Omit<Decision, 'goal'> & { seed: number; basis: Basis })[],
  replaced: readonly number[],
) => sql<Decision[]>`
  insert into promo_decisions as standing
    (newsletter_send_id, newsletter, segment, offer_id, variation_id, strategy, probability, seed, basis)
  select ${send}, ${newsletter}, segment, offer_id, variation_id, strategy, probability, seed, basis
  from json_to_recordset(${JSON.stringify(decisions)}::text::json) as d (
    segment smallint, offer_id integer, variation_id integer, strategy text, probability double precision, seed bigint,
    basis jsonb
  )
  order by segment
  on conflict (newsletter_send_id, segment) do update set
    newsletter = excluded.newsletter,
    offer_id = excluded.offer_id,
    variation_id = excluded.variation_id,
    strategy = excluded.strategy,
    probability = excluded.probability,
    seed = excluded.seed,
    basis = excluded.basis,
    decided_at = now()
  where standing.variation_id = any(${arrayLiteral(replaced, (id) => id)}::integer[]) and not ${isReported(sql, send)}
  returning segment, offer_id, variation_id, strategy, probability, ${goalOf(sql, 'standing.basis')}
`

/** A decision with everything that led to it; decisions of earlier versions have no seed and no basis. */
export type ExplainedDecision = Omit<Decision, 'goal'> & {
  /** ISO 8601, UTC. */
  decided_at: string
  /** Empty for the one without a name. */
  newsletter: string
  /** Whether the send was reported to have shown it; null if the send was not reported at all. */
  shown: boolean | null
  seed: number | null
  basis: Basis | null
  offer_name: string
  text_content: string
}

export const explainDecisions = (sql: Sql, send: string) => sql<ExplainedDecision[]>`
  select d.segment, d.offer_id, d.variation_id, d.strategy, d.probability, d.newsletter,
    d.seed::double precision as seed, d.basis,
    to_char(d.decided_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as decided_at,
    o.name as offer_name, v.text_content, (
      select bool_or(i.variation_id = d.variation_id) from promo_impression_tracking i
      where i.newsletter_send_id = ${send}
    ) as shown
  from promo_decisions d
  join promo_offers o on o.id = d.offer_id
  join promo_text_variations v on v.id = d.variation_id
  where d.newsletter_send_id = ${send}
  order by d.segment
`

/** What a send was reported to have shown without a decision for it. */
export type UndecidedReport = {
  offer_id: number
  variation_id: number
  offer_name: string
  newsletter: string
  recipients: number
  /** ISO 8601, UTC. */
  tracked_at: string
}

export const listUndecidedReports = (sql: Sql, send: string) => sql<UndecidedReport[]>`
  select i.offer_id, i.variation_id, o.name as offer_name, i.newsletter, i.recipients,
    to_char(i.tracked_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as tracked_at
  from promo_impression_tracking i
  join promo_offers o on o.id = i.offer_id
  where i.newsletter_send_id = ${send} and not exists (
    select from promo_decisions d where d.newsletter_send_id = ${send} and d.variation_id = i.variation_id
  )
  order by i.id
`

/** Which decision led to a variation in a send. */
export type SentDecision = Omit<Decision, 'offer_id'> & { newsletter_send_id: string }

/** The decisions for these sends. A variation that a send showed without being chosen has none. */
export const listDecisions = (sql: Sql, sends: readonly string[]) => sql<SentDecision[]>`
  select newsletter_send_id, segment, variation_id, strategy, probability, ${goalOf(sql, 'basis')}
  from promo_decisions
  where newsletter_send_id = any(${arrayLiteral(sends, (send) => send)}::text[])
  order by newsletter_send_id, segment
`
