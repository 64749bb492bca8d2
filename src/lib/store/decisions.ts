import type { Sql } from './database.ts'

/** Which variation was chosen for a send, how, and how probable it was. */
export type Decision = { offer_id: number; variation_id: number; strategy: string; probability: number }

export const findDecision = (sql: Sql, send: string) => sql<Decision[]>`
  select offer_id, variation_id, strategy, probability from promo_decisions where newsletter_send_id = ${send}
`

/**
 * Keeps a decision for a send that has none, or whose decision is for the variation `replaces`, which may no longer be
 * shown. Answers nothing where another decision stands.
 */
export const keepDecision = (sql: Sql, send: string, decision: Decision, replaces: number | null) => sql<
  Decision[]
>`
  insert into promo_decisions as standing (newsletter_send_id, offer_id, variation_id, strategy, probability)
  values (${send}, ${decision.offer_id}, ${decision.variation_id}, ${decision.strategy}, ${decision.probability})
  on conflict (newsletter_send_id) do update set
    offer_id = excluded.offer_id,
    variation_id = excluded.variation_id,
    strategy = excluded.strategy,
    probability = excluded.probability,
    decided_at = now()
  where standing.variation_id = ${replaces}
  returning offer_id, variation_id, strategy, probability
`
