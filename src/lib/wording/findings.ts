import type { OfferRow, Report, SendRow, Statistics, VariationRow } from '../model/report.ts'
import type { LabelCode } from '../stats/label.ts'
import { adviceOf, smallAdvice, starvedAdvice, type Way } from './advice.ts'
import type { Finding } from './finding.ts'
import { isKnown, neededByEach, needsSends } from './needed.ts'
import { chance, complete, shortNames } from './words.ts'

type JudgedVariation = VariationRow & { statistics: Statistics }

/** How much there is to act on, from most to least. */
const order: Finding['code'][] = [
  'confirmed_winner',
  'probably_best',
  'leading',
  'too_close',
  'behind',
  'retired',
  'not_enough_data',
  'no_rival',
  'not_sent',
]

/**
 * How promos are chosen, whether sends are too small to learn from (`smallListWarning`), the moment, in
 * milliseconds since 1970 (without it no send is old), and whether all is of one newsletter.
 */
type Circumstances = { way: Way; small?: boolean; now?: number; filtered?: boolean }

/** Whether a report has any data; without it, empty charts would only be in the way. */
export const hasHistory = ({ summary, offers, sends = [] }: Report): boolean =>
  summary.total_clicks > 0 || sends.length > 0 || offers.some(({ statistics }) => statistics)

/**
 * One finding per offer, those first that an editor can act on: offers that can be chosen before inactive ones, then
 * those with more clickers. The period determines which offers are included, but never their order. `obstacles` say by
 * `offer_id` why an offer is not chosen, which is then its advice; `sends` are all reported ones, even very recent
 * ones.
 */
export function findingsOf(
  offers: readonly OfferRow[],
  variations: readonly VariationRow[],
  obstacles: ReadonlyMap<number, string> = new Map(),
  sends: readonly SentTo[] = [],
  circumstances: Circumstances = { way: 'weighted' },
): Finding[] {
  const nameOf = shortNames(offers)
  const rank = ({ active, finding: { code } }: RankedFinding) =>
    order.indexOf(code) + (active ? 0 : order.length)
  return offers
    .map((offer): RankedFinding => {
      const texts = sentTexts(variations, offer.offer_id)
      const finding = findingOf(offer, nameOf(offer), texts, {
        ...circumstances,
        sends: sends.filter(({ offer_id }) => offer_id === offer.offer_id),
        waiting: variations.some(
          ({ offer_id, approved, statistics }) =>
            approved && offer_id === offer.offer_id && (statistics?.sends ?? 0) === 0,
        ),
      })
      const advice = obstacles.get(offer.offer_id) ?? finding.advice
      return { active: offer.active, clickers: sumClickers(texts), finding: { ...finding, advice } }
    })
    .toSorted(
      (a, b) => rank(a) - rank(b) || b.clickers - a.clickers || a.finding.offer_id - b.finding.offer_id,
    )
    .map(({ finding }) => finding)
}

/** What is needed of a send to know whether its offer was sent. */
export type SentTo = Pick<SendRow, 'offer_id' | 'newsletter_send_id' | 'sent_at' | 'recipients' | 'clickers'>

/** Statistics may be ten minutes old, and what they are made of a little older. */
const justNow = 20 * 60_000

/** Whether sends without a rate are the first ones, which get one within minutes; others were left out. */
export function areFirst(sends: readonly SentTo[], now: number): boolean {
  const alone = new Set(sends.map(({ newsletter_send_id }) => newsletter_send_id)).size === 1
  const young = alone ? complete : justNow
  return sends.every(
    ({ clickers, recipients, sent_at }) => clickers <= recipients && now - Date.parse(sent_at) < young,
  )
}

type RankedFinding = { active: boolean; clickers: number; finding: Finding }

/**
 * Who clicked an offer's texts in all sends so far; only texts in use, since others depend on the period.
 */
export const clickersOf = (offer_id: number, variations: readonly VariationRow[]): number =>
  sumClickers(sentTexts(variations, offer_id))

const sumClickers = (texts: readonly JudgedVariation[]): number =>
  texts.reduce((sum, { statistics }) => sum + statistics.clickers, 0)

/** An offer's texts that are in use and were sent, likely best first. */
const sentTexts = (variations: readonly VariationRow[], offer_id: number): JudgedVariation[] =>
  variations
    .filter((variation) => variation.approved && variation.offer_id === offer_id)
    .filter((variation): variation is JudgedVariation => (variation.statistics?.sends ?? 0) > 0)
    .toSorted(
      (a, b) => b.statistics.smoothed_ctr - a.statistics.smoothed_ctr || a.variation_id - b.variation_id,
    )

