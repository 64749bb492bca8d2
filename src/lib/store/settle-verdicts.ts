import type { Sql } from '../database/sql.ts'
import { rulesVersion } from '../model/verdict.ts'
import { isUncertain } from './judgement.ts'

/** The `judged` clicks of a batch of at most `limit`: an expression `final`. */
export const finalClicks = (sql: Sql, limit: number) => sql`
  final as materialized (
    -- This limit has no effect but on the planner, which would otherwise expect millions of rows and read all clicks.
    select judged.* from judged limit ${limit}
  )
`

/** Corrects the rows of those `final` clicks whose verdict or reason has changed. */
export const correctVerdicts = (sql: Sql) => sql`
  corrected as (
    update promo_click_tracking c
    set verdict = final.final_verdict, reason = final.final_reason, rules_version = ${rulesVersion}
    from final
    where c.event_id = final.event_id and c.clicked_at = final.clicked_at
      and c.clicked_at between (select min(clicked_at) from final) and (select max(clicked_at) from final)
      and (final.final_verdict, final.final_reason) is distinct from (final.verdict, final.reason)
  )
`

/** Stores the time of a send's first click, if it is in this batch. */
export const keepFirstClicks = (sql: Sql) => sql`
  first_kept as (
    insert into promo_first_clicks (impression_id, clicked_at)
    select impression_id, clicked_at from first_clicks where new order by impression_id
  )
`

/**
 * How the final verdicts change the rollups, with visitors who are new to a variation (`stranger`): an expression
 * `sums`.
 */
export const sumChanges = (sql: Sql) => sql`
  sums as (
    -- The hour already has a row, since its clicks were recorded: what is added here can be negative.
    select date_trunc('hour', clicked_at, 'UTC') as hour, offer_id, variation_id,
      sum((final_verdict = 'human')::integer - (verdict = 'human')::integer) as human_clicks,
      sum((final_verdict = 'machine')::integer - (verdict = 'machine')::integer) as machine_clicks,
      sum((final_verdict = 'duplicate')::integer - (verdict = 'duplicate')::integer) as duplicate_clicks,
      sum(
        ${isUncertain(sql, 'final_verdict', 'final_reason')}::integer
          - ${isUncertain(sql, 'verdict', 'reason')}::integer
      ) as uncertain_clicks,
      0 as unique_clicks
    from final
    where (final_verdict, final_reason) is distinct from (verdict, reason)
    group by 1, 2, 3
    union all
    select date_trunc('hour', clicked_at, 'UTC'), offer_id, variation_id, 0, 0, 0, 0, count(*)
    from counted
    where stranger
    group by 1, 2, 3
  )
`
