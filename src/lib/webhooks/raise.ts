import type { Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { type News, raiseEvents } from '../store/webhooks.ts'
import type { EventData, WebhookEvent } from './events.ts'

/**
 * News of an event: it is sent once for its `subject` in this `state`, and again when the state changes, or after it
 * was not seen for `quiet` seconds. `at` is when it happened, in milliseconds since 1970.
 */
export const newsOf = <Type extends WebhookEvent>(news: {
  type: Type
  subject: string
  state?: string
  at: number
  quiet?: number
  data: EventData<Type>
}): News => {
  const { type, subject, state = '', at, quiet = null, data } = news
  return { type, subject: `${type} ${subject}`, state, at, quiet, data }
}

/** Puts news into the outbox, for the webhooks that want it. */
export const raise = async (
  database: Database,
  news: readonly News[],
): Promise<Result<unknown, DatabaseFault>> => await database.run((sql) => raiseEvents(sql, news))
