import {
  manySeconds,
  manyVariations,
  plainReason,
  repeatedReason,
  soonSeconds,
  weakSigns,
} from '../classify/judge.ts'
import { arrayLiteral } from './array-literal.ts'
import type { Sql } from './database.ts'

export type JudgementRules = {
  /** The same visitor's next click on the same variation within so many seconds is a duplicate. */
  duplicateSeconds: number
}

const listed = (names: readonly string[]) => arrayLiteral(names, (name) => name)

/** Whether a click with this verdict and reason is a human's with a weak sign of a machine: a condition in SQL. */
export const isUncertain = (sql: Sql, verdict: string, reason: string) =>
  sql`(${sql(verdict)} = 'human' and ${sql(reason)} = any (${listed(weakSigns)}::text[]))`

/** Whether a click of `source` is judged anew: a condition in SQL, the same as `isProvisional` of the classification. */
const isProvisional = (sql: Sql, source: string) => sql`
  (${sql(source)}.reason in (${plainReason}, ${repeatedReason})
    or string_to_array(${sql(source)}.reason, '+') <@ ${listed(weakSigns)}::text[])
`

/** The weak signs of a click of `source`, in their order, given its neighbourhood in `after_sends` and `many_links`. */
const signsOf = (sql: Sql, source: string) => sql`
  array_remove(array[
    ${sql(source)}.sign,
    case when ${sql(source)}.clicked_at <@ after_sends.moments then 'soon_after_send' end,
    case when many_links.second is not null then 'many_links' end
  ], null)
`

const besides = (sql: Sql, source: string) => sql`
  left join after_sends on after_sends.variation_id = ${sql(source)}.variation_id
  left join many_links on many_links.ip_hash = ${sql(source)}.ip_hash
    and many_links.second = date_trunc('second', ${sql(source)}.clicked_at)
`

/** Visitor, variation and time as one key: by three, a join may be planned to compare all clicks of a visitor. */
const momentOf = (sql: Sql, source: string) => sql`
  (${sql(source)}.ip_hash || ' ' || ${sql(source)}.variation_id || ' ' || extract(epoch from ${sql(source)}.clicked_at))
`

/**
 * The final judgement on the clicks of a common table expression `batch` (`event_id`, `clicked_at`, `variation_id`,
 * `ip_hash`, `verdict`, `reason`, `sign`): further ones, of which `judged` is `batch` with `final_verdict` and
 * `final_reason`. A click is judged beside those of its visitor around it, whether these are of the batch, were judged
 * before or will be; each of them is judged anew for that, since a provisional verdict has seen only what came before
 * it. The same as `judgeAll` of the classification works out over all clicks.
 */
export const finalJudgement = (sql: Sql, { duplicateSeconds }: JudgementRules) => sql`
  stretches as materialized (
    -- Overlaps are merged, so that each neighbour is found once. A neighbour that can make a duplicate has neighbours
    -- itself: hence both spans before a click, and a second more, since links are counted by whole seconds.
    select lower(stretch) as since, upper(stretch) as until
    from (
      select unnest(range_agg(tstzrange(
        clicked_at - (${duplicateSeconds + manySeconds + 1}) * interval '1 second',
        clicked_at + (${manySeconds + 1}) * interval '1 second'
      ))) as stretch
      from batch where ip_hash is not null
    ) merged
  ), neighbours as materialized (
    -- "offset 0" and "is true" keep the two conditions what they are, a look-up by time for each stretch and one in a hash
    -- table of visitors: as joins they might be planned to read all clicks, or to try each visitor in turn.
    select c.event_id, c.variation_id, c.clicked_at, c.ip_hash, c.verdict, c.reason, c.sign
    from stretches, lateral (
      select event_id, variation_id, clicked_at, ip_hash, verdict, reason, sign
      from promo_click_tracking
      where clicked_at >= stretches.since and clicked_at < stretches.until
        and (ip_hash in (select ip_hash from batch where ip_hash is not null)) is true
      offset 0
    ) c
  ), after_sends as materialized (
    select i.variation_id,
      range_agg(tstzrange(i.tracked_at, i.tracked_at + ${soonSeconds} * interval '1 second')) as moments
    from (
      select variation_id, max(clicked_at) as until,
        min(clicked_at) - (${duplicateSeconds + soonSeconds}) * interval '1 second' as since
      from batch group by variation_id
    ) seen
    join promo_impression_tracking i on i.variation_id = seen.variation_id and i.newsletter_send_id is not null
      and i.tracked_at > seen.since and i.tracked_at <= seen.until
    group by i.variation_id
  ), seconds as materialized (
    -- However many clicks a visitor makes, only this much of them decides about links.
    select distinct ip_hash, variation_id, date_trunc('second', clicked_at) as second from neighbours
  ), many_links as materialized (
    select ip_hash, second + away * interval '1 second' as second
    from seconds, generate_series(${-manySeconds}::integer, ${manySeconds}::integer) as away
    where ip_hash in (select ip_hash from seconds group by ip_hash having count(distinct variation_id) >= ${manyVariations})
    group by 1, 2
    having count(distinct variation_id) >= ${manyVariations}
  ), moments as materialized (
    -- When a visitor clicked a variation and was no machine, and when before that.
    select ${momentOf(sql, 'people')} as moment, min(event_id::text collate "C") as first_event,
      lag(clicked_at) over (partition by ip_hash, variation_id order by clicked_at) as before
    from (
      select neighbours.ip_hash, neighbours.variation_id, neighbours.clicked_at, neighbours.event_id
      from neighbours ${besides(sql, 'neighbours')}
      where case when ${isProvisional(sql, 'neighbours')} then cardinality(${signsOf(sql, 'neighbours')}) < 2
        else neighbours.verdict <> 'machine' end
    ) people
    group by ip_hash, variation_id, clicked_at
  ), weighed as (
    select batch.*, ${signsOf(sql, 'batch')} as signs, ${isProvisional(sql, 'batch')} as provisional,
      coalesce(
        batch.clicked_at - moments.before < ${duplicateSeconds} * interval '1 second'
          or (${duplicateSeconds} > 0 and batch.event_id::text collate "C" > moments.first_event),
        false
      ) as repeated
    from batch ${besides(sql, 'batch')}
    left join moments on moments.moment = ${momentOf(sql, 'batch')}
  ), judged as materialized (
    select weighed.*,
      case when not provisional then verdict when cardinality(signs) > 1 then 'machine' when repeated then 'duplicate'
        else 'human' end as final_verdict,
      case when not provisional then reason when cardinality(signs) > 1 then array_to_string(signs, '+')
        when repeated then ${repeatedReason} else coalesce(signs[1], ${plainReason}) end as final_reason
    from weighed
  )
`
