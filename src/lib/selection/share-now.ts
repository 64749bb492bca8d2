import type { Strategy } from '../model/selection.ts'
import { amountsIn } from '../reports/conversion-words.ts'
import type { PastSend } from '../stats/past-send.ts'
import { percent } from '../wording/formats.ts'
import { some } from '../wording/words.ts'
import { appraise } from './appraise.ts'
import type { Arm, Hold, Worth } from './arm.ts'
import { type Believed, believedOf, conversionsOf } from './believed.ts'
import { weightedChances } from './choose.ts'
import { drawsOf } from './draws.ts'
import { fieldOf, sharesOf } from './thompson.ts'
import { allowed, type Rules } from './variety.ts'
import { type Situation, weigh } from './weigh.ts'

/** How likely a variation would be chosen for a send that is requested now, and why. */
export type SelectionShare = {
  offer_id: number
  variation_id: number
  /** 0 to 1; all shares sum to 1. */
  share: number
  /** Believed CTR in per cent; `null` under a strategy without beliefs. */
  believed_ctr: number | null
  held: Hold | null
  why: string
}

export type SharesNow = {
  strategy: Strategy
  /**
   * If revenue is the goal: the currency that counts, `undefined` as long as nothing was earned in it and clicks
   * decide.
   */
  revenue?: { currency: string | undefined }
  shares: SelectionShare[]
  /** If sends are too small to learn from. */
  caution?: string
}

const seed = 20_261_123
const limits = { effort: 400_000, least: 100, most: 4_000 }

/**
 * The share of every candidate, offer by offer. Under `thompson` from 100 to 4,000 seeded draws: standard error
 * at most 0.05 to 0.008.
 */
export function shareNow(situation: Situation, strategy: Strategy, rules: Rules): SharesNow {
  const weighed = weigh(situation, strategy, 1, rules)
  const { arms, worth, forRevenue } = appraise(weighed, situation)
  const free = arms.filter(({ weight }) => weight > 0)
  if (strategy !== 'thompson')
    return {
      strategy,
      shares: weightedChances(free, strategy).map(({ arm, chance }) => simpleShare(arm, chance, strategy)),
    }
  const pool = allowed(free)
  const wins = sharesOf(fieldOf(pool, arms, worth), seed, drawsOf(limits, pool.length))
  const shares = new Map(
    weightedChances(pool, 'weighted').map(({ arm, chance }) => [
      arm,
      (1 - rules.floor) * (wins.get(arm) ?? 0) + rules.floor * chance,
    ]),
  )
  const field = fieldOf(free, arms, worth)
  const caution = cautionOf(
    situation.sends,
    field.map(({ shape, rate }) => shape / rate),
  )
  return {
    strategy,
    ...(forRevenue && { revenue: { currency: worth?.currency } }),
    shares: field.flatMap((offer) =>
      offer.members.map((arm) => learnedShare(arm, shares.get(arm), believedOf(arm, offer, worth), worth)),
    ),
    ...(caution && { caution }),
  }
}

function simpleShare(arm: Arm, share: number, strategy: Strategy): SelectionShare {
  const { offer_id, variation_id, weight, recipients, human_clicks } = arm
  const ctr = recipients === 0 ? 0 : (human_clicks / recipients) * 100
  const because = `its offer has the base weight ${weight}`
  const why =
    strategy === 'weighted'
      ? `${because}; its texts are sent equally often`
      : `${because}, times 1 + CTR / 100 (${percent(ctr)})`
  return { offer_id, variation_id, share, believed_ctr: null, held: null, why }
}

function learnedShare(
  arm: Arm,
  share: number | undefined,
  believed: Believed,
  worth: Worth | undefined,
): SelectionShare {
  const { offer_id, variation_id, k, n } = arm
  const rate = believed.rate * 100
  const clicks =
    n === 0
      ? `no send of it counts yet, so expected to do as well as its offer: ${percent(rate)}`
      : `expected to get ${percent(rate)}, from sends worth ${k.toFixed(1)} clicks of ${n.toFixed(0)} recipients`
  const expected = `${clicks}${valueWords(arm, believed, worth)}`
  const why = share === undefined && arm.held ? `held back: ${wordsOf(arm.held)}; ${expected}` : expected
  return { offer_id, variation_id, share: share ?? 0, believed_ctr: rate, held: arm.held, why }
}

function valueWords(arm: Arm, { rate, click }: Believed, worth: Worth | undefined): string {
  if (!worth) return ''
  const [each, thousand] = [click, 1_000 * rate * click].map(amountsIn(worth.currency))
  const evidence = `${conversionsOf(arm).toFixed(1)} conversions`
  return `; a click is expected to bring ${each} (evidence: ${evidence}), so a thousand recipients ${thousand}`
}

/** Why a variation is held back, as an editor reads it. */
export const wordsOf = (held: Hold): string => holdWords[held]

const holdWords: Record<Hold, string> = {
  offer_gap: 'its offer was in the sends just before',
  offer_share: 'its offer had its share of the last sends',
  variation_gap: 'this text was shown a few sends ago',
}

/** How many recent sends the current size is estimated from. */
const recentSends = 14

function cautionOf(sends: readonly PastSend[], means: readonly number[]): string | undefined {
  const sizes = [...Map.groupBy(sends, ({ newsletter_send_id }) => newsletter_send_id).values()]
    .slice(-recentSends)
    .map((segments) => segments.reduce((sum, { recipients }) => sum + recipients, 0))
    .toSorted((one, other) => one - other)
  const [middle] = sizes.slice(Math.floor(sizes.length / 2))
  if (middle === undefined || means.length === 0) return undefined
  const clicks = (middle * means.reduce((total, mean) => total + mean, 0)) / means.length
  if (clicks >= 1) return undefined
  return (
    `A send goes to about ${some(middle, 'recipient')}, of whom about ${clicks.toFixed(1)} may click: too few ` +
    'to learn from, whatever the strategy.'
  )
}
