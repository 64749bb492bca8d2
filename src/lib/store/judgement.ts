import {
  crowdedReason,
  manySeconds,
  manyVariations,
  plainReason,
  repeatedReason,
  soonSeconds,
  weakSigns,
} from '../classify/judge.ts'
import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'
import { besideNetworks, isFromMany, networkSigns, networksAround } from './judgement-networks.ts'

export type JudgementRules = {
  /** The same visitor's click on the same variation within this many seconds of one that counts is a duplicate. */
  duplicateSeconds: number
  /** How many visitors of one address count as different people for a variation in a send. */
  visitorsPerAddress: number
}

const listed = (names: readonly string[]) => arrayLiteral(names, (name) => name)

/** Whether a click with this verdict and reason is a human's with a weak sign of a machine: a condition in SQL. */
export const isUncertain = (sql: Sql, verdict: string, reason: string) =>
  sql`(${sql(verdict)} = 'human' and ${sql(reason)} = any (${listed(weakSigns)}::text[]))`

/**
 * Whether a click of `source` is judged again: a condition. Conclusive reasons, and reasons that these rules do
 * not give, stay as they are.
 */
const isProvisional = (sql: Sql, source: string) => sql`
  (${sql(source)}.reason in (${plainReason}, ${repeatedReason}, ${crowdedReason})
    or string_to_array(${sql(source)}.reason, '+') <@ ${listed(weakSigns)}::text[])
`

/**
 * Whether a click of `source` without a hash got the reason `name` at once, since later nothing shows it: a condition
 * in SQL.
 */
const isFound = (sql: Sql, source: string, name: string) => sql`
  (${sql(source)}.ip_hash is null and ${name} = any (string_to_array(${sql(source)}.reason, '+')))
`

/** The weak signs of a click of `batch`, in their order, given its neighbourhood. */
const signsOf = (sql: Sql) => sql`
  array_cat(string_to_array(batch.sign, '+'), array_remove(array[
    -- Many clicks at once, right after delivery, are one sign and not two.
    case when not ${isFromMany(sql)} and batch.clicked_at >= first_clicks.clicked_at
      and batch.clicked_at < first_clicks.clicked_at + ${soonSeconds} * interval '1 second' then 'soon_after_send' end,
    case when many_links.second is not null or ${isFound(sql, 'batch', 'many_links')} then 'many_links' end,
    ${networkSigns(sql)}
  ], null))
`

const besides = (sql: Sql) => sql`
  left join placed on placed.event_id = batch.event_id
  left join first_clicks on first_clicks.impression_id = placed.impression_id
  left join many_links on many_links.ip_hash = batch.ip_hash
    and many_links.second = date_trunc('second', batch.clicked_at)
  ${besideNetworks(sql)}
`

/**
 * The final judgement on the clicks of a common table expression `batch` (`id`, `event_id`, `clicked_at`,
 * `variation_id`, `ip_hash`, `address_hash`, `user_agent`, `verdict`, `reason`, `sign`), which follow each
 * other in the order in which they were recorded: further ones, of which `judged` is `batch` with
 * `final_verdict` and `final_reason`, the send that the click belongs to (`impression_id`, 0 for none, and the
 * `hours` since it) and whether it is its visitor's first that counts there (`clicker`). A click is one of many
 * beside all those of its visitor around it, also the ones that will be judged later. It is a duplicate of one
 * that was recorded before it and counts: of those before the batch the verdict is final, so one window around
 * the batch says all. The same as `judgeAll` of the classification works out over all clicks.
 */
