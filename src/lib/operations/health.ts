import type { BufferReadings } from '../buffer/event-buffer.ts'
import { type Answer, json } from '../http/answer.ts'
import type { Database } from '../store/database.ts'
import { offersWithoutSlug } from '../store/offers.ts'

export type HealthParts = {
  database: Database
  readings: () => BufferReadings
  /** Whether the database has this version's tables. */
  migrated: () => boolean
  unnamedProxy: { readonly count: number }
  unchecked: { readonly overflowing: boolean }
  now: () => number
}

const deadline = 1_000

/** Answers within so many milliseconds share a look at the database: nobody can keep it busy by asking. */
const rememberFor = 1_000
/** Milliseconds after which an event has waited too long for a database that answers. */
const longestWait = 60_000

/**
 * Readiness: 200 while every part works, 503 with the `reasons` as soon as one does not. Redirects go on either way, so a
 * balancer should ask for liveness.
 */
export function createHealth({
  database,
  readings,
  migrated,
  unnamedProxy,
  unchecked,
  now,
}: HealthParts): () => Promise<Answer> {
  const look = () => database.run((sql) => offersWithoutSlug(sql), deadline)
  let last: { at: number; offers: ReturnType<typeof look> } | undefined

  return async () => {
    if (!last || Math.abs(now() - last.at) >= rememberFor) last = { at: now(), offers: look() }
    const offers = await last.offers
    const { depth, age, bytes, rejects, damagedBytes, lastFlush, fault } = readings()
    const reasons = [
      !offers.ok && 'database',
      !migrated() && 'migrated',
      fault && 'journal',
      offers.ok && depth > 0 && age > longestWait && 'events_wait',
      unchecked.overflowing && 'unchecked_clicks',
    ].filter((reason) => typeof reason === 'string')
    const healthy = reasons.length === 0
    return json(healthy ? 200 : 503, {
      status: healthy ? 'ok' : 'degraded',
      ...(!healthy && { reasons }),
      database: offers.ok ? { ok: true } : { ok: false, fault: offers.fault.code },
      migrated: migrated(),
      journal: {
        ok: !fault,
        ...(fault && { fault: fault.code }),
        depth,
        age_seconds: Math.round(age / 1000),
        bytes,
        damaged_bytes: damagedBytes,
        last_flush: lastFlush === undefined ? null : new Date(lastFlush).toISOString(),
      },
      rejects,
      hints: [
        unnamedProxy.count > 0 &&
          'all readers look like one address: name the proxy in PROMO_TRUSTED_PROXIES',
        damagedBytes > 0 &&
          'lines of the journal could not be read: they are kept in damaged.lines, see "Damaged lines" in db/README.md',
      ].filter((hint) => typeof hint === 'string'),
      offers_without_slug: offers.ok ? offers.value.map(({ id }) => id) : [],
    })
  }
}

/** Liveness: the process answers. */
export const liveness = (): Answer => json(200, { status: 'ok' })
