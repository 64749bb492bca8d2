import type { Sql } from '../../src/lib/database/sql.ts'
import { makeClickPartitionsBetween } from '../../src/lib/store/catalogue.ts'

export type History = {
  clicks: number
  end: Date
  days: number
  /** Days of clicks that are there row by row, and those of them that still have the visitor's hash. */
  rowDays: number
  hashDays: number
  /** All of a site's indexes, or only those that reports by the specification's queries use. */
  indexed: boolean
}

const twoYears = { days: 730, rowDays: 730, hashDays: 730, indexed: false }

const day = 86_400_000

/**
 * A daily newsletter with so many clicks, by default of two years, written by the database itself: 20 offers of
 * 4 variations, a send a day, its clicks 70/20/10 on the three days after it. Raw rows, the rollups that
 * recording and settling would leave, and counters. Needs a connection of its own, of a superuser.
 */
export async function writeHistory(
  sql: Sql,
  clicks: number,
  end: Date,
  shape: Omit<History, 'clicks' | 'end'> = twoYears,
): Promise<void> {
  const { days, rowDays, indexed } = shape
  const perSend = Math.round(clicks / days)
  await makeClickPartitionsBetween(sql, end.getTime() - (rowDays + 31) * day, end.getTime() + 31 * day)
  // Foreign keys hold by construction, and ten million checks would take minutes.
  await sql`set session_replication_role = replica`
  await writePromos(sql, perSend, end, days)
  await makeClicks(sql, perSend, end)
  const dropped = await dropIndexes(sql)
  await writeClicks(sql, end, shape)
  await sql.unsafe(`set maintenance_work_mem = '512MB'`)
  await sql.unsafe(indexed ? dropped : neededIndexes)
  await sql.unsafe('reset maintenance_work_mem')
  await addUp(sql, end)
  await sql`reset session_replication_role`
  await sql.unsafe('drop table made')
  await sql.unsafe('vacuum analyze')
}

async function writePromos(sql: Sql, perSend: number, end: Date, days: number): Promise<void> {
  await sql`insert into affiliate_links (slug, destination_url) values ('offer', 'https://merchant.example/')`
  await sql`
    insert into promo_offers (id, name, link_slug)
    select o, 'Offer ' || o || ' – with a longer name', 'offer' from generate_series(1, 20) o
  `
  await sql`
    insert into promo_text_variations (id, offer_id, text_content, cta_text, tone, length_category, approved)
    select (o - 1) * 4 + v, o, 'A text of some length, number ' || v || ', for offer ' || o || ', to read and to click',
      (array['Go →', 'Start now', 'Read on', 'Try it'])[v], (array['exciting', 'friendly', 'calm', 'urgent'])[v],
      (array['short', 'medium', 'long', 'short'])[v], true
    from generate_series(1, 20) o, generate_series(1, 4) v
  `
  await sql`
    insert into promo_impression_tracking (id, offer_id, variation_id, newsletter_send_id, recipients, tracked_at,
      reported_at)
    select d, d * 7 % 20 + 1, d * 7 % 20 * 4 + d / 20 % 4 + 1, 'send-' || d, ${perSend * 40}::integer, sent, sent
    from (
      select d, ${end}::timestamptz - interval '1 day' * ${days} + d * interval '1 day' as sent
      from generate_series(1, ${days} - 1) d
    ) s
  `
  await sql`select setval('promo_impression_tracking_id_seq', ${days})`
}

