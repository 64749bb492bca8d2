import fc from 'fast-check'
import { aClick, aHash, anImpression } from './events.ts'

const hour = 3_600_000
/** Around the days on which Oslo (30 March 2025) and Havana (9 March 2025, at midnight) change their clocks. */
const begin = Date.UTC(2025, 2, 7)
const end = Date.UTC(2025, 3, 2)

/** Of `insertPromos`. */
const place = fc.constantFrom(
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
)
const moment = fc.integer({ min: begin, max: end })

export const randomClicks = fc.array(
  fc
    .record({
      place,
      at: moment,
      verdict: fc.constantFrom('human', 'human', 'machine', 'duplicate'),
      sign: fc.constantFrom('none', 'no_user_agent'),
      visitor: fc.option(fc.integer({ min: 1, max: 6 })),
      device: fc.constantFrom('mobile', 'desktop', null),
      browser: fc.constantFrom('Safari', 'Chrome', null),
      os: fc.constantFrom('iOS', 'Windows', null),
      referrer: fc.constantFrom('mail.google.com', 'outlook.live.com', null),
    })
    .map(({ place, verdict, sign, visitor, ...click }) =>
      aClick({
        ...place,
        ...click,
        verdict,
        reason: verdict === 'human' ? sign : verdict === 'machine' ? 'prefetch' : 'repeated',
        ip_hash: visitor === null ? null : aHash(visitor),
      }),
    ),
  { maxLength: 40 },
)

export const randomImpressions = fc.array(
  fc
    .record({ place, at: moment, recipients: fc.integer({ min: 1, max: 900 }), send: fc.option(fc.uuid()) })
    .map(({ place, at, recipients, send }) =>
      anImpression({ ...place, at, recipients, newsletter_send_id: send }),
    ),
  { maxLength: 15 },
)

const day = fc
  .integer({ min: -3, max: 30 })
  .map((days) => new Date(begin + days * 24 * hour).toISOString().slice(0, 10))

/** A period with or without a beginning, a time zone, and which clicks count. */
export const randomPeriod = fc
  .record({
    from: fc.option(day),
    end: day,
    tz: fc.constantFrom('UTC', 'Europe/Oslo', 'America/Havana', 'Asia/Kolkata', 'Pacific/Auckland'),
    counting: fc.constantFrom('all' as const, 'human' as const),
  })
  .map(({ from, end, tz, counting }) => {
    const [first = end, last = end] = [from ?? end, end].sort()
    return { ...(from !== null && { start: first }), end: last, tz, counting }
  })
