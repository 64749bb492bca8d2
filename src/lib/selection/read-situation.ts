import type { Clock } from '../base/clock.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { Links } from '../links/two-sources.ts'
import type { Earnings } from '../model/earnings.ts'
import type { Candidate, Goal, Strategy } from '../model/selection.ts'
import { readEarnings } from '../store/earnings.ts'
import { listSends } from '../store/evidence.ts'
import { listCandidates, type OfferCandidates } from '../store/offers.ts'
import type { Situation } from './weigh.ts'

export type SituationParts = { database: Database; links: Links; now: Clock; goal: Goal }

/**
 * Reads what a strategy needs: candidates whose link works and, for `thompson`, all sends except the named one, and
 * their revenue if that is the goal.
 */
export async function readSituation(
  { database, links, now, goal }: SituationParts,
  strategy: Strategy,
  send: string | undefined,
): Promise<Result<Omit<Situation, 'newsletter'>, DatabaseFault>> {
  const learns = strategy === 'thompson'
  const at = now()
  const [listed, sent, brought] = await Promise.all([
    database.run((sql) => listCandidates(sql, strategy === 'ctr_weighted')),
    learns ? database.run((sql) => listSends(sql, send)) : ok([]),
    learns && goal.goal === 'revenue'
      ? database.run((sql) => readEarnings(sql, goal.currency, at))
      : ok<Earnings[]>([]),
  ])
  if (!listed.ok) return listed
  if (!sent.ok) return sent
  if (!brought.ok) return brought
  const working = await withLinks(links, listed.value)
  return ok({
    candidates: working.flatMap(candidatesOf),
    sends: sent.value,
    now: at,
    earnings: brought.value[0],
  })
}

async function withLinks(links: Links, offers: readonly OfferCandidates[]): Promise<OfferCandidates[]> {
  const found = await Promise.all(offers.map(({ link_slug }) => links.get(link_slug)))
  return offers.filter((_, index) => found[index] !== undefined)
}

const candidatesOf = ({
  offer_id,
  weight,
  link_slug,
  variations,
  recipients,
  human_clicks,
}: OfferCandidates): Candidate[] =>
  variations
    .map((variation_id, index) => ({
      offer_id,
      variation_id,
      weight,
      link_slug,
      recipients: recipients[index] ?? 0,
      human_clicks: human_clicks[index] ?? 0,
    }))
    .toSorted((one, other) => one.variation_id - other.variation_id)
