import { type Classification, rulesVersion } from '../model/verdict.ts'
import type { Identity } from '../model/visitor.ts'
import { createCrowds } from './crowds.ts'
import { crowdedReason, floodReason, judge } from './judge.ts'
import type { ScannerNetwork } from './network-list.ts'
import { createNetworkLookup } from './networks.ts'
import { createRecentClicks } from './recent-clicks.ts'
import { createRecentSends, type RecentSends } from './recent-sends.ts'
import { conclusiveReasonOf, type Insider } from './rules.ts'
import { createUserAgentReader, type UserAgentFinding } from './user-agent.ts'

/** What is known of a click when it arrives. */
export type ClickFacts = {
  /** Milliseconds since 1970. */
  at: number
  variationId: number
  header: (name: string) => string | undefined
  userAgent: string | null | undefined
  /** Whether the visitor's own browser sent the request; a caller that reports a click may leave out the user agent. */
  direct: boolean
  /** The client's address, which is looked up and forgotten. */
  address: string | null | undefined
  /** Which kind of insider clicked, if it was one. */
  insider: Insider | null
  /** Who clicked; a click of an unknown visitor is judged by itself. */
  visitor: Identity | null
  /** Whether the visitor's hash is stored with the click. If not, settling cannot find out more than is found here. */
  hashed: boolean
  /** Counts the click, and returns whether its address has exceeded its clicks per minute. Not called for machines. */
  flooding: () => boolean
}

/** The provisional verdict, and what the final one needs from it. */
export type Judgement = Classification & {
  sign: string | null
  rules_version: number
  /**
   * For a visitor whose hash is not stored: whether this is the first click that counts on this text since its send.
   */
  newcomer: boolean | null
}

export type Classifier = {
  /** Judges a click at once from what this process remembers, and remembers it. */
  classify: (facts: ClickFacts) => Judgement
  noteSend: RecentSends['note']
  /**
   * Forgets visitors who were remembered long enough. To be called at least once an hour, with milliseconds since 1970.
   */
  fade: (at: number) => void
}

/**
 * Puts the rules together; `duplicateSeconds` is the window in which a visitor's second click counts as the same, and
 * `visitorsPerAddress` how many visitors of one address count as different people for a text in a send.
 */
export function createClassifier(options: {
  networks: readonly ScannerNetwork[]
  duplicateSeconds: number
  visitorsPerAddress: number
}): Classifier {
  const userAgents = createUserAgentReader()
  const networkOf = createNetworkLookup(options.networks)
  const clicks = createRecentClicks(options.duplicateSeconds)
  const crowds = createCrowds(options.visitorsPerAddress)
  const sends = createRecentSends()
  return {
    noteSend: sends.note,
    fade(at) {
      clicks.fade(at)
      crowds.fade(at)
    },
    classify({ at, variationId, header, userAgent, direct, address, insider, visitor, hashed, flooding }) {
      const found = userAgents(userAgent)
      const network = address ? networkOf(address) : undefined
      const seen = network?.seen ?? false
      const inScannerNetwork = network !== undefined && !seen
      const sign = signOf(found, direct, header('signature-agent') !== undefined, seen)
      const recent = visitor === null ? undefined : clicks.of(visitor.visitor, at)
      const approach = visitor && { visitor, variationId, sentAt: sends.newestOf(variationId), at }
      const standing = approach ? crowds.standingOf(approach) : null
      const judged = judge({
        conclusive: conclusiveReasonOf({ header, userAgent: found, inScannerNetwork, insider }),
        sign,
        soonAfterSend: sends.isSoonAfter(variationId, at),
        manyLinks: recent?.hasMany(variationId, at) ?? false,
        repeated: recent?.isRepeated(variationId, at) ?? false,
        crowded: standing === 'crowded',
      })
      const { verdict, reason } = judged.verdict !== 'machine' && flooding() ? flood : judged
      recent?.add(variationId, at, verdict === 'human' || reason === crowdedReason)
      const arrives = verdict === 'human' && standing === 'newcomer'
      if (approach && arrives) crowds.admit(approach)
      const newcomer = hashed || visitor === null ? null : arrives
      return { verdict, reason, sign, rules_version: rulesVersion, newcomer }
    },
  }
}

const flood: Classification = { verdict: 'machine', reason: floodReason }

function signOf(found: UserAgentFinding, direct: boolean, signed: boolean, seen: boolean): string | null {
  const named = found === 'stale_user_agent' || (found === 'no_user_agent' && direct) ? found : null
  const agent = signed ? (named === null ? 'signed_agent' : `${named}+signed_agent`) : named
  return seen ? (agent === null ? 'seen_network' : `${agent}+seen_network`) : agent
}
