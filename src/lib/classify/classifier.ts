import { floodReason, judge } from './judge.ts'
import type { ScannerNetwork } from './network-list.ts'
import { createNetworkLookup, parseNetwork } from './networks.ts'
import { createRecentClicks } from './recent-clicks.ts'
import { createRecentSends, type RecentSends } from './recent-sends.ts'
import { conclusiveReasonOf } from './rules.ts'
import { createUserAgentReader, type UserAgentFinding } from './user-agent.ts'
import { type Classification, type RequestSign, rulesVersion } from './verdict.ts'

/** What is known of a click when it comes. */
export type ClickFacts = {
  /** Milliseconds since 1970. */
  at: number
  variationId: number
  header: (name: string) => string | undefined
  userAgent: string | null | undefined
  /** Whether the visitor's own browser asks here; whoever reports a click may leave the user agent out. */
  direct: boolean
  /** The client's address, which is looked up and forgotten. */
  address: string | null | undefined
  /** The visitor's hash; without one a click is judged by itself. */
  visitor: string | null
  /** Counts the click, and tells whether its address has had more than its clicks a minute. Machines are not counted. */
  flooding: () => boolean
}

/** The provisional verdict, and what of it the final one has to know. */
export type Judgement = Classification & { sign: RequestSign | null; rules_version: number }

export type Classifier = {
  /** Judges a click at once, by what this process remembers, and remembers it. */
  classify: (facts: ClickFacts) => Judgement
  noteSend: RecentSends['note']
}

/** Puts the rules together; `duplicateSeconds` is the window in which a visitor's second click counts as the same. */
export function createClassifier(options: {
  networks: readonly ScannerNetwork[]
  duplicateSeconds: number
}): Classifier {
  const userAgents = createUserAgentReader()
  const ranges = options.networks.map(({ cidr }) => parseNetwork(cidr))
  const networkOf = createNetworkLookup(ranges.filter((range) => range !== undefined))
  const clicksOf = createRecentClicks(options.duplicateSeconds)
  const sends = createRecentSends()
  return {
    noteSend: sends.note,
    classify({ at, variationId, header, userAgent, direct, address, visitor, flooding }) {
      const found = userAgents(userAgent)
      const inScannerNetwork = address ? networkOf(address) !== -1 : false
      const sign = signOf(found, direct)
      const recent = visitor === null ? undefined : clicksOf(visitor)
      const judged = judge({
        conclusive: conclusiveReasonOf({ header, userAgent: found, inScannerNetwork }),
        sign,
        soonAfterSend: sends.isSoonAfter(variationId, at),
        manyLinks: recent?.hasMany(variationId, at) ?? false,
        repeated: recent?.isRepeated(variationId, at) ?? false,
      })
      const { verdict, reason } = judged.verdict !== 'machine' && flooding() ? flood : judged
      recent?.add(variationId, at, verdict === 'human')
      return { verdict, reason, sign, rules_version: rulesVersion }
    },
  }
}

const flood: Classification = { verdict: 'machine', reason: floodReason }

function signOf(found: UserAgentFinding, direct: boolean): RequestSign | null {
  if (found === 'no_user_agent') return direct ? found : null
  return found === 'stale_user_agent' ? found : null
}
