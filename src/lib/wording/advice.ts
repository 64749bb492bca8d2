import type { Strategy } from '../model/selection.ts'
import type { Finding } from './finding.ts'

/** Advice about an offer's texts beyond what its strategy does automatically. */
type Advised = Extract<Finding['code'], 'confirmed_winner' | 'probably_best' | 'leading' | 'not_enough_data'>

const peeking =
  'If you check every day, chance alone will sometimes look like this; only a confirmed winner holds up against that.'

const inEqualParts: Record<Advised, string> = {
  confirmed_winner:
    'Its texts are sent equally often: withdraw the others to send only this one. A new text can still challenge it.',
  probably_best: `Keep its texts for now: sent equally often, they will settle it. ${peeking}`,
  leading: 'Likely, not certain. Keep its texts for now: sent equally often, they will settle it.',
  not_enough_data: 'Nothing to do but wait: its texts are sent equally often.',
}

const byStrategy: Record<Strategy, Record<Advised, string>> = {
  weighted: inEqualParts,
  // By the specification's formula a text with 5 % clicks is sent 1.02 times as often as one with 3 %.
  ctr_weighted: inEqualParts,
  thompson: {
    confirmed_winner: 'It is automatically sent more often. A new text can still challenge it.',
    probably_best: `It is automatically sent more often, and the others now and then. ${peeking}`,
    leading: 'Likely, not certain. It is automatically sent more often, and the others now and then.',
    not_enough_data: 'Nothing to do but wait: its texts are tried out automatically.',
  },
}

/** What to do about a finding where promos are chosen by this strategy: never what that does already, or makes impossible. */
export const adviceOf = (code: Advised, strategy: Strategy): string => byStrategy[strategy][code]

/** For a text with enough clicks whose rival has too few; only a strategy that learns may never fill that gap. */
export const starvedAdvice = (strategy: Strategy): string =>
  strategy === 'thompson'
    ? 'The other may never get enough sends automatically: to find out, split one send between the two.'
    : adviceOf('not_enough_data', strategy)
