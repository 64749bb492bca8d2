import type { Strategy } from '../model/selection.ts'
import type { Finding } from './finding.ts'

/** What is advised of an offer's texts beyond what its strategy does by itself. */
type Advised = Extract<Finding['code'], 'confirmed_winner' | 'probably_best' | 'leading' | 'not_enough_data'>

const peeking =
  'Who looks every day sees chance look like this at times, and only a confirmed winner holds up to that.'

const inEqualParts: Record<Advised, string> = {
  confirmed_winner:
    'Its texts are sent in equal parts: withdraw the others to send only this one. A new text can still challenge it.',
  probably_best: `Keep its texts for now: sent in equal parts, they decide it. ${peeking}`,
  leading: 'Likely, not certain. Keep its texts for now: sent in equal parts, they decide it.',
  not_enough_data: 'Nothing to do but to wait: its texts are sent in equal parts.',
}

const byStrategy: Record<Strategy, Record<Advised, string>> = {
  weighted: inEqualParts,
  // By the specification's formula a text with 5 % clicks is sent 1.02 times as often as one with 3 %.
  ctr_weighted: inEqualParts,
  thompson: {
    confirmed_winner: 'It is sent more often by itself. A new text can still challenge it.',
    probably_best: `It is sent more often by itself, and the others now and then. ${peeking}`,
    leading: 'Likely, not certain. It is sent more often by itself, and the others now and then.',
    not_enough_data: 'Nothing to do but to wait: its texts are tried by themselves.',
  },
}

/** What to do about a finding where promos are chosen by this strategy: never what that does already, or makes impossible. */
export const adviceOf = (code: Advised, strategy: Strategy): string => byStrategy[strategy][code]

/** Of a text with enough clicks beside one that has not; only what learns may leave it at that. */
export const starvedAdvice = (strategy: Strategy): string =>
  strategy === 'thompson'
    ? 'The other may never get its sends by itself: split one send between the two to know.'
    : adviceOf('not_enough_data', strategy)
