import { lists } from '../http/header-list.ts'
import { type ConclusiveReason, conclusiveReasons } from './judge.ts'
import type { UserAgentFinding } from './user-agent.ts'

/** What the conclusive rules look at. */
export type ClickSource = {
  /** Header values as received, by names in lower case; `undefined` if the request had none. */
  header: (name: string) => string | undefined
  userAgent: UserAgentFinding
  /** Whether the client's address is in a network of mail scanners. */
  inScannerNetwork: boolean
  /** Which kind of insider clicked, if it was one. */
  insider: Insider | null
}

/** Somebody with an editor's session, or in a network that the settings name. */
export type Insider = Extract<ConclusiveReason, 'editor' | 'own_network'>

const prefetchHeaders = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz']

const rules: Record<ConclusiveReason, (source: ClickSource) => boolean> = {
  editor: ({ insider }) => insider === 'editor',
  own_network: ({ insider }) => insider === 'own_network',
  prefetch: ({ header }) => prefetchHeaders.some((name) => saysPrefetch(header(name))),
  not_navigation: ({ header }) => isOther(header('sec-fetch-mode')),
  mail_gateway: ({ userAgent }) => userAgent === 'mail_gateway',
  self_declared: ({ userAgent }) => userAgent === 'self_declared',
  scanner_network: ({ inScannerNetwork }) => inScannerNetwork,
}

/** The first conclusive reason that holds, in their order. */
export const conclusiveReasonOf = (source: ClickSource): ConclusiveReason | null =>
  conclusiveReasons.find((reason) => rules[reason](source)) ?? null

/** Requests that a browser makes for a page, not because somebody follows a link. */
const isOther = (mode: string | undefined): boolean => !!mode && !lists(mode, 'navigate')

const saysPrefetch = (value: string | undefined): boolean =>
  value !== undefined && /prefetch|prerender|preview/i.test(value)
