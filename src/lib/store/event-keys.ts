import type { Fragment, Sql } from '../database/sql.ts'

/**
 * An event that the database rejects. Its variation was deleted or belongs to another offer; or, for a click that was
 * accepted unchecked, never existed or belongs to an offer that never had the slug; or it contradicts an earlier event.
 */
export type Rejection = {
  event_id: string
  reason:
    | 'variation_gone'
    | 'unknown_variation'
    | 'other_slug'
    | 'event_id_reused'
    | 'newsletter_differs'
    | 'conversion_differs'
}

/**
 * A 32-bit fingerprint of an event's content, which does not reveal who clicked: the same id with other content is not
 * a retry.
 */
export const fingerprint = (sql: Sql, said: Fragment) =>
  sql`('x' || left(md5(concat_ws('|', ${said})), 8))::bit(32)::integer`

/** Events whose key is stored for another event. */
export const reusedKeys = (sql: Sql) => sql`
  select valid.event_id, 'event_id_reused' as reason
  from valid join promo_event_keys kept on kept.event_id = valid.event_id
  where valid.caller_key and kept.fingerprint <> valid.fingerprint
`
