import type {
  HeatmapCell,
  OfferRow,
  OfferStatistics,
  Report,
  Share,
  Summary,
  VariationRow,
} from '../model/report.ts'
import type { Counting } from '../model/report-query.ts'
import { neededSends } from '../stats/label.ts'
import { roundTo } from '../stats/rounding.ts'
import { countsAsOne, missingRecipients } from './doubts.ts'
import type { Finding } from './finding.ts'
import { areFirst, clickersOf, type SentTo } from './findings.ts'
import { count, digits, percent, percentBetween, share } from './formats.ts'
import { type Had, isKnown, neededBy, neededByEach } from './needed.ts'
import { clicksOf, dayWords, isNew, placeWords, shortNames, some } from './words.ts'

/** What a section's figures mean, in a sentence or two that claim no more than the figures allow. */

type Clicks = { clicks: number; human_clicks: number }
export const people = (counting: Counting): string => (counting === 'human' ? 'clicks by people' : 'clicks')
const total = (rows: readonly Clicks[], counting: Counting): number =>
  rows.reduce((sum, row) => sum + clicksOf(row, counting), 0)

type Summed = {
  summary: Summary
  previous?: Summary | undefined
  sends?: readonly (Clicks & { sent_at: string; recipients: number })[] | undefined
}

/** Of the period as a whole. `now` is in milliseconds since 1970: a send may be too new to have most of its clicks. */
export function summarySentence(
  { summary, previous, sends = [] }: Summed,
  counting: Counting,
  now: number,
): string {
  const rate = counting === 'human' ? 'human_ctr' : 'overall_ctr'
  const current = summary[rate]
  const clicks = counting === 'human' ? summary.human_clicks : summary.total_clicks
  if (current === null)
    return clicks > 0
      ? 'There were clicks, but no send was reported: without recipients there is no click rate.'
      : 'Nothing was sent and nobody clicked in this period.'
  if (current > 100)
    return areOfEarlier(sends, counting)
      ? 'There are more clicks than recipients: most of them probably followed earlier sends. Choose a longer period.'
      : `There are ${missingRecipients}${countsAsOne(sends)}.`
  if (clicks === 0) return `There were no ${people(counting)} in this period.`
  const unfinished = sends.some((send) => isNew(send, now))
  const before = previous?.[rate] ?? null
  const said = `Every 100 recipients brought ${perHundred(current)} ${people(counting)}${unfinished ? ' so far' : ''}`
  if (before === null) return `${said}.`
  const change =
    before === current ? 'the same rate as' : `${current > before ? 'up' : 'down'} from ${perHundred(before)}`
  const normal = unfinished
    ? 'The latest send still brings clicks, and small ups and downs are normal.'
    : 'Small ups and downs are normal.'
  return `${said}, ${change} in the period before. ${normal}`
}

/** Whether the sends of a period with more clicks than recipients have no more themselves. */
const areOfEarlier = (sends: NonNullable<Summed['sends']>, counting: Counting): boolean =>
  sends.length > 0 &&
  sends.every(({ recipients }) => recipients > 1) &&
  total(sends, counting) <= sends.reduce((sum, { recipients }) => sum + recipients, 0)

/** A note about the number of different visitors of a period; nothing if it needs none. */
export function peopleSentence({ summary, people_since }: Pick<Report, 'summary' | 'people_since'>): string {
  if (summary.human_clicks === 0) return ''
  const { start, end } = summary.date_range
  const from = people_since ?? start
  return [
    people_since && `Different visitors have been counted since ${dayWords(people_since)}.`,
    from.slice(0, 7) < end.slice(0, 7) &&
      'A visitor counts once in each calendar month: from one month to the next nobody can tell who comes back.',
  ]
    .filter(Boolean)
    .join(' ')
}

/** As exact as the rate and its change next to it, so that the two never disagree. */
const perHundred = (rate: number): string => (rate === 0 || rate >= 10 ? rate.toFixed(2) : digits(rate))

/** Change of a count against the period before: "+12 %", and nothing if there was none. */
export function changeOf(now: number, before: number | undefined): string {
  if (!before) return ''
  const change = Math.round((now / before - 1) * 100)
  if (change === 0) return 'as before'
  return `${change > 0 ? '+' : '−'}${count(Math.abs(change))} %`
}

/** Change of a rate, in percentage points. */
export function pointsOf(now: number | null, before: number | null | undefined): string {
  if (now === null || before === null || before === undefined) return ''
  // Both are rounded, so rounding the difference only removes the error of binary fractions.
  const change = roundTo(2, Number((now - before).toFixed(9)))
  if (change === 0) return 'as before'
  return `${change > 0 ? '+' : '−'}${perHundred(Math.abs(change)).replace(/(\.\d\d+?)0+$/, '$1')} points`
}

type Rated = OfferRow & { statistics: OfferStatistics }

const isRated = (offer: OfferRow): offer is Rated => offer.active && offer.statistics !== undefined

/** Offers in use with a text in use that was sent, likely best first. */
export const rankOffers = (offers: readonly OfferRow[]): Rated[] =>
  offers
    .filter(isRated)
    .filter(({ statistics }) => statistics.sends > 0)
    .toSorted((a, b) => b.statistics.smoothed_ctr - a.statistics.smoothed_ctr || a.offer_id - b.offer_id)

const aheadOf = (first: Rated, other: Rated, name: (offer: Rated) => string): string =>
  first.statistics.smoothed_ctr === other.statistics.smoothed_ctr
    ? `${name(first)} has the same rate as ${name(other)}`
    : `${name(first)} is ahead of ${name(other)}`

