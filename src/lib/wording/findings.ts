import type { OfferRow, Report, SendRow, Statistics, VariationRow } from '../model/report.ts'
import type { Strategy } from '../model/selection.ts'
import { type LabelCode, neededClicks, neededSends } from '../stats/label.ts'
import { adviceOf, starvedAdvice } from './advice.ts'
import { missingRecipients } from './doubts.ts'
import type { Finding } from './finding.ts'
import { chance, shortNames, some } from './words.ts'

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

/** How promos are chosen, and whether sends are too small to learn from (`smallListWarning`). */
type Circumstances = { strategy: Strategy; small?: boolean }

/** Whether anything ever happened to what a report is about: where nothing did, empty charts would only be in the way. */
export const hasHistory = ({ summary, offers, sends = [] }: Report): boolean =>
  summary.total_clicks > 0 || sends.length > 0 || offers.some(({ statistics }) => statistics)

/**
 * One finding an offer, those first that an editor can act on: offers that are chosen before those that are not active,
 * then those that more people clicked on. A period decides which offers are given, and never their order.
 * `obstacles` say by `offer_id` why an offer is not chosen, which is its advice then; `sends` are those that were reported, also
 * so lately that nothing can be said of them.
 */
export function findingsOf(
  offers: readonly OfferRow[],
  variations: readonly VariationRow[],
  obstacles: ReadonlyMap<number, string> = new Map(),
  sends: readonly Pick<SendRow, 'offer_id'>[] = [],
  circumstances: Circumstances = { strategy: 'weighted' },
): Finding[] {
  const nameOf = shortNames(offers)
  const rank = ({ active, finding: { code } }: RankedFinding) =>
    order.indexOf(code) + (active ? 0 : order.length)
  return offers
    .map((offer): RankedFinding => {
      const texts = sentTexts(variations, offer.offer_id)
      const finding = findingOf(offer.offer_id, nameOf(offer), texts, {
        ...circumstances,
        justSent: sends.some(({ offer_id }) => offer_id === offer.offer_id),
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

type RankedFinding = { active: boolean; clickers: number; finding: Finding }

/** Different people who clicked on an offer's texts in all sends so far: those in use, since a period decides on others. */
export const clickersOf = ({ offer_id }: OfferRow, variations: readonly VariationRow[]): number =>
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
  offer_id: number,
  offer_name: string,
  [leader, rival]: JudgedVariation[],
  { justSent, waiting, strategy, small = false }: Circumstances & { justSent: boolean; waiting: boolean },
): Finding {
  const offer = { offer_id, offer_name }
  if (!leader && justSent) {
    return {
      ...offer,
      code: 'not_sent',
      text: `${offer_name} has just been sent for the first time.`,
      advice: 'Its figures follow within minutes; judge it when the send is three days old.',
    }
  }
  if (!leader) {
    return {
      ...offer,
      code: 'not_sent',
      text: `${offer_name} has not been sent yet.`,
      advice: 'It shows up here with the first send that the newsletter reports.',
    }
  }
  const about = { ...offer, variation_id: leader.variation_id }
  if (!rival) {
    return {
      ...about,
      code: 'no_rival',
      text: `Only one text of ${offer_name} was sent: nothing to compare it with.`,
      advice: waiting
        ? 'Another approved text waits for its first send; then the two can be compared.'
        : 'Write a second text, or approve one, so that the two can be compared.',
    }
  }
  const { code } = leader.statistics.label
  if (small && code === 'not_enough_data')
    return {
      ...offer,
      code,
      text: `${offer_name}: its sends are too small to say which text works.`,
      advice: adviceOf(code, strategy),
    }
  return { ...about, code, ...saidOf(code, offer_name, leader, rival, strategy) }
}

function saidOf(
  code: LabelCode,
  offer: string,
  leader: JudgedVariation,
  rival: JudgedVariation,
  strategy: Strategy,
): Pick<Finding, 'text' | 'advice'> {
  const name = `“${leader.text_preview}”`
  const sure = `${chance(leader.statistics.probability_best)} sure`
  switch (code) {
    case 'confirmed_winner':
      return {
        text: `${name} is the confirmed winner of ${offer}.`,
        advice: adviceOf(code, strategy),
      }
    case 'probably_best':
      return {
        text: `${name} is probably the best text of ${offer}, ${sure}.`,
        advice: adviceOf(code, strategy),
      }
    case 'leading':
      return {
        text: `${name} leads in ${offer}, ${sure}.`,
        advice: adviceOf(code, strategy),
      }
    case 'not_enough_data':
      return {
        text:
          leader.statistics.probability_best >= 0.8
            ? `${name} is ahead in ${offer}, ${sure} so far; ${missing(leader, rival)} still needed before that counts.`
            : `${offer}: too early to say which text works; ${missing(leader, rival)} still needed.`,
        advice: enough(leader) && !enough(rival) ? starvedAdvice(strategy) : adviceOf(code, strategy),
      }
    // The first of those in use is neither behind another one nor out of use.
    case 'behind':
    case 'retired':
    case 'too_close':
      return {
        text: `${offer}: its texts are too close to call.`,
        advice: closeAdvice(rival),
      }
  }
}

/** Loss, as a share of the rate, up to which it hardly matters which text is sent. */
const smallLoss = 0.03

const closeAdvice = ({ statistics: { expected_loss, smoothed_ctr } }: JudgedVariation): string =>
  expected_loss <= smallLoss * smoothed_ctr
    ? 'Either will do for now. A text that is really different would teach more.'
    : `Keep both: choosing the wrong one would cost about ${Math.round((100 * expected_loss) / smoothed_ctr)} % of the clicks.`

const enough = ({ statistics: { sends, clickers } }: JudgedVariation): boolean =>
  sends >= neededSends && clickers >= neededClicks

/** What the weaker side of a comparison lacks. */
function missing({ statistics: a }: JudgedVariation, { statistics: b }: JudgedVariation): string {
  const clicks = neededClicks - Math.min(a.clickers, b.clickers)
  if (clicks > 0) return some(clicks, 'more click')
  const sends = neededSends - Math.min(a.sends, b.sends)
  return sends > 0 ? some(sends, 'more send') : 'three days of waiting for late clicks'
}

/** What stands in for clickers and recipients where little is known yet, as in selection-and-statistics, "Evidence". */
const [priorClickers, priorRecipients] = [4, 200]
/** Next to all clickers of a send have clicked by then, in milliseconds. */
const complete = 3 * 86_400_000
/** With fewer clickers a send, a text takes more than a month of daily sends to be judged. */
const fewestClickers = 3

type SendFigures = Pick<SendRow, 'sent_at' | 'recipients' | 'clickers'>

const sumOf = (sends: readonly SendFigures[], column: 'recipients' | 'clickers'): number =>
  sends.reduce((sum, send) => sum + send[column], 0)

/**
 * Why a list is too small to learn from, or nothing where it is not. Clicks differ by chance by about their square
 * root, so a text needs about a hundred before a difference shows. `now` is in milliseconds since 1970.
 */
export function smallListWarning(sends: readonly SendFigures[], now: number): string | undefined {
  if (sends.length === 0) return undefined
  if (sumOf(sends, 'clickers') > sumOf(sends, 'recipients'))
    return `There are ${missingRecipients}, which then count as one each: nothing can be learned from them.`
  const older = sends.filter(({ sent_at }) => now - Date.parse(sent_at) >= complete)
  const rate = (sumOf(older, 'clickers') + priorClickers) / (sumOf(older, 'recipients') + priorRecipients)
  const recipients = sumOf(sends, 'recipients') / sends.length
  const clickers = recipients * rate
  if (clickers >= fewestClickers) return undefined
  const each = some(Math.max(1, Math.round(recipients)), 'recipient')
  const needed = some(Math.ceil(neededClicks / clickers), 'send')
  return `A send goes to about ${each} here. That is too few to learn from: each text would take about ${needed} to get ${neededClicks} clicks. Read the differences below as chance.`
}
