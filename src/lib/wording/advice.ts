import type { Goal, Strategy } from '../model/selection.ts'
import type { Finding } from './finding.ts'

/** Advice about an offer's texts beyond what its strategy does automatically. */
type Advised = Extract<Finding['code'], 'confirmed_winner' | 'probably_best' | 'leading' | 'not_enough_data'>

const peeking =
  'If you check every day, chance alone will sometimes look like this; only a confirmed winner holds up against that.'

const inEqualParts: Record<Advised, string> = {
  confirmed_winner:
    'Its texts will be sent equally often: withdraw the others to send only this one. A new text can ' +
    'still challenge it.',
  probably_best: `Keep its texts: sent equally often, they will settle it. ${peeking}`,
  leading: 'Likely, not certain. Keep its texts: sent equally often, they will settle it.',
  not_enough_data: 'Nothing to do but wait: its texts will be sent equally often.',
}

/** How promos are chosen, as far as it matters for advice. */
export type Way = Strategy | 'thompson_for_revenue'

/** The way that the settings name; only `thompson` has a goal. */
export const wayOf = (strategy: Strategy, goal: Goal['goal']): Way =>
  strategy === 'thompson' && goal === 'revenue' ? 'thompson_for_revenue' : strategy

const ofClicks =
  'This judges clicks only. Sends depend on revenue as well, so another text may be sent more often.'

const byWay: Record<Way, Record<Advised, string>> = {
  weighted: inEqualParts,
  // By the specification's formula, a text with a 5 % click rate is sent 1.02 times as often as one with 3 %.
  ctr_weighted: inEqualParts,
  thompson: {
    confirmed_winner: 'It is automatically sent more often. A new text can still challenge it.',
    probably_best: `It is automatically sent more often, and the others now and then. ${peeking}`,
    leading: 'Likely, not certain. It is automatically sent more often, and the others now and then.',
    not_enough_data: 'Nothing to do but wait: its texts are tried out automatically.',
  },
  thompson_for_revenue: {
    confirmed_winner: ofClicks,
    probably_best: `${ofClicks} ${peeking}`,
    leading: `Likely, not certain. ${ofClicks}`,
    not_enough_data: 'Nothing to do but wait: its texts are tried out automatically.',
  },
}

/**
 * What to do about a finding if promos are chosen this way: never what happens automatically, or what is impossible.
 */
export const adviceOf = (code: Advised, way: Way): string => byWay[way][code]

/** Where sends are too small, waiting teaches nothing within a reasonable time. */
export const smallAdvice = 'Waiting will not tell: use the text that you like best.'

/** For a text with enough clicks whose rival lacks some; only a strategy that learns may never fill that gap. */
export const starvedAdvice = (way: Way): string =>
  way === 'thompson' || way === 'thompson_for_revenue'
    ? 'The other may never get enough sends automatically: to find out, split one send between the two.'
    : adviceOf('not_enough_data', way)
