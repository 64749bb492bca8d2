import type { Fragment, Sql } from '../database/sql.ts'

/**
 * An event that the database has no place for. Its variation has gone, or belongs to another offer; or, of a
 * click that was accepted unchecked, never existed, or belongs to an offer that has and had other slugs; or it
 * contradicts an earlier one.
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

/** An event's content, in 32 bits that do not reveal who clicked: the same id for something else is not a retry. */
export const fingerprint = (sql: Sql, said: Fragment) =>
  sql`('x' || left(md5(concat_ws('|', ${said})), 8))::bit(32)::integer`

/** Events under a key that was kept for another event. */
export const reusedKeys = (sql: Sql) => sql`
  select valid.event_id, 'event_id_reused' as reason
  from valid join promo_event_keys kept on kept.event_id = valid.event_id
  where valid.caller_key and kept.fingerprint <> valid.fingerprint
`
