/** Weak signs that a request itself can show; it shows one at the most. */
export const requestSigns = ['no_user_agent', 'stale_user_agent'] as const

export type RequestSign = (typeof requestSigns)[number]

export type Verdict = 'human' | 'machine' | 'duplicate'

/** The verdict on a click, and the rule that gave it. */
export type Classification = { verdict: Verdict; reason: string }

/** Stored with each click, so that a later rule set can tell which clicks it has not judged. */
export const rulesVersion = 2

/** What the rules look at: header values as received, `undefined` where the request had none. */
export type ClickSource = {
  header: (name: string) => string | undefined
  /** Whether the user agent says itself that it is a machine. */
  selfDeclared: boolean
  /** Whether the client has exceeded its clicks a minute. */
  flooding: boolean
}

type Rule = { reason: string; verdict: Verdict; matches: (source: ClickSource) => boolean }

const prefetchHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

/** In order: the first rule that matches decides. */
const rules: readonly Rule[] = [
  {
    reason: 'prefetch',
    verdict: 'machine',
    matches: ({ header }) =>
      prefetchHeaders.some((name) => /prefetch|prerender|preview/i.test(header(name) ?? '')),
  },
  {
    reason: 'self_declared',
    verdict: 'machine',
    matches: ({ selfDeclared }) => selfDeclared,
  },
  { reason: 'flood', verdict: 'machine', matches: ({ flooding }) => flooding },
]

/** Judges one click. Every click is stored whatever the verdict. */
export function classify(source: ClickSource): Classification {
  const rule = rules.find(({ matches }) => matches(source))
  return rule ? { verdict: rule.verdict, reason: rule.reason } : { verdict: 'human', reason: 'none' }
}