/** Rows are written faster without them. Answers the statements that make them again. */
async function dropIndexes(sql: Sql): Promise<string> {
  const keys = await sql<{ name: string; definition: string }[]>`
    select conname as name, pg_get_constraintdef(oid) as definition from pg_constraint
    where conrelid = 'promo_click_tracking'::regclass and contype in ('p', 'u')
  `
  const dropKeys = keys.map(({ name }) => `alter table promo_click_tracking drop constraint ${name}`)
  await sql.unsafe(dropKeys.join(';'))
  const others = await sql<{ name: string; definition: string }[]>`
    select indexrelid::regclass::text as name, replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') as definition
    from pg_index where indrelid = 'promo_click_tracking'::regclass
  `
  await sql.unsafe(others.map(({ name }) => `drop index ${name}`).join(';'))
  const makeKeys = keys.map(
    ({ name, definition }) => `alter table promo_click_tracking add constraint ${name} ${definition}`,
  )
  return [...makeKeys, ...others.map(({ definition }) => definition)].join(';')
}

/** Those that the site and the specification use. */
const neededIndexes = `
  alter table promo_click_tracking add constraint promo_click_tracking_pkey primary key (id, clicked_at);
  create index idx_click_date on promo_click_tracking (clicked_date);
  create index idx_click_time on promo_click_tracking using brin (clicked_at)
`

/** Every click of the whole time, in a table of its own. */
const makeClicks = (sql: Sql, perSend: number, end: Date) => sql`
    create unlogged table made as
    select c, impression_id, offer_id, variation_id, hours, sent + hours * interval '1 hour' as at,
      case when c % 17 = 0 then 'machine' when c % 29 = 0 then 'duplicate' else 'human' end as verdict,
      case when c % 17 = 0 then 'prefetch' when c % 29 = 0 then 'repeated' when c % 31 = 0 then 'no_user_agent'
        else 'none' end
        as reason
    from (
      select c, i.id as impression_id, i.offer_id, i.variation_id, i.tracked_at as sent,
        case when c * 7919 % 1000 < 700 then 0 when c * 7919 % 1000 < 900 then 24 else 48 end
          + 23 * (c % 97 / 97.0) ^ 3 as hours
      from promo_impression_tracking i, generate_series(1, ${perSend} * (50 + i.id * 31 % 100) / 100) c
    ) s
    where sent + hours * interval '1 hour' < ${end}
  `

/** What is known of a click, by its number. */
const told = (sql: Sql) => sql`
  (array['mobile', 'desktop', 'tablet'])[c % 3 + 1] as device,
  (array['Safari', 'Chrome', 'Firefox', 'Edge'])[c % 4 + 1] as browser,
  (array['iOS', 'Android', 'Windows', 'macOS'])[c % 4 + 1] as os, 'mail' || c % 8 || '.example' as referrer
`

const writeClicks = (
  sql: Sql,
  end: Date,
  { rowDays, hashDays }: Pick<History, 'rowDays' | 'hashDays'>,
) => sql`
  insert into promo_click_tracking (event_id, offer_id, variation_id, clicked_at, recorded_at, verdict, reason,
    device, browser, os, referrer, ip_hash)
  select uuidv7(at - now()), offer_id, variation_id, at, at, verdict, reason, device, browser, os, referrer,
    case when at >= ${end}::timestamptz - ${hashDays} * interval '1 day' then md5((c % 100000)::text) end
  from (select *, ${told(sql)} from made where at >= ${end}::timestamptz - ${rowDays} * interval '1 day') m
`

