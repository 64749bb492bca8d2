import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { ApiFault } from '../http/answer.ts'
import type { Links } from '../links/two-sources.ts'
import type { Blocks, Candidate, Goal, Strategy } from '../model/selection.ts'
import { type Decision, findDecisions, keepDecisions, type StandingDecision } from '../store/decisions.ts'
import { type PromoText, readPromoTexts } from '../store/offers.ts'
import { type Appraised, appraise } from './appraise.ts'
import { blocksOf } from './blocks.ts'
import { chooseSegments } from './choose-segments.ts'
import { readSituation } from './read-situation.ts'
import type { Promo, Selection } from './schema.ts'
import type { Rules } from './variety.ts'
import { weigh } from './weigh.ts'

export type SelectionParts = {
  database: Database
  links: Links
  random: Random
  now: Clock
  rules: Rules
  goal: Goal
  siteUrl: string
}

export type SelectionRequest = {
  strategy: Strategy
  newsletter_send_id?: string | undefined
  /** Which list is chosen for; none for the one without a name. */
  newsletter?: string | undefined
  /** Into how many random segments the send is split, 2 to 8. */
  segments?: number | undefined
  /** Which blocks for e-mails each promo comes with. */
  blocks?: Blocks | undefined
}

/** A request that leaves to the settings what it does not name. */
export type PartialRequest = { [Key in keyof SelectionRequest]?: SelectionRequest[Key] | undefined }

/** Another caller may decide about the same send at the same time; then its decision is read again. */
const attempts = 4

/**
 * Chooses a promo among approved variations of active offers with a weight and a working link, for a send or for each
 * of its segments; no two segments get the same. The same send gets the same promos again, as long as they may still be
 * shown. If fewer variations may be shown than there are segments, it returns fewer. Decisions for a send that has been
 * reported since are history: if one may no longer be shown, another promo is returned and not stored.
 */
export async function selectPromo(
  parts: SelectionParts,
  request: SelectionRequest,
): Promise<Result<Selection, ApiFault>> {
  const { database, rules } = parts
  const { strategy, newsletter_send_id: send, segments = 1 } = request
  const [situation, found] = await Promise.all([
    readSituation(parts, strategy, send),
    send ? database.run((sql) => findDecisions(sql, send, segments)) : ok([]),
  ])
  if (!situation.ok || !found.ok) return unavailable
  const { candidates } = situation.value
  const known = found.value.find((decision) => decision.newsletter !== '')?.newsletter
  const newsletter = request.newsletter ?? known ?? ''
  if (known !== undefined && known !== newsletter) return otherNewsletter
  const arms = weigh({ ...situation.value, newsletter }, strategy, segments, rules)
  const appraised = appraise(arms, situation.value)
  const decided = send
    ? await decide(parts, { strategy, send, newsletter, segments }, appraised, found.value)
    : ok<Decision[]>(
        chooseSegments({ ...appraised, strategy, floor: rules.floor, random: parts.random }, segments, []),
      )
  if (!decided.ok) return decided
  const texts = await database.run((sql) =>
    readPromoTexts(
      sql,
      decided.value.map(({ variation_id }) => variation_id),
    ),
  )
  if (!texts.ok) return unavailable
  const promos = promosOf(parts.siteUrl, decided.value, texts.value, candidates).map((promo) => ({
    ...promo,
    ...(newsletter !== '' && { newsletter }),
    ...blocksOf(promo, request.blocks),
  }))
  const [first] = promos
  if (!first) return fail({ error: 'no_eligible_promo', message: nothingEligible })
  const { segment: _, ...promo } = first
  return ok(request.segments === undefined ? promo : { ...promo, segments: promos })
}

type Asked = { strategy: Strategy; send: string; newsletter: string; segments: number }

/**
 * The decisions that apply to a send: earlier ones that are still eligible, and new ones for the rest. If other callers
 * keep deciding first, it is as if the database did not answer.
 */
async function decide(
  { database, random, rules }: SelectionParts,
  { strategy, send, newsletter, segments }: Asked,
  appraised: Appraised,
  first: readonly StandingDecision[],
): Promise<Result<Decision[], ApiFault>> {
  let known = first
  const eligible = ({ variation_id }: Decision) =>
    appraised.arms.some((arm) => arm.variation_id === variation_id && arm.weight > 0)
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const standing = known.filter(eligible)
    const chosen = chooseSegments({ ...appraised, strategy, floor: rules.floor, random }, segments, standing)
    const [inPlace, fresh] = splitBy(chosen, ({ segment }) =>
      known.some((one) => one.segment === segment && one.reported),
    )
    const answered = [...standing, ...inPlace].toSorted(bySegment)
    if (fresh.length === 0) return ok(answered)
    const replaced = known.filter((one) => !eligible(one)).map(({ variation_id }) => variation_id)
    const kept = await database.run((sql) => keepDecisions(sql, { send, newsletter }, fresh, replaced))
    if (kept.ok && kept.value.length === fresh.length)
      return ok([...answered, ...kept.value].toSorted(bySegment))
    if (!kept.ok && kept.fault.code !== 'conflict') return unavailable
    const found = await database.run((sql) => findDecisions(sql, send, segments))
    if (!found.ok) return unavailable
    known = found.value
  }
  return unavailable
}

const bySegment = (one: Decision, other: Decision): number => one.segment - other.segment

const splitBy = <Item>(items: readonly Item[], belongs: (item: Item) => boolean): [Item[], Item[]] => [
  items.filter(belongs),
  items.filter((item) => !belongs(item)),
]

function promosOf(
  siteUrl: string,
  decisions: readonly Decision[],
  texts: readonly PromoText[],
  candidates: readonly Candidate[],
): (Promo & { segment: number })[] {
  return decisions.flatMap(({ segment, variation_id, strategy, goal }) => {
    const text = texts.find((one) => one.variation_id === variation_id)
    const slug = candidates.find((one) => one.variation_id === variation_id)?.link_slug
    // Mail software breaks the first `&` of a link most often.
    const link = `${siteUrl}/${slug}?promo_var=${variation_id}&utm_source=newsletter`
    return text && slug ? [{ segment, ...text, link, strategy, ...(goal && { goal }) }] : []
  })
}

const otherNewsletter = fail<ApiFault>({
  error: 'newsletter_differs',
  details: {
    newsletter:
      'is not the one that this send was chosen for before; a send belongs to one newsletter, so give ' +
      'each its own newsletter_send_id',
  },
})

const nothingEligible =
  'No promo can be shown: that takes an active offer with a weight above 0, an active link for its ' +
  'slug, and an approved variation'

const unavailable = fail<ApiFault>({
  error: 'database_unavailable',
  message: 'The database does not answer; ask again later',
})
