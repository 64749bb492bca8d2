import type { Fragment, Sql } from '../database/sql.ts'
import type { ReportQuery } from '../model/report-query.ts'

/**
 * People of everything (no offer), of an offer (no text) or of a text. `visits` counts each person once per text and
 * day; `unkept` are visits of people of whom nothing is stored.
 */
export type PeopleRow = [
  offer_id: number | null,
  variation_id: number | null,
  people: number,
  visits: number,
  unkept: number,
]

/** Rows of one newsletter, or of all; of a table `p`. */
const ofNewsletter = (sql: Sql, newsletter: string | undefined) =>
  newsletter === undefined ? sql`p.newsletter is null` : sql`p.newsletter = ${newsletter}`

/**
 * Different people in a range of UTC days, each once per calendar month: a row for everything, each offer and each
 * text. A visitor who clicked before the range counts on the first day in it, which matters only in its first month.
 */
const peopleOf = (
  sql: Sql,
  newsletter: string | undefined,
  first: Fragment | undefined,
  last: Fragment,
) => sql`
  select p.offer_id, p.variation_id, sum(p.people)::double precision as people,
    sum(p.visits)::double precision as visits,
    sum(p.unkept)::double precision as unkept
  from (
    select * from promo_people p
    where ${ofNewsletter(sql, newsletter)} and p.earlier = 0 and p.day <= ${last}
      ${first === undefined ? sql`` : sql`and p.day >= ${first}`}
    ${
      first === undefined
        ? sql``
        : sql`
            union all
            select * from promo_people p
            where ${ofNewsletter(sql, newsletter)} and p.day between ${first} and ${last}
              and p.earlier = any (array(select generate_series(1, extract(day from ${first})::integer - 1)))
              and p.day < date_trunc('month', ${first}::timestamp) + interval '1 month'
          `
    }
  ) p
  group by 1, 2
`

/** People in a report's range and in the one before, and the first day with known people; see `ReportRow`. */
export function peopleColumns(sql: Sql, { newsletter, start, end }: ReportQuery) {
  const last = sql`${end}::date`
  const first = start === undefined ? undefined : sql`${start}::date`
  const list = (rows: Fragment) =>
    sql`(select coalesce(json_agg(json_build_array(offer_id, variation_id, people, visits, unkept)), '[]')
      from (${rows}) r)`
  const before =
    first && peopleOf(sql, newsletter, sql`(${first} - (${last} - ${first} + 1))`, sql`(${first} - 1)`)
  return sql`
    ${list(peopleOf(sql, newsletter, first, last))} as people,
    ${before ? list(before) : sql`'[]'::json`} as people_before,
    (select min(day)::text from promo_people where newsletter is null and earlier = 0) as people_since
  `
}
