import { type Classification, requestSigns } from '../model/verdict.ts'

/** Each of these alone says that a click was a machine's; in this order, the first that holds is the reason. */
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

/** Signs that people show as well, now and then; it takes two. In this order they are named in a reason. */
export const weakSigns = [
  ...requestSigns,
  'soon_after_send',
  'many_links',
  'many_addresses',
  'only_agent',
  'beside_person',
] as const

export type WeakSign = (typeof weakSigns)[number]

/** The reason of a human click that nothing speaks against, and of a visitor's click on the same promo again. */
export const plainReason = 'none'
export const repeatedReason = 'repeated'

/** The reason of a click by a visitor beyond the first few of one address, who count as different people. */
export const crowdedReason = 'crowded_address'

/**
 * The reason of a click beyond its address's clicks a minute. Asked last, and of no machine: it is not counted
 * there.
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
  /** What the clicks around it show that nobody can see at once. */
  around?: readonly WeakSign[]
  /** Its visitor has just clicked the same variation. */
  repeated: boolean
  /** As many others of its address as count have clicked the variation since its newest send. */
  crowded: boolean
}

/** Counted from the first click of a send. */
export const soonSeconds = 30
export const manySeconds = 10
export const manyVariations = 3
/** So many addresses of one network with the same user agent, on one text within three times as many seconds. */
export const manyAddresses = 8
export const spanSeconds = 60
/** The number of addresses, and the share with one user agent: a network of people has several. */
export const onlyAddresses = 15
export const onlyShare = 0.9
/** Somebody else's click on the same text so close makes one of a network that scans a scanner's. */
export const besideSeconds = 5

/**
 * Visits of an address in a month beyond its first one of each text in a send, from which on many people share
 * it. A household comes near with none but its most eager reader; to take it for a crowd does no harm, see
 * `stats/crowds.ts`.
 */
export const crowdVisits = 8

/**
 * User agents that thousands share behind one relay, or all phones of a carrier: that a network shows nothing else says
 * little. A condition for both the database and this language.
 */
export const sharedAgent = 'Mobile|Android|iPhone|iPad|Version/[0-9.]+ Safari'

/**
 * The verdict on one click: a conclusive reason or two weak signs make it a machine's; then a repeated or
 * crowded one is a duplicate; all others are a person's, and the reason names the one weak sign that there may
 * be.
 */
export function judge(evidence: ClickEvidence): Classification {
  const { conclusive, sign, soonAfterSend, manyLinks, around = [], repeated, crowded } = evidence
  if (conclusive !== null) return { verdict: 'machine', reason: conclusive }
  // That many come at once, as soon as mail is out, is one sign and not two.
  const soon = soonAfterSend && !around.includes('many_addresses')
  const first = soon ? joined(sign, 'soon_after_send') : sign
  const told = manyLinks ? joined(first, 'many_links') : first
  const signs = around.reduce((known, one) => joined(known, one), told)
  if (signs?.includes('+')) return { verdict: 'machine', reason: signs }
  if (repeated) return { verdict: 'duplicate', reason: repeatedReason }
  if (crowded) return { verdict: 'duplicate', reason: crowdedReason }
  return { verdict: 'human', reason: signs ?? plainReason }
}

const joined = (signs: string | null, sign: WeakSign): string | null =>
  signs === null ? sign : `${signs}+${sign}`
