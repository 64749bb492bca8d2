import type { ApiFault } from '../http/answer.ts'
import type { Destination } from '../links/destination.ts'
import type { RefreshingCache } from '../links/refreshing-cache.ts'
import type { Random } from '../random.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Database } from '../store/database.ts'
import { type Decision, findDecision, keepDecision } from '../store/decisions.ts'
import { listCandidates } from '../store/offers.ts'
import { type Candidate, choose, type Strategy } from './choose.ts'

export type SelectionParts = {
  database: Database
  links: RefreshingCache<string, Destination>
  random: Random
  siteUrl: string
}

export type SelectionRequest = { strategy: Strategy; newsletter_send_id?: string | undefined }

/** What the newsletter shows. */
export type Promo = Pick<
  Candidate,
  | 'offer_id'
  | 'offer_name'
  | 'offer_type'
  | 'variation_id'
  | 'text_content'
  | 'cta_text'
  | 'tone'
  | 'length_category'
> & { link: string; strategy: string }

/**
 * Chooses a promo among approved variations of active offers with a weight and a working link. The same send gets
 * the same promo again, as long as that one may still be shown.
 */
export async function selectPromo(
  parts: SelectionParts,
  request: SelectionRequest,
): Promise<Result<Promo, ApiFault>> {
  const listed = await parts.database.run((sql) => listCandidates(sql))
  if (!listed.ok) return unavailable
  const candidates = await withLinks(parts.links, listed.value)
  const send = request.newsletter_send_id
  const choice = choose(candidates, request.strategy, parts.random)
  if (!choice) return fail({ error: 'no_eligible_promo', message: nothingEligible })
  const fresh = {
    offer_id: choice.candidate.offer_id,
    variation_id: choice.candidate.variation_id,
    strategy: request.strategy,
    probability: choice.probability,
  }
  if (send === undefined) return ok(promoOf(parts, choice.candidate, request.strategy))
  const decided = await decide(parts, send, fresh, candidates)
  if (!decided.ok) return unavailable
  return ok(promoOf(parts, decided.value.candidate, decided.value.strategy))
}

/** The decision that stands for a send: one that was made before if it is still eligible, else the new one. */
async function decide(
  { database }: SelectionParts,
  send: string,
  fresh: Decision,
  candidates: readonly Candidate[],
): Promise<Result<{ candidate: Candidate; strategy: string }, unknown>> {
  const eligible = (decision: Decision | undefined) =>
    candidates.find(({ variation_id }) => variation_id === decision?.variation_id)
  // Twice, since another caller may decide on the same send between the two statements.
  for (const _ of [1, 2]) {
    const found = await database.run((sql) => findDecision(sql, send))
    if (!found.ok) return found
    const [former] = found.value
    const candidate = eligible(former)
    if (former && candidate) return ok({ candidate, strategy: former.strategy })
    const kept = await database.run((sql) => keepDecision(sql, send, fresh, former?.variation_id ?? null))
    if (!kept.ok) return kept
    const chosen = eligible(kept.value[0])
    if (chosen) return ok({ candidate: chosen, strategy: fresh.strategy })
  }
  return fail('another decision keeps coming in between')
}

async function withLinks(
  links: RefreshingCache<string, Destination>,
  candidates: Candidate[],
): Promise<Candidate[]> {
  const found = await Promise.all(candidates.map(({ link_slug }) => links.get(link_slug)))
  return candidates.filter((_, index) => found[index] !== undefined)
}

function promoOf({ siteUrl }: SelectionParts, candidate: Candidate, strategy: string): Promo {
  const { offer_id, offer_name, offer_type, variation_id, text_content, cta_text, tone, length_category } =
    candidate
  const link = `${siteUrl}/${candidate.link_slug}?utm_source=newsletter&promo_var=${variation_id}`
  return {
    offer_id,
    offer_name,
    offer_type,
    variation_id,
    text_content,
    cta_text,
    tone,
    length_category,
    link,
    strategy,
  }
}

const nothingEligible =
  'No promo can be shown: it takes an active offer with a weight above 0, an active link for its slug, and an approved variation'

const unavailable = fail<ApiFault>({
  error: 'database_unavailable',
  message: 'The database does not answer, ask again later',
})
