import fc from 'fast-check'
import { aClick, aHash, anImpression } from './events.ts'

const hour = 3_600_000
const day = 24 * hour
/**
 * Nearly four months, three of them whole; in them Havana (9 March 2025, at midnight), Oslo (30 March) and Auckland
 * (6 April) change their clocks.
 */
const begin = Date.UTC(2025, 1, 14)
const end = Date.UTC(2025, 5, 7)
/** Where days, months and clocks change. */
const turns = [
  Date.UTC(2025, 2, 1),
  Date.UTC(2025, 2, 9, 5),
  Date.UTC(2025, 2, 30, 1),
  Date.UTC(2025, 3, 1),
  Date.UTC(2025, 3, 5, 14),
  Date.UTC(2025, 4, 1),
  Date.UTC(2025, 5, 1),
]

/** Of `insertPromos`. */
const place = fc.constantFrom(
  { offer_id: 4, variation_id: 42 },
  { offer_id: 4, variation_id: 43 },
  { offer_id: 5, variation_id: 50 },
)
const turn = fc.constantFrom(...turns)
const moment = fc.oneof(
  fc.integer({ min: begin, max: end }),
  fc.tuple(turn, fc.integer({ min: -day, max: day })).map(([at, offset]) => at + offset),
)

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
    .record({
      place,
      at: moment,
      recipients: fc.integer({ min: 0, max: 900 }),
      send: fc.option(fc.uuid()),
      newsletter: fc.constantFrom(null, 'daily', 'weekly'),
    })
    .map(({ place, at, recipients, send, newsletter }) =>
      anImpression({ ...place, at, recipients, newsletter_send_id: send, newsletter }),
    ),
  { maxLength: 15 },
)

const dateOf = (at: number) => new Date(at).toISOString().slice(0, 10)
const date = fc.oneof(
  fc.integer({ min: -3, max: (end - begin) / day }).map((days) => dateOf(begin + days * day)),
  fc.tuple(turn, fc.constantFrom(-1, 0, 1)).map(([at, days]) => dateOf(at + days * day)),
)

/** A period with or without a beginning, a time zone, and which clicks count. */
export const randomPeriod = fc
  .record({
    from: fc.option(date),
    end: date,
    tz: fc.constantFrom('UTC', 'Europe/Oslo', 'America/Havana', 'Asia/Kolkata', 'Pacific/Auckland'),
    counting: fc.constantFrom('all' as const, 'human' as const),
  })
  .map(({ from, end, tz, counting }) => {
    const [first = end, last = end] = [from ?? end, end].sort()
    return { ...(from !== null && { start: first }), end: last, tz, counting }
  })
