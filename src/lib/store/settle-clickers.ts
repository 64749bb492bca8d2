import type { Sql } from '../database/sql.ts'
import { isUncertain } from './judgement.ts'

/**
 * The `final` clicks with who is behind them: an expression `counted`, in which a `clicker` is new to the send and a
 * `stranger` new to the variation. For visitors of whom nothing is stored, the click itself says it; one of whom
 * nothing is known counts as a clicker each time.
 */
export const countClickers = (sql: Sql) => sql`
  arranged as (
    select final.*, final_verdict = 'human' and ip_hash is not null as visitor,
      row_number() over (
        partition by ip_hash, variation_id, final_verdict = 'human' and ip_hash is not null
        order by clicked_at, event_id
      ) as of_variation
    from final
  ), counted as materialized (
    -- "limit" makes it an index look-up: a join or "exists" may be planned to read all visitors.
    select event_id, offer_id, variation_id, clicked_at, ip_hash, address_hash, newcomer, impression_id, hours,
      (
        select i.newsletter from promo_impression_tracking i where i.id = arranged.impression_id
      ) as newsletter,
      final_verdict as verdict, final_reason as reason,
      case when ip_hash is null then final_verdict = 'human' and newcomer is not false else clicker end as clicker,
      case when ip_hash is null then final_verdict = 'human' and newcomer is true
        else visitor and of_variation = 1 and (
          select known.ip_hash from promo_clickers known
          where known.ip_hash = arranged.ip_hash and known.variation_id = arranged.variation_id
          limit 1
        ) is null end as stranger
    from arranged
  )
`

/** Remembers the `counted` clickers. */
export const keepClickers = (sql: Sql) => sql`
  newcomers_kept as (
    insert into promo_clickers (ip_hash, address_hash, variation_id, impression_id, first_clicked_at)
    select ip_hash, address_hash, variation_id, impression_id, clicked_at from counted
    where clicker and ip_hash is not null
    order by ip_hash, variation_id, impression_id
  )
`

/** What the `counted` clicks add to their sends: an expression `of_sends`. */
export const clicksOfSends = (sql: Sql) => sql`
  of_sends as (
    select impression_id, hours, 1 as clicks, (verdict = 'human')::integer as human_clicks,
      clicker::integer as clickers,
      (clicker and (address_hash in (select address_hash from crowds)) is true)::integer as crowd_clickers,
      (clicker and ${isUncertain(sql, 'verdict', 'reason')})::integer as uncertain_clickers,
      (verdict = 'machine' and reason like '%+%')::integer as doubtful_clicks
    from counted
    union all
    select impression_id, hours, 0, 0, 0, 1, 0, 0 from earlier_crowd_clickers
  )
`
