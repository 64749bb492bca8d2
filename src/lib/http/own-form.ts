import type { Log } from '../base/log.ts'
import { type Answer, plainText } from './answer.ts'

/** Where a form was sent from, according to the browser, and the origin at which the request arrived. */
type Form = { origin: string | null | undefined; at: string }

/**
 * Whether a form was sent from a page of this site: at the address of the request, or at the public one behind a proxy.
 * Browsers send the origin of a form, and no page can forge it.
 */
export const isOwnForm = ({ origin, at }: Form, siteUrl: string): boolean =>
  origin === at || origin === siteUrl

/** Milliseconds until it is logged again. */
const quietFor = 3_600_000

/**
 * Answers forms from elsewhere. If a proxy ends TLS and `SITE_URL` is not set, the site's own forms look like that: the
 * answer and the log name the setting.
 */
export function createForeignForms(options: { siteUrl: string; now: () => number; log: Log }) {
  const { siteUrl, now, log } = options
  let warnedAt = Number.NEGATIVE_INFINITY

  return (origin: Form['origin']): Answer => {
    const from = origin && /^https?:\/\/[^\s/]{1,255}$/.test(origin) ? origin : undefined
    const message = from
      ? `This form was sent from ${from}, and this site is at ${siteUrl}. If people see it at ${from}, ` +
        `its operator must set SITE_URL=${from} and restart it.`
      : 'Send this form from a page of this site.'
    if (from && Math.abs(now() - warnedAt) >= quietFor) {
      warnedAt = now()
      log.warn({ origin: from, SITE_URL: siteUrl }, `a form was refused: ${message}`)
    }
    return { ...plainText(message, 'text/plain; charset=utf-8'), status: 403 }
  }
}
