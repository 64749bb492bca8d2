import type { Sql } from '../database/sql.ts'
import { clickTraits } from '../model/click-traits.ts'

const traits = clickTraits.map((trait) => `c.${trait}`).join(', ')

/**
 * The next `limit` clicks in the order in which they arrived, up to the first that was recorded less than `age`
 * seconds ago: expressions that end with `batch`. Empty while another instance settles.
 */
export const nextClicks = (sql: Sql, age: number, limit: number) => sql`
  locked as materialized (
    select click_id from promo_settlement for update skip locked
  ), mark as (
    -- Another instance may have settled between this statement's snapshot and the lock; then its visitors would be
    -- missed.
    select seen.click_id from locked join promo_settlement seen on seen.click_id = locked.click_id
  ), arrived as materialized (
    select c.id, c.event_id, c.recorded_at, c.offer_id, c.variation_id, c.clicked_at, c.ip_hash, c.address_hash,
      c.user_agent, c.newcomer, c.verdict, c.reason, c.sign, c.referrer,
      ${sql.unsafe(traits)},
      -- Recorded in the future: by a database clock that has been set back since.
      c.recorded_at > now() - ${age} * interval '1 second'
        and c.recorded_at < now() + interval '1 minute' as young
    from promo_click_tracking c
    -- A subquery instead of a join, so that the index scan starts at the mark; without a mark there is no batch.
    where c.id > (select click_id from mark)
    order by c.id
    limit ${limit}
  ), batch as materialized (
    select * from arrived
    where id < coalesce((select min(id) from arrived where young), 9223372036854775807)
  )
`

/** Moves the mark to the end of `batch`. */
export const moveMark = (sql: Sql) => sql`
  moved as (
    update promo_settlement s
    set rounds = rounds + 1, click_id = (select max(id) from batch), recorded_at = last.recorded_at,
      event_id = last.event_id, settled_at = now()
    -- The former version settles what comes after these two.
    from (select recorded_at, event_id from batch order by recorded_at desc, event_id desc limit 1) last
  )
`
