import { LRUCache } from 'lru-cache'
import type { RequestSign } from '../model/verdict.ts'
import { anyOf } from './any-of.ts'
import type { ConclusiveReason } from './judge.ts'
import { isSelfDeclared } from './self-declared.ts'
import { isStale } from './stale-user-agent.ts'

/** What a user agent says about its sender; `null` if nothing that matters. */
export type UserAgentFinding =
  | Extract<ConclusiveReason, 'self_declared' | 'mail_gateway'>
  | RequestSign
  | null

/** Looks up what a user agent says; `undefined` and the empty text count as none. */
export type UserAgentReader = (userAgent: string | null | undefined) => UserAgentFinding

/**
 * Services that scan mail and give their name. Only names that no person's browser has: consumer antivirus programs
 * have browsers of their own and are left out.
 */
const mailGateway = anyOf(
  /barracuda|mimecast|proofpoint|url ?defense|safe ?links|messagelabs|fireeye|trellix|ironport/,
  /cisco ?secure ?email|forti(?:mail|sandbox)|hornetsecurity|spam(?:experts|titan)|avanan|cloudmark/,
  /vade ?secure|mailguard|mailcontrol|\bcyren\b|ironscales|perception ?point|\bTMES\b/,
  /gmail-content-sampling/,
)

/** What a user agent says, computed each time. */
export function readUserAgent(userAgent: string | null | undefined): UserAgentFinding {
  if (!userAgent) return 'no_user_agent'
  // The more specific check comes first: most user agents of these services also look like a program's.
  if (mailGateway.test(userAgent)) return 'mail_gateway'
  if (isSelfDeclared(userAgent)) return 'self_declared'
  return isStale(userAgent) ? 'stale_user_agent' : null
}

/** No browser says more; headers may be as long as 16 kB, and thousands of those would fill the memory. */
const longest = 1_000

/** Remembers the answers: the mail programs and browsers of a newsletter's readers are few. */
export function createUserAgentReader(): UserAgentReader {
  const known = new LRUCache<string, { finding: UserAgentFinding }>({ max: 5_000 })
  return (userAgent) => {
    if (!userAgent) return 'no_user_agent'
    const remembered = known.peek(userAgent)
    if (remembered !== undefined) return remembered.finding
    const finding = readUserAgent(userAgent.slice(0, longest))
    if (userAgent.length <= longest) known.set(userAgent, { finding })
    return finding
  }
}
