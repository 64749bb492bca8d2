/** Weak signs that a request itself can show, in the order in which a reason names them. */
export const requestSigns = ['no_user_agent', 'stale_user_agent', 'signed_agent', 'seen_network'] as const

export type RequestSign = (typeof requestSigns)[number]

/** Whether a text names such signs, with a "+" between them. */
export const areRequestSigns = (text: string): boolean =>
  text.split('+').every((name) => requestSigns.some((sign) => sign === name))

export type Verdict = 'human' | 'machine' | 'duplicate'

/** The verdict on a click, and the rule that gave it. */
export type Classification = { verdict: Verdict; reason: string }

/** Stored with each click, so that later rules know which clicks they have not judged. */
export const rulesVersion = 5
