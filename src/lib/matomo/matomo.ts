import type { Result } from '../base/result.ts'
import type { Links } from '../links/two-sources.ts'
import { jsonOf, type NeighbourFault, openNeighbour, type Refusal } from '../neighbours/neighbour.ts'
import { type Outcome, refuse, type Target } from '../outbox/target.ts'
import type { OutboxRow } from '../store/outbox.ts'
import type { ClickNotice } from '../store/settle-outbox.ts'
import { judgeAnswer, whoRefuses } from './bulk-answer.ts'
import type { MatomoSettings } from './settings.ts'
import { readClick, trackingRequest } from './tracking-request.ts'

/** Clicks at a time: Matomo takes some milliseconds for each. */
const most = 50
/** In milliseconds. What is sent again because no answer arrived in time may have been tracked. */
const usualPatience = 30_000
const longestAnswer = 64 * 1024
/**
 * Age in seconds from which a click needs the token's permission, with an hour of margin: these are not mixed with
 * others.
 */
const old = 23 * 3_600

/** Matomo as a target of the outbox, by its bulk tracking. */
export function openMatomo({
  settings,
  siteUrl,
  links,
  elapsed,
  now,
  patience = usualPatience,
}: {
  settings: MatomoSettings
  siteUrl: string
  links: Pick<Links, 'peek'>
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  /** Milliseconds since 1970. */
  now: () => number
  patience?: number
}): Target & { stop(): void } {
  const { url, token } = settings
  const neighbour = openNeighbour({ most: longestAnswer, secrets: () => [token], advise, elapsed })

  const requestOf = (click: ClickNotice): string => {
    const destination = click.slug === null ? undefined : links.peek(click.slug)?.location
    return trackingRequest(click, { ...settings, siteUrl, destination })
  }
  const isOld = ({ at }: ClickNotice): boolean => now() / 1_000 - at > old

  return {
    name: 'matomo',
    most,
    async send(rows) {
      const read = rows.map((row) => ({ row, click: readClick(row.body) }))
      const refused = read.flatMap(({ row, click }) => (click ? [] : [refuse(row, 'is not a click')]))
      const clicks = read.flatMap(({ row, click }) => (click ? [{ row, click }] : []))
      const [first] = clicks
      if (!first) return { done: [], givenUp: 0, refused }
      const batch = clicks.filter(({ click }) => isOld(click) === isOld(first.click))
      const requests = batch.map(({ click }) => requestOf(click))
      const answer = await neighbour.ask({
        // A queue of Matomo's would answer with an image, which says nothing about what was accepted.
        url: `${url}/matomo.php?queuedtracking=0`,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify({ requests, token_auth: token }),
        patience,
      })
      const outcome = judge(
        batch.map(({ row }) => row),
        answer.ok ? jsonOf(answer.value) : answer,
      )
      return { ...outcome, refused: [...refused, ...outcome.refused] }
    },
    stop: neighbour.stop,
  }
}

function judge(rows: readonly OutboxRow[], body: Result<unknown, NeighbourFault>): Outcome {
  const judged = body.ok ? judgeAnswer(rows.length, body.value) : body
  if (!judged.ok) return { done: [], givenUp: 0, refused: [], fault: judged.fault }
  const { refused, unnamed } = judged.value
  const all = rows.length > 1 && refused.size === rows.length
  return {
    done: rows.flatMap(({ id }, index) => (refused.has(index) ? [] : [id])),
    givenUp: unnamed,
    refused: rows
      .filter((_, index) => refused.has(index))
      .map((row) => refuse(row, 'Matomo says it is invalid')),
    ...(all && { fault: { code: 'refused', message: 'refuses all clicks', advice: whoRefuses } }),
  }
}

function advise({ status, redirectedTo }: Refusal): string | undefined {
  if (status >= 300 && status < 400)
    return (
      `Matomo redirects${redirectedTo === undefined ? '' : ` to ${redirectedTo}`}, which is not ` +
      'followed: set PROMO_MATOMO_URL to the final address'
    )
  if (status === 404) return 'There is no matomo.php at PROMO_MATOMO_URL'
  if (status === 400 || status === 401 || status === 403) return whoRefuses
  return undefined
}
