/** Weak signs that a request itself can show; it shows one at the most. */
export const requestSigns = ['no_user_agent', 'stale_user_agent'] as const

export type RequestSign = (typeof requestSigns)[number]

export type Verdict = 'human' | 'machine' | 'duplicate'

/** The verdict on a click, and the rule that gave it. */
export type Classification = { verdict: Verdict; reason: string }

/** Stored with each click, so that a later rule set can tell which clicks it has not judged. */
export const rulesVersion = 4
