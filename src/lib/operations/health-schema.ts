import * as v from 'valibot'
import { goals, strategies } from '../model/selection.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const leftOut = <Key extends v.ObjectEntries>(key: Key) => v.array(v.object({ ...key, reason: v.string() }))

/** Parts that may not work. */
const healthReasons = [
  'database',
  'migrated',
  'journal',
  'journal_deleted',
  'events_wait',
  'unchecked_clicks',
  'links',
  'variations',
  'strapi',
  'strapi_offers',
  'matomo',
  'mautic',
] as const

const neighbourFault = v.picklist(['unreachable', 'refused', 'unsuitable', 'busy', 'failing'])

/** What is waiting in the outbox. */
const outboxReadings = {
  ok: v.boolean(),
  fault: v.exactOptional(neighbourFault),
  waiting: v.pipe(count, v.description('What is waiting to be sent, for all instances.')),
  refused: v.pipe(count, v.description('Those of them that were refused and will be retried.')),
  oldest_seconds: v.pipe(count, v.description('Age of the oldest of them.')),
  sent: v.pipe(count, v.description('What this process has sent since its start.')),
  given_up: v.pipe(count, v.description('What this process has given up since its start.')),
  failing_seconds: count,
}

/** The answer of `GET health`. */
export const healthSchema = v.object({
  status: v.picklist(['ok', 'degraded']),
  reasons: v.exactOptional(v.array(v.picklist(healthReasons))),
  version: v.exactOptional(v.pipe(v.string(), v.description('The version of the promo tracking.'))),
  database: v.object({
    ok: v.boolean(),
    fault: v.exactOptional(v.picklist(['unavailable', 'timeout', 'conflict', 'refused', 'unsuitable'])),
    message: v.exactOptional(v.pipe(v.string(), v.description('What somebody has to correct.'))),
  }),
  migrated: v.pipe(v.boolean(), v.description("Whether the database has this version's tables.")),
  journal: v.object({
    ok: v.boolean(),
    fault: v.exactOptional(v.picklist(['full', 'unwritable', 'hangs'])),
    depth: v.pipe(count, v.description('Events that are waiting for the database.')),
    age_seconds: v.pipe(v.number(), v.description('Age of the oldest of them.')),
    bytes: count,
    damaged_bytes: v.pipe(count, v.description('Journal lines that could not be read and were set aside.')),
    kept_bytes: v.pipe(count, v.description('What was recorded and is kept in case of a failover.')),
    last_flush: v.nullable(v.pipe(v.string(), v.isoTimestamp())),
  }),
  rejects: v.pipe(count, v.description('Events that the database rejected.')),
  waiting_conversions: v.exactOptional(
    v.pipe(count, v.description('Conversions whose click or send is not known yet, up to a thousand.')),
  ),
  selection: v.exactOptional(
    v.object({
      strategy: v.picklist(strategies),
      goal: v.pipe(v.picklist(goals), v.description('What `thompson` wants most of.')),
      currency: v.exactOptional(
        v.pipe(
          v.nullable(v.string()),
          v.description(
            'The currency, if revenue counts; null until something was earned in it: then clicks decide.',
          ),
        ),
      ),
    }),
  ),
  strapi: v.exactOptional(
    v.object({
      ok: v.boolean(),
      fault: v.exactOptional(neighbourFault),
      links: count,
      failing_seconds: count,
      left_out: leftOut({ entry: v.string() }),
    }),
  ),
  strapi_offers: v.exactOptional(
    v.object({
      ok: v.boolean(),
      fault: v.exactOptional(
        v.picklist(['unreachable', 'refused', 'unsuitable', 'busy', 'failing', 'database']),
      ),
      offers: v.pipe(
        v.nullable(count),
        v.description('How many Strapi had when it was last asked; null before that.'),
      ),
      failing_seconds: count,
      left_out: leftOut({ entry: v.string() }),
    }),
  ),
  matomo: v.exactOptional(v.pipe(v.object(outboxReadings), v.description('Clicks for Matomo.'))),
  mautic: v.exactOptional(
    v.object({
      ok: v.boolean(),
      fault: v.exactOptional(
        v.picklist(['unreachable', 'refused', 'unsuitable', 'busy', 'failing', 'database']),
      ),
      emails: v.pipe(
        v.nullable(count),
        v.description('How many e-mails Mautic was last asked about; null before that.'),
      ),
      failing_seconds: count,
      left_out: leftOut({ email_id: count }),
    }),
  ),
  webhooks: v.exactOptional(
    v.pipe(v.object(outboxReadings), v.description('Messages to webhooks, once there were any.')),
  ),
  hints: v.pipe(
    v.array(v.string()),
    v.description(
      'What somebody should look at, such as a clock that is wrong or a proxy that is not listed.',
    ),
  ),
  links_at_fault: v.exactOptional(
    v.pipe(
      leftOut({ source: v.picklist(['table', 'strapi']), slug: v.string() }),
      v.description('Links that redirect in a circle or elsewhere than they should, twenty at the most.'),
    ),
  ),
  links_left_out: leftOut({ slug: v.string() }),
  variations_left_out: leftOut({ variation_id: v.string() }),
  offers_without_slug: v.array(count),
})

export type HealthReason = (typeof healthReasons)[number]
export type HealthReport = v.InferOutput<typeof healthSchema>

/** The answer of `GET health/live`. */
export const livenessSchema = v.object({ status: v.literal('ok') })