const hadBy = ({ offer_id, statistics }: Rated, variations: readonly VariationRow[]): Had => ({
  sends: statistics.sends,
  complete_sends: statistics.complete_sends,
  clickers: clickersOf(offer_id, variations),
})

/**
 * Which of the offers in use does best: named only if no other interval overlaps its own and both leaders have enough
 * clicks. `filtered`: everything given belongs to one newsletter.
 */
export function offersSentence(
  offers: readonly OfferRow[],
  variations: readonly VariationRow[],
  sends: readonly SentTo[] = [],
  now = 0,
  filtered = false,
): string {
  const [first, second, ...others] = rankOffers(offers)
  const to = filtered ? ' to this newsletter' : ''
  const retired = offers.some((offer) => isRated(offer) && offer.statistics.sends === 0)
  const withText = retired ? 'with a text in use that was sent' : 'that has been sent'
  if (!first && retired) return `There is no active offer ${withText}${to}, so there is nothing to compare.`
  if (!first) {
    const own = sends.filter((send) =>
      offers.some(({ offer_id, active }) => active && offer_id === send.offer_id),
    )
    if (own.length === 0) return `No active offer has been sent${to} yet, so there is nothing to compare.`
    return areFirst(own, now)
      ? 'The first send has arrived. Figures follow within minutes and grow for three days; then they can be judged.'
      : 'No send of an active offer counts, so there is nothing to compare: those with more clicks than ' +
          'recipients are left out.'
  }
  const name = shortNames(offers)
  const { smoothed_ctr, interval } = first.statistics
  const likely = `${percent(smoothed_ctr)} of its recipients click, likely ${percentBetween(...interval)}`
  if (!second) {
    const early = neededBy(hadBy(first, variations))
    const known = early === '' ? likely : `its click rate is a first guess, and it still needs ${early}`
    return `${name(first)} is the only active offer ${withText}${to}: ${known}.`
  }
  const two = [first, second].map((offer) => ({ name: name(offer), ...hadBy(offer, variations) }))
  const needed = neededByEach(...two)
  if (two.some(({ complete_sends }) => complete_sends < neededSends))
    return `${name(first)} and ${name(second)} cannot be compared yet: ${needed}.`
  if (needed !== '') return `${aheadOf(first, second, name)} so far, but that does not count yet: ${needed}.`
  const open = [second, ...others].filter(({ statistics }) => statistics.interval[1] >= interval[0])
  if (open.length === 0) return `${name(first)} does best: ${likely}.`
  const rival = open.find((offer) => isKnown(hadBy(offer, variations)))
  return rival
    ? `${aheadOf(first, rival, name)}, but their likely ranges overlap: too close to call.`
    : `${name(first)} does best of the offers that were sent often enough: ${likely}.`
}

const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday']
const clock = (hour: number): string => `${String(hour % 24).padStart(2, '0')}:00`

/** When readers click, which is not the same as when sending works best. */
export function hoursSentence(cells: readonly HeatmapCell[], counting: Counting): string {
  const all = total(cells, counting)
  const [most] = cells.toSorted((a, b) => clicksOf(b, counting) - clicksOf(a, counting))
  if (!most || all === 0) return 'No clicks in this period yet.'
  const when = `${weekdays[most.weekday - 1]}, ${clock(most.hour)} to ${clock(most.hour + 1)}`
  return (
    `Most ${people(counting)} in one hour: ${when}, ${count(clicksOf(most, counting))} of ` +
    `${count(all)}. It shows when readers click, which depends on when you send.`
  )
}

/** Where most clicks come from. */
export function sharesSentence(shares: readonly Share[], counting: Counting, empty: string): string {
  const all = total(shares, counting)
  const [most] = shares.toSorted((a, b) => clicksOf(b, counting) - clicksOf(a, counting))
  if (!most || all === 0) return empty
  const part = `${share(clicksOf(most, counting), all)} of ${count(all)} ${people(counting)}`
  return most.value === 'none'
    ? `${part} do not say where they come from: most mail programs send nothing.`
    : `${placeWords(most.value)}: ${part}.`
}

/** How many clicks were people, and what cannot be known about them. */
export function qualitySentence({
  total_clicks: all,
  human_clicks,
  machine_clicks,
  duplicate_clicks,
}: Summary): string {
  if (all === 0) return 'No clicks in this period yet.'
  return (
    `Of ${some(all, 'click')}, ` +
    `${human_clicks === 1 ? '1 was by a person' : `${count(human_clicks)} were by people`}, ` +
    `${count(machine_clicks)} by machines such as mail scanners, and ${count(duplicate_clicks)} did ` +
    'not count: repeats within seconds, or visitors beyond the number that one address may have.'
  )
}

/** What the table of texts shows: how many offers have a text that does better. */
export function textsSentence(findings: readonly Finding[]): string {
  const judged = findings.filter(({ code }) => code !== 'not_sent' && code !== 'no_rival')
  if (judged.length === 0)
    return 'No offer has two texts in use that were sent, so there is nothing to compare yet.'
  const clear = judged.filter(({ code }) => ['confirmed_winner', 'probably_best', 'leading'].includes(code))
  const said =
    clear.length === 0
      ? 'No text is clearly ahead of the others of its offer'
      : judged.length === 1
        ? 'One text is ahead of the others of its offer'
        : `In ${clear.length} of ${judged.length} offers one text is ahead`
  return `${said}. Likely best first within its offer; open a text to read all of it.`
}
