import { commitsDurably } from '../database/durable-commit.ts'
import type { Sql } from '../database/sql.ts'
import { byTrait } from '../model/click-traits.ts'
import type { Click } from '../model/event.ts'
import { addClicks } from './add-clicks.ts'
import { fingerprint, type Rejection, reusedKeys } from './event-keys.ts'
import { isUncertain } from './judgement.ts'

/** The columns that a click's row takes unchanged from its event, with their PostgreSQL types. */
const taken = {
  variation_id: 'integer',
  referrer: 'text',
  user_agent: 'text',
  ip_hash: 'text',
  address_hash: 'text',
  newcomer: 'boolean',
  verdict: 'text',
  reason: 'text',
  sign: 'text',
  rules_version: 'smallint',
  ...byTrait(() => 'text'),
} satisfies Record<
  Exclude<keyof Click, 'kind' | 'event_id' | 'caller_key' | 'at' | 'offer_id' | 'slug'>,
  string
>

const names = Object.keys(taken).join(', ')
const definitions = Object.entries(taken)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ')

/**
 * Records the clicks of a JSON array of events exactly once: rows, counters and rollups grow by what was not
 * there yet, in one statement. A click without an offer is unchecked: it gets the offer of its variation here,
 * if that has or once had the click's slug. Everything is inserted and added in a fixed order, because unsorted
 * sums from several connections deadlock.
 */
export const recordClicks = (sql: Sql, events: string) => sql<Rejection[]>`
  with ${clicksOf(sql, events)},
    ${validClicks(sql)},
    ${keepKeys(sql)},
    ${insertClicks(sql)},
    ${sumInserted(sql)},
    ${addClicks(sql)}
  ${refusedClicks(sql)}
  union all ${reusedKeys(sql)}
`

const clicksOf = (sql: Sql, events: string) => sql`
  batch as (
    select * from rows from (
      json_to_recordset(${events}::text::json) as (
        kind text, event_id uuid, caller_key boolean, at double precision, offer_id integer, slug text,
        ${sql.unsafe(definitions)}
      )
    ) with ordinality as b (
      kind, event_id, caller_key, at, given_offer_id, slug, ${sql.unsafe(names)}, position
    )
    where kind = 'click' and ${commitsDurably(sql)}
  )
`

const validClicks = (sql: Sql) => sql`
  valid as (
    select distinct on (b.event_id) b.*, v.offer_id, to_timestamp(b.at / 1000) as clicked_at,
      ${fingerprint(sql, sql`b.kind, b.variation_id, b.referrer, b.user_agent`)} as fingerprint
    from batch b
    join promo_text_variations v on v.id = b.variation_id and v.offer_id = coalesce(b.given_offer_id, v.offer_id)
    where b.given_offer_id is not null or b.slug is null or exists (
      select from promo_offers o
      where o.id = v.offer_id and (o.link_slug is null or o.link_slug = b.slug or exists (
        select from promo_former_slugs f where f.offer_id = o.id and f.slug = b.slug
      ))
    )
    order by b.event_id, b.position
  )
`

/** A retry of an event whose id the caller chose has another time: only the key shows that it is already there. */
const keepKeys = (sql: Sql) => sql`
  fresh_keys as (
    insert into promo_event_keys (event_id, fingerprint)
    select event_id, fingerprint from valid where caller_key order by event_id
    on conflict do nothing
    returning event_id
  )
`

const insertClicks = (sql: Sql) => sql`
  inserted as (
    insert into promo_click_tracking (event_id, offer_id, clicked_at, ${sql.unsafe(names)})
    select event_id, offer_id, clicked_at, ${sql.unsafe(names)}
    from valid
    where not caller_key or event_id in (select event_id from fresh_keys)
    order by position
    on conflict (event_id, clicked_at) do nothing
    returning offer_id, variation_id, verdict, reason, date_trunc('hour', clicked_at, 'UTC') as hour
  )
`

const sumInserted = (sql: Sql) => sql`
  sums as (
    select
      hour, offer_id, variation_id,
      count(*) as clicks,
      count(*) filter (where verdict = 'human') as human_clicks,
      count(*) filter (where verdict = 'machine') as machine_clicks,
      count(*) filter (where verdict = 'duplicate') as duplicate_clicks,
      count(*) filter (where ${isUncertain(sql, 'verdict', 'reason')}) as uncertain_clicks
    from inserted
    group by hour, offer_id, variation_id
  )
`

const refusedClicks = (sql: Sql) => sql`
  select event_id,
    case
      when given_offer_id is not null then 'variation_gone'
      when exists (select from promo_text_variations v where v.id = batch.variation_id) then 'other_slug'
      else 'unknown_variation'
    end as reason
  from batch
  where event_id not in (select event_id from valid)
`
