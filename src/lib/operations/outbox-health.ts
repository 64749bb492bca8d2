import type { OutboxReadings } from '../outbox/outbox.ts'

/** Milliseconds for which a target may fail until it is told: what is to be told to it waits. */
const longestFailing = 60_000

const toldOf = ({ fault, failingFor, waiting, refused, age, sent, givenUp }: OutboxReadings) => ({
  ok: failingFor === 0,
  ...(fault && { fault: fault.code }),
  waiting,
  refused,
  oldest_seconds: Math.round(age),
  sent,
  given_up: givenUp,
  failing_seconds: Math.round(failingFor / 1_000),
})

/** The part of the health that is about clicks which Matomo is to be told of: whether it is degraded, hints, and figures. */
export function matomoHealth(readings: OutboxReadings) {
  const { fault, failingFor, refused, givenUp } = readings
  return {
    degraded: failingFor > longestFailing,
    hints: [
      fault?.advice ?? false,
      refused > 0 &&
        'Matomo refuses clicks, which are tried again for two weeks: see PROMO_MATOMO_SITE_ID, the permissions of PROMO_MATOMO_TOKEN, and whether Matomo deletes old logs',
      givenUp > 0 && `${givenUp} clicks for Matomo were given up since the start`,
    ],
    told: toldOf(readings),
  }
}

/** The same for messages to webhooks. Those that fail are somebody else's, so they make nothing degraded. */
export const webhooksHealth = (readings: OutboxReadings) => ({
  used: readings.waiting + readings.sent + readings.givenUp > 0,
  hints: [
    readings.failingFor > longestFailing &&
      'a webhook does not accept its messages: see “promo webhook list”',
    readings.givenUp > 0 && `${readings.givenUp} messages to webhooks were given up since the start`,
  ],
  told: toldOf(readings),
})
