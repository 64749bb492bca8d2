import type { MauticReadings } from '../mautic/background.ts'

/**
 * Milliseconds for which Mautic may fail before it is reported, so that more than one attempt has failed; reports stay
 * unchanged.
 */
const longestFailing = 120_000
const mostNamed = 20

/** The part of health about recipients from Mautic. While the database is away, health reports only that. */
export const mauticHealth = ({ fault, failingFor, obstacles, asked }: MauticReadings) => ({
  degraded: fault?.code !== 'database' && failingFor > longestFailing,
  hints: [
    fault?.advice ?? false,
    obstacles.length > 0 &&
      'e-mails of Mautic cannot be counted: see mautic.left_out, and use "promo mautic-map" to say ' +
        'which send they belong to and which text they show',
  ],
  told: {
    ok: !fault,
    ...(fault && { fault: fault.code }),
    emails: asked ?? null,
    failing_seconds: Math.round(failingFor / 1_000),
    left_out: obstacles.slice(0, mostNamed).map(({ email_id, reason }) => ({ email_id, reason })),
  },
})
