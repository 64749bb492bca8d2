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

/**
 * The final judgement on the clicks of a common table expression `batch` (`event_id`, `clicked_at`, `variation_id`,
 * `ip_hash`, `verdict`, `reason`, `sign`): further ones, of which `judged` has a row a click (`event_id`, `clicked_at`,
 * `verdict`, `reason`). A click is judged beside those of its visitor around it, whether these are of the batch, were
 * judged before or will be; each of them is judged anew for that, since a provisional verdict has seen only what came
 * before it. The same as `judgeAll` of the classification works out over all clicks.
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
    select c.event_id, c.variation_id, c.clicked_at, c.ip_hash, c.verdict, c.reason, c.sign
    from stretches
    join promo_click_tracking c on c.clicked_at >= stretches.since and c.clicked_at < stretches.until
    -- "is true" keeps this a look-up in a hash table: as a join it might be tried for each visitor in turn.
    where (c.ip_hash in (select ip_hash from batch where ip_hash is not null)) is true
    union all
    select event_id, variation_id, clicked_at, ip_hash, verdict, reason, sign from batch where ip_hash is null
  ), after_sends as materialized (
    select i.variation_id,
      range_agg(tstzrange(i.tracked_at, i.tracked_at + ${soonSeconds} * interval '1 second')) as moments
    from (
      select variation_id, min(clicked_at) as since, max(clicked_at) as until from neighbours group by variation_id
    ) seen
    join promo_impression_tracking i on i.variation_id = seen.variation_id and i.newsletter_send_id is not null
      and i.tracked_at > seen.since - ${soonSeconds} * interval '1 second' and i.tracked_at <= seen.until
    group by i.variation_id
  ), seconds as materialized (
    -- However many clicks a visitor makes, only this much of them decides about links.
    select distinct ip_hash, variation_id, date_trunc('second', clicked_at) as second
    from neighbours where ip_hash is not null
  ), many_links as materialized (
    select ip_hash, second + away * interval '1 second' as second
    from seconds, generate_series(${-manySeconds}::integer, ${manySeconds}::integer) as away
    where ip_hash in (select ip_hash from seconds group by ip_hash having count(distinct variation_id) >= ${manyVariations})
    group by 1, 2
    having count(distinct variation_id) >= ${manyVariations}
  ), signed as (
    select n.event_id, n.variation_id, n.clicked_at, n.ip_hash, n.verdict, n.reason,
      n.reason in (${plainReason}, ${repeatedReason}) or string_to_array(n.reason, '+') <@ ${listed(weakSigns)}::text[] as open,
      array_remove(array[
        n.sign,
        case when n.clicked_at <@ sent.moments then 'soon_after_send' end,
        case when links.second is not null then 'many_links' end
      ], null) as signs
    from neighbours n
    left join after_sends sent on sent.variation_id = n.variation_id
    left join many_links links on links.ip_hash = n.ip_hash and links.second = date_trunc('second', n.clicked_at)
  ), told_apart as (
    select signed.*, case when open then cardinality(signs) > 1 else verdict = 'machine' end as machine from signed
  ), in_order as (
    select told_apart.*,
      lag(clicked_at) over (partition by ip_hash, variation_id, machine order by clicked_at, event_id) as before
    from told_apart
  ), weighed as (
    select event_id, clicked_at, verdict, reason, open, signs, machine,
      ip_hash is not null and coalesce(clicked_at - before < ${duplicateSeconds} * interval '1 second', false) as repeated
    from in_order
  ), judged as materialized (
    select w.event_id, w.clicked_at,
      case when not w.open then w.verdict when w.machine then 'machine' when w.repeated then 'duplicate' else 'human' end
        as verdict,
      case when not w.open then w.reason when w.machine then array_to_string(w.signs, '+')
        when w.repeated then ${repeatedReason} else coalesce(w.signs[1], ${plainReason}) end as reason
    from weighed w
    join batch b on b.event_id = w.event_id and b.clicked_at = w.clicked_at
  )
`
