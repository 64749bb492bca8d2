import type { Counting } from '../model/report-query.ts'
import { count, percent, periodName } from './formats.ts'

/** A probability from 0 to 1. Never 0 % or 100 %, since nothing is certain. */
export function chance(share: number): string {
  if (share > 0.99) return 'over 99 %'
  if (share < 0.01) return 'under 1 %'
  return `${Math.round(share * 100)} %`
}

/** The chance of one of so many candidates to be chosen: the only one is certain, and without a share it has none. */
export const chanceAmong = (share: number, candidates: number): string =>
  candidates === 1 ? 'certain' : share === 0 ? 'none' : chance(share)

/** Points of click rate that a choice loses, as clicks of a thousand recipients. */
export function lostClicks(points: number): string {
  if (points === 0) return 'none'
  return points < 0.005 ? 'under 0.1' : (points * 10).toFixed(1)
}

/** "1 send", "2 sends". */
export const some = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`

type NamedOffer = { offer_name: string }

/** Names an offer by what comes before a dash or colon in its name, unless two of `offers` would get the same name. */
export function shortNames(offers: readonly NamedOffer[]): (offer: NamedOffer) => string {
  const short = ({ offer_name }: NamedOffer): string =>
    offer_name.replace(/(\s[-–—|]|:)\s.*$/s, '').trim() || offer_name
  const shared = Map.groupBy(offers, short)
  return (offer) => (shared.get(short(offer))?.length === 1 ? short(offer) : offer.offer_name)
}

/** Keeps a symbol, such as an arrow at the end of a call to action, on the line of the word before it. */
export const keepTail = (text: string): string => text.replace(/ (?=[^\p{L}\p{N}\s]+$)/u, '\u00A0')

/** Clicks that count for the reader: those by people, or all. */
export const clicksOf = (row: { clicks: number; human_clicks: number }, counting: Counting): number =>
  counting === 'human' ? row.human_clicks : row.clicks

/** The rate that goes with `clicksOf`. */
export const rateOf = (row: { ctr: number | null; human_ctr: number | null }, counting: Counting) =>
  counting === 'human' ? row.human_ctr : row.ctr

const newFor = 86_400_000
/** After this many milliseconds nearly all clickers of a send have clicked. */
export const complete = 3 * newFor

type RatedSend = { sent_at: string; ctr: number | null; human_ctr: number | null }

/** Whether a send is too new to have most of its clicks. `now` is in milliseconds since 1970. */
export const isNew = ({ sent_at }: { sent_at: string }, now: number): boolean =>
  now - Date.parse(sent_at) < newFor

/** A send's rate, which says little until most of its clicks have come. `now` is in milliseconds since 1970. */
export const sendRate = (send: RatedSend, counting: Counting, now: number): string =>
  (rateOf(send, counting) ?? 0) > 100
    ? `${percent(rateOf(send, counting))}, recipients missing?`
    : percent(rateOf(send, counting)) + (isNew(send, now) ? ' so far' : '')

/** `2025-10-18` as 18 Oct 2025. */
export const dayWords = (day: string): string => periodName(day, 'day')

/** The days of a range: "18 Sep 2025 to 18 Oct 2025", or the one that it is. */
export const rangeWords = ({ start, end }: { start: string; end: string }): string =>
  start === end ? dayWords(start) : `${dayWords(start)} to ${dayWords(end)}`

/** Writes moments, given as ISO 8601, in a reader's time zone: 18 Oct 2025, 08:30. */
export function momentsIn(timeZone: string): (moment: string) => string {
  const form = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone })
  // As dates are written elsewhere.
  return (moment) => form.format(Date.parse(moment)).replace('Sept', 'Sep')
}

/** Each of these reasons alone decides. */
const reasons: Record<string, string> = {
  none: 'A person: nothing suggests otherwise',
  editor: 'An editor of this site, signed in',
  own_network: 'From one of the site’s own networks (PROMO_OWN_NETWORKS)',
  prefetch: 'A browser or app loaded the link in advance; nobody clicked',
  not_navigation: 'A browser fetched the link as part of a page; nobody followed it',
  self_declared: 'A program that identifies itself as one',
  mail_gateway: 'A mail server that checks links, going by its name',
  scanner_network: 'From a network known to check mail',
  flood: 'More clicks from one place than a person makes',
  repeated: 'The same visitor again within seconds',
  crowded_address: 'From an address with more visitors than count as different people',
}

/** One of these leaves a click a person’s, though uncertain; two together make it a machine’s. */
const signs: Record<string, string> = {
  no_user_agent: 'it named no browser',
  stale_user_agent: 'it named a browser that scanners pretend to be',
  soon_after_send: 'it was one of the first of its send, within seconds',
  many_links: 'many links were opened at once',
  signed_agent: 'an automated agent signed its request',
  seen_network: 'it came from a network that scans mail',
  many_addresses: 'the same browser came from many addresses of a network at once',
  only_agent: 'no other browser came from its network',
  beside_person: 'somebody else clicked the same text at that moment',
}

/** Why a click was judged as it was; an unknown rule is shown by its own name. */
export function reasonWords(reason: string): string {
  const known = reasons[reason]
  if (known !== undefined) return known
  const shown = reason.split('+').map((sign) => signs[sign])
  if (shown.includes(undefined)) return titled(reason)
  return `${shown.length > 1 ? 'A machine' : 'A person, uncertain'}: ${shown.join(', and ')}`
}

const places: Record<string, string> = {
  none: 'Not given (most mail programs)',
  '(other)': 'Others',
  unknown: 'Not known',
}

/** A device, browser, system or referrer as a reader would call it. */
export const placeWords = (value: string): string =>
  places[value] ?? (value.includes('.') || /[A-Z]/.test(value) ? value : titled(value))

const titled = (name: string): string => {
  const words = name.replaceAll('_', ' ').trim()
  return words.charAt(0).toUpperCase() + words.slice(1)
}