export const finalJudgement = (sql: Sql, { duplicateSeconds, visitorsPerAddress }: JudgementRules) => sql`
  stretches as materialized (
    -- Overlaps are merged, so that each neighbour is found once. Links are counted by whole seconds: hence one more.
    select lower(stretch) as since, upper(stretch) as until
    from (
      select unnest(range_agg(tstzrange(
        clicked_at - ${Math.max(duplicateSeconds, manySeconds + 1)} * interval '1 second',
        clicked_at + ${Math.max(duplicateSeconds, manySeconds + 1)} * interval '1 second'
      ))) as stretch
      from batch where ip_hash is not null
    ) merged
  ), neighbours as materialized (
    -- "offset 0" and "is true" keep the two conditions what they are, a look-up by time for each stretch and one in
    -- a hash table of visitors: as joins they might be planned to read all clicks, or to try each visitor in turn.
    select c.id, c.event_id, c.variation_id, c.clicked_at, c.ip_hash, c.verdict, c.reason
    from stretches, lateral (
      select id, event_id, variation_id, clicked_at, ip_hash, verdict, reason
      from promo_click_tracking
      where clicked_at >= stretches.since and clicked_at < stretches.until
        and (ip_hash in (select ip_hash from batch where ip_hash is not null)) is true
      offset 0
    ) c
  ), placed as materialized (
    select batch.event_id, batch.id, batch.clicked_at, sent.id as impression_id,
      extract(epoch from batch.clicked_at - sent.tracked_at) / 3600 as hours
    from batch, lateral (
      select i.id, i.tracked_at
      from promo_impression_tracking i
      where i.variation_id = batch.variation_id and i.newsletter_send_id is not null
        and i.tracked_at <= batch.clicked_at
      order by i.tracked_at desc, i.id desc
      limit 1
    ) sent
  ), first_clicks as materialized (
    -- The first that was recorded, so that it stays the same one whoever settles.
    select found.impression_id, coalesce(known.clicked_at, found.clicked_at) as clicked_at,
      known.impression_id is null as new
    from (
      select distinct on (impression_id) impression_id, clicked_at from placed order by impression_id, id
    ) found
    left join promo_first_clicks known on known.impression_id = found.impression_id
  ), ${networksAround(sql)}, seconds as materialized (
    -- However many clicks a visitor makes, only this much of them decides about links.
    select distinct ip_hash, variation_id, date_trunc('second', clicked_at) as second from neighbours
  ), many_links as materialized (
    select ip_hash, second + away * interval '1 second' as second
    from seconds, generate_series(${-manySeconds}::integer, ${manySeconds}::integer) as away
    where ip_hash in (select ip_hash from seconds group by ip_hash
      having count(distinct variation_id) >= ${manyVariations})
    group by 1, 2
    having count(distinct variation_id) >= ${manyVariations}
  ), weighed as materialized (
    select batch.*, coalesce(placed.impression_id, 0) as impression_id, placed.hours, ${signsOf(sql)} as signs,
      ${isProvisional(sql, 'batch')} as provisional
    from batch ${besides(sql)}
  ), visits as materialized (
    -- What has counted, and what counts unless it is repeated.
    select dense_rank() over (order by ip_hash, variation_id) as visit, event_id, id,
      (extract(epoch from clicked_at) * 1000000)::bigint as moment, counted,
      count(*) over (partition by ip_hash, variation_id) as clicks
    from (
      select id, event_id, clicked_at, ip_hash, variation_id, true as counted
      from neighbours
      where (verdict = 'human' or reason = ${crowdedReason})
        and id < (select min(id) from batch)
      union all
      select id, event_id, clicked_at, ip_hash, variation_id, case when not provisional then true end
      from weighed
      where ip_hash is not null
        and case when provisional then cardinality(signs) < 2 else verdict = 'human' end
    ) clicks
  ), repeats as materialized (
    select clicks.event_id
    from (
      select array_agg(event_id) as events, promo_counted_clicks(
        array_agg(visit), array_agg(moment), array_agg(counted), ${duplicateSeconds * 1_000_000}::bigint
      ) as counted
      -- Most visits are one click, which nothing repeats.
      from (select * from visits where clicks > 1 order by visit, id) in_order
    ) found, unnest(found.events, found.counted) clicks (event_id, counted)
    where not clicks.counted
  ), outcomes as materialized (
    select weighed.*, case
        when not provisional then verdict when cardinality(signs) > 1 then 'machine'
        -- Not a join, for which the planner would have to guess how many are repeated.
        when (event_id in (select event_id from repeats)) is true or ${isFound(sql, 'weighed', repeatedReason)}
          then ${repeatedReason}
        when ${isFound(sql, 'weighed', crowdedReason)} then ${crowdedReason}
        else 'human' end as outcome
    from weighed
  ), newcomers as materialized (
    -- Each visitor's first click here on a send. "limit" makes it a look-up in the index: a join or "exists" may be
    -- planned to read all visitors.
    select id, event_id, ip_hash, address_hash, variation_id, impression_id
    from (
      select distinct on (ip_hash, variation_id, impression_id) id, event_id, ip_hash, address_hash,
        variation_id, impression_id
      from outcomes where outcome = 'human' and ip_hash is not null
      order by ip_hash, variation_id, impression_id, id
    ) first
    where (
      select known.ip_hash from promo_clickers known
      where known.ip_hash = first.ip_hash and known.variation_id = first.variation_id
        and known.impression_id = first.impression_id
      limit 1
    ) is null
  ), crowded as materialized (
    select event_id, ip_hash, variation_id, impression_id
    from (
      select newcomers.*, row_number() over (
          partition by address_hash, variation_id, impression_id order by id
        ) + (
          select count(*) from (
            select known.ip_hash from promo_clickers known
            where known.address_hash = newcomers.address_hash and known.variation_id = newcomers.variation_id
              and known.impression_id = newcomers.impression_id
            limit ${visitorsPerAddress}
          ) known
        ) as place
      from newcomers where address_hash is not null
    ) placed
    where place > ${visitorsPerAddress}
  ), judged as materialized (
    select placed.*, arrives and not beyond as clicker,
      case when not provisional then verdict when outcome in ('human', 'machine') and not beyond then outcome
        else 'duplicate' end as final_verdict,
      case when not provisional then reason when outcome = 'machine' then array_to_string(signs, '+')
        when beyond then ${crowdedReason} when outcome <> 'human' then outcome else coalesce(signs[1], ${plainReason})
        end as final_reason
    from (
      select outcomes.*, (event_id in (select event_id from newcomers)) is true as arrives,
        provisional and outcome = 'human' and (
          (ip_hash, variation_id, impression_id) in (select ip_hash, variation_id, impression_id from crowded)
        ) is true as beyond
      from outcomes
    ) placed
  )
`
