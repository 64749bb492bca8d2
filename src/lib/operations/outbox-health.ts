import type { OutboxReadings } from '../outbox/outbox.ts'

/** Milliseconds for which a target may fail before it is reported: what is to be sent to it is kept. */
const longestFailing = 60_000

const figuresOf = ({ fault, failingFor, waiting, refused, age, sent, givenUp }: OutboxReadings) => ({
  ok: failingFor === 0,
  ...(fault && { fault: fault.code }),
  waiting,
  refused,
  oldest_seconds: Math.round(age),
  sent,
  given_up: givenUp,
  failing_seconds: Math.round(failingFor / 1_000),
})

/** The part of health about clicks for Matomo: whether it is degraded, hints, and figures. */
export function matomoHealth(readings: OutboxReadings) {
  const { fault, failingFor, refused, givenUp } = readings
  return {
    degraded: failingFor > longestFailing,
    hints: [
      fault?.advice ?? false,
      refused > 0 &&
        'Matomo refuses clicks, which are tried again for two weeks: see PROMO_MATOMO_SITE_ID, the ' +
          'permissions of PROMO_MATOMO_TOKEN, and whether Matomo deletes old logs',
      givenUp > 0 && `${givenUp} clicks for Matomo were given up since the start`,
    ],
    told: figuresOf(readings),
  }
}

/** The same for messages to webhooks. Receivers that fail are somebody else's, so they do not make health degraded. */
export const webhooksHealth = (readings: OutboxReadings) => ({
  used: readings.waiting + readings.sent + readings.givenUp > 0,
  hints: [
    (readings.failingFor > longestFailing || readings.refused > 0) &&
      'a webhook does not accept its messages: see “promo webhook list”',
    readings.givenUp > 0 && `${readings.givenUp} messages to webhooks were given up since the start`,
  ],
  told: figuresOf(readings),
})