function findingOf(
  { offer_id, statistics }: OfferRow,
  offer_name: string,
  [leader, rival]: JudgedVariation[],
  {
    sends,
    waiting,
    way,
    small = false,
    now = 0,
    filtered = false,
  }: Circumstances & { sends: readonly SentTo[]; waiting: boolean },
): Finding {
  const offer = { offer_id, offer_name }
  const to = filtered ? ' to this newsletter' : ''
  if (!leader)
    return {
      ...offer,
      code: 'not_sent',
      ...withoutTexts(offer_name, { sends, waiting, judged: !!statistics, now, to }),
    }
  const about = { ...offer, variation_id: leader.variation_id }
  if (!rival) {
    return {
      ...about,
      code: 'no_rival',
      text: `${offer_name}: only one of its texts in use was sent${to}, so there is nothing to compare.`,
      advice: waiting
        ? 'Another approved text is waiting for its first send; then the two can be compared.'
        : 'Write a second text, or approve one, so that the two can be compared.',
    }
  }
  const { code } = leader.statistics.label
  if (small && code === 'not_enough_data')
    return {
      ...offer,
      code,
      text: `${offer_name}: its sends are too small to say which text works.`,
      advice: smallAdvice,
    }
  return { ...about, code, ...saidOf(code, offer_name, leader, rival, way) }
}

/** The finding for an offer without any rate of its texts in use; `judged` says whether others have one. */
function withoutTexts(
  offer: string,
  {
    sends,
    waiting,
    judged,
    now,
    to,
  }: { sends: readonly SentTo[]; waiting: boolean; judged: boolean; now: number; to: string },
): Pick<Finding, 'text' | 'advice'> {
  if (judged)
    return {
      text: `${offer}: the texts that were sent are no longer in use.`,
      advice: waiting
        ? 'An approved text is waiting for its first send.'
        : 'Approve a text, so that it can be sent.',
    }
  if (sends.length === 0)
    return {
      text: `${offer} has not been sent${to} yet.`,
      advice: 'It shows up here with the first send that the newsletter reports.',
    }
  return areFirst(sends, now)
    ? {
        text: `${offer} has just been sent${to} for the first time.`,
        advice: 'Its figures follow within minutes; judge it when the send is three days old.',
      }
    : {
        text: `${offer} was sent, but none of its sends counts.`,
        advice: 'Sends with more clicks than recipients, or doubtful numbers of them, are left out.',
      }
}

function saidOf(
  code: LabelCode,
  offer: string,
  leader: JudgedVariation,
  rival: JudgedVariation,
  way: Way,
): Pick<Finding, 'text' | 'advice'> {
  const name = `“${leader.text_preview}”`
  const sure = `${chance(leader.statistics.probability_best)} sure`
  const needed = (leading: string) =>
    neededByEach(
      { name: leading, ...leader.statistics },
      { name: `“${rival.text_preview}”`, ...rival.statistics },
    )
  switch (code) {
    case 'confirmed_winner':
      return {
        text: `${name} is the confirmed winner of ${offer}.`,
        advice: adviceOf(code, way),
      }
    case 'probably_best':
      return {
        text: `${name} is probably the best text of ${offer}, ${sure}.`,
        advice: adviceOf(code, way),
      }
    case 'leading':
      return {
        text: `${name} leads in ${offer}, ${sure}.`,
        advice: adviceOf(code, way),
      }
    case 'not_enough_data':
      return {
        text:
          leader.statistics.probability_best >= 0.8
            ? `${name} is ahead in ${offer}, ${sure} so far, which does not count yet: ${needed('it')}.`
            : `${offer}: too early to say which text works. ${needed(name)}.`,
        advice:
          isKnown(leader.statistics) && needsSends(rival.statistics)
            ? starvedAdvice(way)
            : adviceOf(code, way),
      }
    // The first of those in use is neither behind another one nor retired.
    case 'behind':
    case 'retired':
    case 'too_close':
      return {
        text: `${offer}: ${name} and “${rival.text_preview}” are too close to call.`,
        advice: closeAdvice(rival),
      }
  }
}

/** Loss, as a share of the rate, up to which the choice of text hardly matters. */
const smallLoss = 0.03

const closeAdvice = ({ statistics: { expected_loss, smoothed_ctr } }: JudgedVariation): string =>
  expected_loss <= smallLoss * smoothed_ctr
    ? 'Either will do for now. A text that is really different would tell you more.'
    : 'Keep both: choosing the wrong one would lose about ' +
      `${Math.round((100 * expected_loss) / smoothed_ctr)} % of the clicks.`
