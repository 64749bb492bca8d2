/** What may be said of a variation in comparison with its rival. */
export type LabelCode =
  | 'not_enough_data'
  | 'too_close'
  | 'leading'
  | 'probably_best'
  | 'confirmed_winner'
  | 'behind'
  | 'retired'

export type Label = { code: LabelCode; text: string }

/** For a text that is no longer approved: it takes no part in the comparison. */
export const noLongerUsed: Label = { code: 'retired', text: 'No longer used' }

/** Sends older than 72 hours, and clicks, that each side needs before it gets another label. */
export const neededSends = 3
export const neededClicks = 100

/** The chance to be the best from which on a text is said to lead. */
const clear = 0.8

/** What one side of a comparison has: sends older than 72 hours, and clicks of all its sends. */
export type Side = { sends: number; clicks: number }

export type Comparison = {
  leads: boolean
  own: Side
  rival: Side
  /** Probability of being the best of the offer, and that of the one that leads. */
  best: number
  leadersBest: number
  /** Expected loss, as a share of the rate. */
  relativeLoss: number
  /** Whether the sequential test has declared it the winner over all others. */
  confirmed: () => boolean
}

/** The first label that applies (selection-and-statistics, "What an editor sees"). `undefined`: there is no rival. */
export function labelOf(comparison: Comparison | undefined): Label {
  if (!comparison) return { code: 'not_enough_data', text: 'Nothing to compare with yet' }
  const { leads, own, rival, best, leadersBest, relativeLoss, confirmed } = comparison
  if (lacks(own)) return { code: 'not_enough_data', text: `Not enough data yet – ${had(own)}` }
  if (lacks(rival))
    return {
      code: 'not_enough_data',
      text: `Not enough data yet – the text it is compared with has ${had(rival)}`,
    }
  const chance = `P = ${percent(best)}`
  if (!leads && best < 0.05) return { code: 'behind', text: `Behind (${chance})` }
  if (leadersBest < clear) return { code: 'too_close', text: 'Too close to call' }
  // Nothing is too close to call beside a text that is said to lead.
  if (!leads) return { code: 'too_close', text: `Not ruled out (${chance})` }
  // Otherwise a text would not be ruled out although another one is the winner.
  if (best > 0.95 && confirmed()) return { code: 'confirmed_winner', text: 'Confirmed winner' }
  if (best >= 0.95 && relativeLoss < 0.05)
    return { code: 'probably_best', text: 'Probably best, not confirmed' }
  return { code: 'leading', text: `Leading (${chance})` }
}

const lacks = ({ sends, clicks }: Side): boolean => sends < neededSends || clicks < neededClicks

const had = ({ sends, clicks }: Side): string =>
  `${Math.min(sends, neededSends)} of ${neededSends} sends, ${Math.min(clicks, neededClicks)} of ${neededClicks} clicks`

/** Never 100 % or 0 %, since nothing is certain. */
function percent(share: number): string {
  if (share > 0.99) return 'over 99 %'
  if (share < 0.01) return 'under 1 %'
  return `${Math.round(share * 100)} %`
}
