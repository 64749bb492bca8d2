import type { Strategy } from '../model/selection.ts'
import { amountsIn } from '../reports/conversion-words.ts'
import type { Basis, ExplainedDecision, UndecidedReport } from '../store/decisions.ts'
import { count, digits } from '../wording/formats.ts'
import { revenueSentence } from '../wording/goal.ts'
import type { Arm, Worth } from './arm.ts'
import { questionOf } from './basis.ts'
import { believedOf, conversionsOf, gainOf } from './believed.ts'
import { choose, type Question, weightedChances } from './choose.ts'
import { wordsOf } from './share-now.ts'
import { fieldOf } from './thompson.ts'
import { allowed } from './variety.ts'

const mostCandidates = 12

/** Why a segment of a send got its variation, in lines for a terminal. */
export function explain(decision: ExplainedDecision): string[] {
  const {
    segment,
    variation_id,
    offer_name,
    newsletter,
    strategy,
    probability,
    decided_at,
    shown,
    seed,
    basis,
  } = decision
  const head = [
    `segment ${segment}: variation ${variation_id} of "${offer_name}"`,
    `  text         ${decision.text_content}`,
    ...newsletterLine(newsletter),
    `  decided      ${decided_at}`,
    `  strategy     ${strategy}`,
    `  probability  ${percent(probability)}${strategy === 'thompson' ? ', estimated from seeded draws' : ''}`,
    ...(shown === false
      ? ['  reported     no: the send was reported with what was chosen elsewhere, below']
      : []),
  ]
  if (seed === null || basis === null)
    return [...head, '  An earlier version decided this and did not record how.']
  const question = questionOf(strategy, seed, basis)
  const again = choose(question)?.arm.variation_id === variation_id
  return [
    ...head,
    ...goalLine(strategy, basis),
    `  seed         ${seed}, which ${again ? 'gives this variation again' : 'gives another variation in this version'}`,
    `  why          ${reasonOf(strategy, basis, question.arms)}`,
    ...candidatesOf(question, variation_id),
  ]
}

/**
 * What a send showed although `select-random` did not choose it, in the same form; decisions are stored for `months`.
 */
export const explainReport = (report: UndecidedReport, months: number): string[] => [
  `chosen elsewhere: variation ${report.variation_id} of "${report.offer_name}"`,
  ...newsletterLine(report.newsletter),
  `  reported     ${report.tracked_at}, to ${count(report.recipients)} recipients`,
  `  why          not known here: no choice of select-random is kept for it (they are kept for ${months} months)`,
]

const newsletterLine = (newsletter: string) => (newsletter === '' ? [] : [`  newsletter   ${newsletter}`])

/** The goal of a learning strategy; the others have none. */
function goalLine(strategy: Strategy, { goal, worth }: Basis): string[] {
  if (strategy !== 'thompson') return []
  return [`  goal         ${goal === 'revenue' ? revenueSentence(worth?.currency) : 'clicks of recipients'}`]
}

function reasonOf(strategy: Strategy, basis: Basis, arms: readonly Arm[]): string {
  if (strategy === 'weighted') return 'drawn in proportion to base weight'
  if (strategy === 'ctr_weighted')
    return 'drawn in proportion to base weight × (1 + CTR / 100), as specified, whatever clicks bring'
  if (basis.by_weight)
    return `one of the ${percent(basis.floor)} of sends that are drawn by base weight, to keep learning`
  const free = arms.filter(({ weight, variation_id }) => weight > 0 && !basis.taken.includes(variation_id))
  const relaxed = free.length > 0 && free.every(({ held }) => held !== null)
  const best = 'the best in one random draw from the estimates of all that may be shown'
  return relaxed ? `${best}; the limits on repetition left nothing, so they were lifted` : best
}

function candidatesOf({ strategy, arms, taken, worth }: Question, chosen: number) {
  const free = arms.filter(({ weight, variation_id }) => weight > 0 && !taken.includes(variation_id))
  const lines = strategy === 'thompson' ? believed(arms, free, worth) : weighted(free, strategy)
  const ranked = lines.toSorted((one, other) => other.rank - one.rank)
  const rows = ranked.filter(({ arm }, place) => place < mostCandidates || arm.variation_id === chosen)
  const others = taken.length > 0 ? [`  other segments had ${taken.join(', ')}`] : []
  return [
    ...others,
    `  candidates   ${free.length}`,
    ...rows.map(
      ({ arm, text }) =>
        `  ${arm.variation_id === chosen ? '→' : ' '} variation ${arm.variation_id} (offer ${arm.offer_id}): ${text}`,
    ),
    ...(rows.length < ranked.length ? [`    and ${ranked.length - rows.length} more`] : []),
  ]
}

type Line = { arm: Arm; rank: number; text: string }

const weighted = (free: readonly Arm[], strategy: 'weighted' | 'ctr_weighted'): Line[] =>
  weightedChances(free, strategy).map(({ arm, chance }) => {
    const counted =
      strategy === 'ctr_weighted' ? `, ${arm.human_clicks} human clicks of ${arm.recipients} recipients` : ''
    return { arm, rank: chance, text: `weight ${arm.weight}${counted}: ${percent(chance)}` }
  })

function believed(arms: readonly Arm[], free: readonly Arm[], worth: Worth | undefined): Line[] {
  const pool = new Set(allowed(free))
  return fieldOf(free, arms, worth).flatMap((offer) =>
    offer.members.map((arm) => {
      const own = believedOf(arm, offer, worth)
      const evidence = `${arm.k.toFixed(1)} effective clicks of ${arm.n.toFixed(0)}`
      const held = arm.held && !pool.has(arm) ? `, held back: ${wordsOf(arm.held)}` : ''
      const text = `${evidence}, believed ${percent(own.rate)}${valueWords(arm, own.click, worth)}${held}`
      return { arm, rank: gainOf(own), text }
    }),
  )
}

const valueWords = (arm: Arm, click: number, worth: Worth | undefined): string =>
  worth
    ? `; ${conversionsOf(arm).toFixed(1)} effective conversions, a click believed to bring ` +
      amountsIn(worth.currency)(click)
    : ''

const percent = (share: number): string =>
  `${share > 0 && share < 0.01 ? digits(share * 100) : (share * 100).toFixed(2)} %`
