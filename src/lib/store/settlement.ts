import type { Sql } from '../database/sql.ts'
import { rulesVersion } from '../model/verdict.ts'
import { clicksByVerdict } from './add-clicks.ts'
import { addToRollups } from './add-sums.ts'
import { finalJudgement, isUncertain, type JudgementRules } from './judgement.ts'
import { addToBreakdown } from './settle-breakdown.ts'
import { findCrowds } from './settle-crowds.ts'
import { addToOutbox } from './settle-outbox.ts'
import { addPeople } from './settle-people.ts'
import { addToSends } from './settle-sends.ts'

export type Settling = JudgementRules & {
  /** Seconds since a click was recorded for which it is left alone: the time in which its neighbours come. */
  age: number
  /** Clicks at a time. */
  limit: number
  /** Whether clicks by people are to be sent to Matomo. */
  forMatomo?: boolean
}

/**
 * Gives the next `limit` clicks, in the order in which they arrived, up to the first that was recorded less than `age` seconds
 * ago, their final verdict, and adds up what is known of them: visitors, sends, devices, referrers and reasons. Rollups move
 * by what the final verdict changes. One statement, and the mark moves with it, so a click is judged and added exactly
 * once whoever settles and wherever it stops. Answers how many clicks were settled; an instance that finds another one
 * settling answers 0.
 *
 * A statement that records clicks must end within `age` seconds, or its clicks would be passed over.
 */
export const settleClicks = (sql: Sql, { age, limit, forMatomo = false, ...rules }: Settling) => sql<
  { settled: number }[]
>`
  with locked as materialized (
    select click_id from promo_settlement for update skip locked
  ), mark as (
    -- Another instance may have settled between this statement's snapshot and the lock; then its visitors are not seen.
    select seen.click_id from locked join promo_settlement seen on seen.click_id = locked.click_id
  ), arrived as materialized (
    select c.id, c.event_id, c.recorded_at, c.offer_id, c.variation_id, c.clicked_at, c.ip_hash, c.address_hash, c.user_agent, c.newcomer, c.verdict, c.reason,
      c.sign, c.device, c.browser, c.os, c.referrer,
      -- Recorded in times to come: by a clock of the database that was put back since.
      c.recorded_at > now() - ${age} * interval '1 second' and c.recorded_at < now() + interval '1 minute' as young
    from promo_click_tracking c
    -- A look-up in place of a join, so that the index is entered at the mark; without a mark there is no batch.
    where c.id > (select click_id from mark)
    order by c.id
    limit ${limit}
  ), batch as materialized (
    select * from arrived where id < coalesce((select min(id) from arrived where young), 9223372036854775807)
  ), moved as (
    update promo_settlement s
    set rounds = rounds + 1, click_id = (select max(id) from batch), recorded_at = last.recorded_at, event_id = last.event_id, settled_at = now()
    -- The version before settles what is beyond these two.
    from (select recorded_at, event_id from batch order by recorded_at desc, event_id desc limit 1) last
  ), ${finalJudgement(sql, rules)}, final as materialized (
    -- This limit takes nothing away: it keeps the planner from expecting millions, and from reading all clicks for them.
    select judged.* from judged limit ${limit}
  ), corrected as (
    update promo_click_tracking c
    set verdict = final.final_verdict, reason = final.final_reason, rules_version = ${rulesVersion}
    from final
    where c.event_id = final.event_id and c.clicked_at = final.clicked_at
      and c.clicked_at between (select min(clicked_at) from final) and (select max(clicked_at) from final)
      and (final.final_verdict, final.final_reason) is distinct from (final.verdict, final.reason)
  ), first_kept as (
    insert into promo_first_clicks (impression_id, clicked_at)
    select impression_id, clicked_at from first_clicks where new order by impression_id
  ), arranged as (
    select final.*, final_verdict = 'human' and ip_hash is not null as visitor,
      row_number() over (
        partition by ip_hash, variation_id, final_verdict = 'human' and ip_hash is not null order by clicked_at, event_id
      ) as of_variation
    from final
  ), counted as materialized (
    -- Whose first click on a variation this is. "limit" makes it a look-up in the index: a join or "exists" may be planned to
    -- read all visitors. The click itself shows who is not kept; one of whom nothing is known counts as a clicker each time.
    select event_id, offer_id, variation_id, clicked_at, ip_hash, address_hash, newcomer, impression_id, hours,
      (select i.newsletter from promo_impression_tracking i where i.id = arranged.impression_id) as newsletter,
      final_verdict as verdict, final_reason as reason,
      case when ip_hash is null then final_verdict = 'human' and newcomer is not false else clicker end as clicker,
      case when ip_hash is null then final_verdict = 'human' and newcomer is true
        else visitor and of_variation = 1 and (
          select known.ip_hash from promo_clickers known
          where known.ip_hash = arranged.ip_hash and known.variation_id = arranged.variation_id
          limit 1
        ) is null end as stranger
    from arranged
  ), newcomers_kept as (
    insert into promo_clickers (ip_hash, address_hash, variation_id, impression_id, first_clicked_at)
    select ip_hash, address_hash, variation_id, impression_id, clicked_at from counted where clicker and ip_hash is not null
    order by ip_hash, variation_id, impression_id
  ), sums as (
    -- The hour has a row since its clicks were recorded: what is added here can be negative.
    select date_trunc('hour', clicked_at, 'UTC') as hour, offer_id, variation_id,
      sum((final_verdict = 'human')::integer - (verdict = 'human')::integer) as human_clicks,
      sum((final_verdict = 'machine')::integer - (verdict = 'machine')::integer) as machine_clicks,
      sum((final_verdict = 'duplicate')::integer - (verdict = 'duplicate')::integer) as duplicate_clicks,
      sum(${isUncertain(sql, 'final_verdict', 'final_reason')}::integer - ${isUncertain(sql, 'verdict', 'reason')}::integer)
        as uncertain_clicks,
      0 as unique_clicks
    from final
    where (final_verdict, final_reason) is distinct from (verdict, reason)
    group by 1, 2, 3
    union all
    select date_trunc('hour', clicked_at, 'UTC'), offer_id, variation_id, 0, 0, 0, 0, count(*)
    from counted
    where stranger
    group by 1, 2, 3
  ), ${addToRollups(sql, [...clicksByVerdict, 'unique_clicks'])}, ${addPeople(sql)}, ${findCrowds(sql)}, of_sends as (
    select impression_id, hours, 1 as clicks, (verdict = 'human')::integer as human_clicks, clicker::integer as clickers,
      (clicker and (address_hash in (select address_hash from crowds)) is true)::integer as crowd_clickers,
      (clicker and ${isUncertain(sql, 'verdict', 'reason')})::integer as uncertain_clickers,
      (verdict = 'machine' and reason like '%+%')::integer as doubtful_clicks
    from counted
    union all
    select impression_id, hours, 0, 0, 0, 1, 0, 0 from earlier_crowd_clickers
  ), ${addToSends(sql, 'of_sends')}, ${addToBreakdown(sql)}${addToOutbox(sql, forMatomo)}
  select count(*)::integer as settled from batch
`
