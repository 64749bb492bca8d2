import { type Classification, requestSigns } from '../model/verdict.ts'

/** Each of these alone shows that a click was a machine's; in this order, the first that holds is the reason. */
export const conclusiveReasons = [
  'editor',
  'own_network',
  'prefetch',
  'not_navigation',
  'mail_gateway',
  'self_declared',
  'scanner_network',
] as const

export type ConclusiveReason = (typeof conclusiveReasons)[number]

/** Signs that people sometimes show, too, so it takes two. A reason names them in this order. */
export const weakSigns = [
  ...requestSigns,
  'soon_after_send',
  'many_links',
  'many_addresses',
  'only_agent',
  'beside_person',
] as const

export type WeakSign = (typeof weakSigns)[number]

/** The reason of a human click without any sign, and that of a visitor's repeated click on the same promo. */
export const plainReason = 'none'
export const repeatedReason = 'repeated'

/** The reason of a click by a visitor beyond the first few of one address, who count as different people. */
export const crowdedReason = 'crowded_address'

/**
 * The reason of a click beyond the address's clicks per minute. Checked last, and not for machines, which are not
 * counted.
 */
export const floodReason = 'flood'

/** What is known of one click. */
export type ClickEvidence = {
  conclusive: ConclusiveReason | null
  /** What the request itself shows, with a "+" between several signs. */
  sign: string | null
  /** Less than `soonSeconds` after the newest send of its variation. */
  soonAfterSend: boolean
  /** One of `manyVariations` different links that its visitor followed within `manySeconds`. */
  manyLinks: boolean
  /** What only the clicks around it show. */
  around?: readonly WeakSign[]
  /** Its visitor has just clicked the same variation. */
  repeated: boolean
  /** As many other visitors of its address as may count have clicked the variation since its newest send. */
  crowded: boolean
}

/** Counted from the first click of a send. */
export const soonSeconds = 30
export const manySeconds = 10
export const manyVariations = 3
/** This many addresses of one network with the same user agent, on one text within three times this many seconds. */
export const manyAddresses = 8
export const spanSeconds = 60
/** The number of addresses, and the share with one user agent: a network of people has several. */
export const onlyAddresses = 15
export const onlyShare = 0.9
/** A click from a scanning network is a scanner's if somebody else clicked the same text within this time. */
export const besideSeconds = 5

/**
 * From this many visits per month, not counting the first of each text in a send, an address counts as shared by many
 * people. Only a household with a very eager reader comes near; treating it as a crowd does no harm, see
 * `stats/crowds.ts`.
 */
export const crowdVisits = 8

/**
 * User agents that thousands share behind one relay, or all phones of a carrier: that a network shows nothing else says
 * little. A regular expression for both PostgreSQL and JavaScript.
 */
export const sharedAgent = 'Mobile|Android|iPhone|iPad|Version/[0-9.]+ Safari'

/**
 * The verdict on one click: a conclusive reason or two weak signs make it a machine's; then a repeated or crowded one
 * is a duplicate; all others are a person's, and the reason names the weak sign, if there is one.
 */
export function judge(evidence: ClickEvidence): Classification {
  const { conclusive, sign, soonAfterSend, manyLinks, around = [], repeated, crowded } = evidence
  if (conclusive !== null) return { verdict: 'machine', reason: conclusive }
  // Many clicks at once, right after delivery, are one sign and not two.
  const soon = soonAfterSend && !around.includes('many_addresses')
  const first = soon ? joined(sign, 'soon_after_send') : sign
  const own = manyLinks ? joined(first, 'many_links') : first
  const signs = around.reduce((known, one) => joined(known, one), own)
  if (signs?.includes('+')) return { verdict: 'machine', reason: signs }
  if (repeated) return { verdict: 'duplicate', reason: repeatedReason }
  if (crowded) return { verdict: 'duplicate', reason: crowdedReason }
  return { verdict: 'human', reason: signs ?? plainReason }
}

const joined = (signs: string | null, sign: WeakSign): string | null =>
  signs === null ? sign : `${signs}+${sign}`
