import type { Random } from '../random.ts'

/** A variation that may be shown, with its offer, its base weight and what people did with it so far. */
export type Candidate = {
  offer_id: number
  offer_name: string
  offer_type: string
  weight: number
  link_slug: string
  variation_id: number
  text_content: string
  cta_text: string | null
  tone: string | null
  length_category: string | null
  recipients: number
  human_clicks: number
}

export type Strategy = 'weighted' | 'ctr_weighted'

/** A candidate and how probable it was to be chosen. */
export type Choice = { candidate: Candidate; probability: number }

/**
 * `weighted`: an offer in proportion to its base weight, then one of its variations, each as probable as the others.
 * `ctr_weighted`: both in proportion to `weight * (1 + ctr / 100)` with the human CTR in per cent (specification,
 * Phase 3.2); simulation shows that this learns next to nothing. `undefined` where there is no candidate.
 */
export function choose(
  candidates: readonly Candidate[],
  strategy: Strategy,
  random: Random,
): Choice | undefined {
  const gain =
    strategy === 'ctr_weighted' ? (members: readonly Candidate[]) => 1 + ctr(members) / 100 : () => 1
  const offers = [...Map.groupBy(candidates, ({ offer_id }) => offer_id).values()]
  const weightOf = (members: readonly Candidate[]) => Math.max(...members.map(({ weight }) => weight))
  const offer = draw(offers, (members) => weightOf(members) * gain(members), random)
  const variation = offer && draw(offer.item, (member) => gain([member]), random)
  return variation && { candidate: variation.item, probability: offer.probability * variation.probability }
}

/** Human clicks of recipients, in per cent; 0 where nothing was sent. */
function ctr(members: readonly Candidate[]): number {
  const sum = (pick: (member: Candidate) => number) =>
    members.reduce((total, member) => total + pick(member), 0)
  const recipients = sum((member) => member.recipients)
  return recipients === 0 ? 0 : (sum((member) => member.human_clicks) / recipients) * 100
}

function draw<Item>(
  items: readonly Item[],
  weightOf: (item: Item) => number,
  random: Random,
): { item: Item; probability: number } | undefined {
  const total = items.reduce((sum, item) => sum + weightOf(item), 0)
  let left = random() * total
  let drawn: { item: Item; probability: number } | undefined
  for (const item of items) {
    const weight = weightOf(item)
    if (weight > 0) drawn = { item, probability: weight / total }
    left -= weight
    if (left < 0) break
  }
  // Where rounding leaves a rest, the last one with a weight is drawn.
  return drawn
}
