import type { BufferReadings } from '../buffer/event-buffer.ts'
import { type Answer, json } from '../http/answer.ts'
import type { Database } from '../store/database.ts'
import { offersWithoutSlug } from '../store/offers.ts'

export type HealthParts = {
  database: Database
  readings: () => BufferReadings
  /** Whether the database has this version's tables. */
  migrated: () => boolean
}

const deadline = 1_000

/**
 * Readiness: 200 while every part works, 503 as soon as one does not. Redirects go on either way, so a balancer
 * should ask for liveness.
 */
export async function readHealth({ database, readings, migrated }: HealthParts): Promise<Answer> {
  const offers = await database.run((sql) => offersWithoutSlug(sql), deadline)
  const { depth, age, bytes, rejects, lastFlush, fault } = readings()
  const healthy = offers.ok && migrated() && !fault
  return json(healthy ? 200 : 503, {
    status: healthy ? 'ok' : 'degraded',
    database: offers.ok ? { ok: true } : { ok: false, fault: offers.fault.code },
    migrated: migrated(),
    journal: {
      ok: !fault,
      ...(fault && { fault: fault.code }),
      depth,
      age_seconds: Math.round(age / 1000),
      bytes,
      last_flush: lastFlush === undefined ? null : new Date(lastFlush).toISOString(),
    },
    rejects,
    offers_without_slug: offers.ok ? offers.value.map(({ id }) => id) : [],
  })
}

/** Liveness: the process answers. */
export const liveness = (): Answer => json(200, { status: 'ok' })