/** In the order in which settling writes rows: by time. */
async function addUp(sql: Sql, end: Date): Promise<void> {
  const verdicts = sql`
    count(*), count(*) filter (where verdict = 'human'), count(*) filter (where verdict = 'machine'),
    count(*) filter (where verdict = 'duplicate'), count(*) filter (where verdict = 'human' and reason <> 'none'),
    count(*) filter (where verdict = 'human')
  `
  await sql`
    insert into promo_performance_metrics (hour, offer_id, variation_id, clicks, human_clicks, machine_clicks,
      duplicate_clicks, uncertain_clicks, unique_clicks)
    select date_trunc('hour', at, 'UTC'), offer_id, variation_id, ${verdicts} from made group by 1, 2, 3 order by 1, 3
  `
  await sql`
    insert into promo_performance_metrics as m (hour, offer_id, variation_id, impressions, recipients)
    select date_trunc('hour', tracked_at, 'UTC'), offer_id, variation_id, 1, recipients from promo_impression_tracking
    on conflict (variation_id, hour) do update set impressions = 1, recipients = excluded.recipients
  `
  await sql`
    insert into promo_daily_metrics (day, offer_id, variation_id, impressions, recipients, clicks, human_clicks,
      machine_clicks, duplicate_clicks, uncertain_clicks, unique_clicks)
    select (hour at time zone 'UTC')::date, offer_id, variation_id, sum(impressions), sum(recipients), sum(clicks),
      sum(human_clicks), sum(machine_clicks), sum(duplicate_clicks), sum(uncertain_clicks), sum(unique_clicks)
    from promo_performance_metrics group by 1, 2, 3 order by 1, 3
  `
  await sql`
    insert into promo_send_metrics (impression_id, hours, clicks, human_clicks, clickers)
    select impression_id, (select max(h) from unnest(array[0, 1, 2, 3, 6, 12, 24, 48, 72, 168]) h
      where h <= floor(hours)),
      sum(clicks), sum(human), sum(human)
    from (
      select impression_id, floor(hours) as hours, count(*) as clicks,
        count(*) filter (where verdict = 'human') as human
      from made group by 1, 2
    ) m
    group by 1, 2 order by 1, 2
  `
  await sql`
    insert into promo_click_breakdown (day, offer_id, variation_id, dimension, value, clicks, human_clicks)
    select clicked_date, offer_id, variation_id, dimension, value, sum(clicks), sum(human)
    from (
      select (at at time zone 'UTC')::date as clicked_date, offer_id, variation_id, device, browser, os, referrer,
        reason,
        count(*) as clicks, count(*) filter (where verdict = 'human') as human
      from (select *, ${told(sql)} from made) m group by 1, 2, 3, 4, 5, 6, 7, 8
    ) c, lateral (
      values ('device', device), ('browser', browser), ('os', os), ('referrer', referrer), ('reason', reason)
    ) known (dimension, value)
    group by 1, 2, 3, 4, 5 order by 1, 3, 4, 5
  `
  await sql`
    insert into promo_monthly_breakdown (month, offer_id, variation_id, dimension, value, clicks, human_clicks,
      machine_clicks)
    select date_trunc('month', day::timestamp)::date, offer_id, variation_id, dimension, value, sum(clicks),
      sum(human_clicks),
      sum(machine_clicks)
    from promo_click_breakdown group by 1, 2, 3, 4, 5 order by 1, 3, 4, 5
  `
  await sql`
    insert into promo_hourly_totals (hour, clicks, human_clicks)
    select hour, sum(clicks), sum(human_clicks) from promo_performance_metrics group by 1 having sum(clicks) > 0
    order by 1
  `
  await sql`
    insert into promo_monthly_totals (month, dimension, value, clicks, human_clicks, machine_clicks)
    select month, dimension, value, sum(clicks), sum(human_clicks), sum(machine_clicks)
    from promo_monthly_breakdown group by 1, 2, 3 order by 1, 2, 3
  `
  await sql`
    update promo_text_variations v set impressions = m.recipients, clicks = m.clicks
    from (select variation_id, sum(recipients) as recipients, sum(clicks) as clicks from promo_daily_metrics
      group by 1) m
    where m.variation_id = v.id
  `
  await sql`
    update promo_offers o set total_impressions = m.recipients, total_clicks = m.clicks
    from (select offer_id, sum(recipients) as recipients, sum(clicks) as clicks from promo_daily_metrics group by 1) m
    where m.offer_id = o.id
  `
  await sql`update promo_settlement
    set rounds = rounds + 1, recorded_at = ${end}, click_id = (select coalesce(max(id), 0) from promo_click_tracking)`
}
