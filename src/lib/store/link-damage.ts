import type { Sql } from '../database/sql.ts'
import type { LinkDamage } from '../model/link.ts'

/** Adds counts by day (UTC) and slug, given as JSON. */
export const addLinkDamage = (sql: Sql, counts: string) => sql`
  insert into promo_link_damage as known (day, slug, damaged, unreadable)
  select day, slug, damaged, unreadable
  from json_to_recordset(${counts}::text::json) as c (day date, slug text, damaged bigint, unreadable bigint)
  order by day, slug
  on conflict (day, slug) do update set
    damaged = known.damaged + excluded.damaged,
    unreadable = known.unreadable + excluded.unreadable
`

/** Sums over UTC days, both included, with all recorded clicks. */
export const sumLinkDamage = (sql: Sql, first: string | undefined, last: string) => sql<LinkDamage[]>`
  select d.damaged, d.unreadable, c.clicks
  from (
    select coalesce(sum(damaged), 0)::double precision as damaged,
      coalesce(sum(unreadable), 0)::double precision as unreadable
    from promo_link_damage
    where day between coalesce(${first ?? null}::date, '-infinity') and ${last}::date
  ) d, (
    select coalesce(sum(clicks), 0)::double precision as clicks
    from promo_daily_metrics
    where day between coalesce(${first ?? null}::date, '-infinity') and ${last}::date
  ) c
`
