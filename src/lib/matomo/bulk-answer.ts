import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import type { NeighbourFault } from '../neighbours/neighbour.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const bulkAnswer = v.object({
  status: v.literal('success'),
  tracked: count,
  invalid: count,
  /** Only if the token is a super user's. */
  invalid_indices: v.optional(v.array(count)),
})

/** Which requests of a batch were refused; `unnamed` is the number of further ones that Matomo did not name. */
export type Judged = { refused: ReadonlySet<number>; unnamed: number }

export const whoRefuses =
  'Matomo refuses clicks: PROMO_MATOMO_SITE_ID must be a site there, and PROMO_MATOMO_TOKEN needs ' +
  'write permission for it'

/**
 * Interprets Matomo's answer to `sent` requests. It counts tracked and invalid ones, but neither those that it skipped
 * because of a database lock, nor any while tracking is switched off: then it is unknown which arrived.
 */
export function judgeAnswer(sent: number, body: unknown): Result<Judged, NeighbourFault> {
  const read = v.safeParse(bulkAnswer, body)
  if (!read.success)
    return fail({
      code: 'unsuitable',
      message: 'answered with something other than an answer to bulk tracking',
      advice: 'PROMO_MATOMO_URL must be where matomo.php is, and its plugin BulkTracking must be active',
    })
  const { tracked, invalid, invalid_indices: indices = [] } = read.output
  if (tracked === 0 && invalid === 0)
    return fail({
      code: 'failing',
      message: `tracked none of ${sent} clicks`,
      advice: 'Matomo tracks nothing: check whether tracking is switched off there (record_statistics)',
    })
  if (tracked >= sent) return ok({ refused: new Set(), unnamed: 0 })
  if (tracked + invalid !== sent)
    return fail({ code: 'failing', message: `tracked ${tracked} of ${sent} clicks, and refused ${invalid}` })
  if (tracked === 0)
    return ok({ refused: new Set(Array.from({ length: sent }, (_, index) => index)), unnamed: 0 })
  const refused = new Set(indices.filter((index) => index < sent))
  return ok(refused.size === invalid ? { refused, unnamed: 0 } : { refused: new Set(), unnamed: invalid })
}
