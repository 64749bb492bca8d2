import { arrayLiteral } from '../database/array-literal.ts'
import type { Sql } from '../database/sql.ts'

/** What waits for a target: `attempts` counts the one for which it was claimed, `age` is in seconds. */
export type OutboxRow = { id: string; body: unknown; attempts: number; age: number }

/** A row that the target did not accept, why, and the seconds until it is tried again. */
export type RefusedRow = { id: string; reason: string; pause: number }

const ids = (rows: readonly string[]): string => arrayLiteral(rows, (id) => id)

/**
 * Claims up to `limit` due rows, the oldest first, for `lease` seconds: only those in `only`, unless it is empty, and
 * none in `except`. Nothing stays locked; if the worker dies, the next one gets them after that.
 */
export const claimRows = (
  sql: Sql,
  wanted: {
    target: string
    limit: number
    lease: number
    only: readonly string[]
    except: readonly string[]
  },
) => sql<OutboxRow[]>`
  with due as materialized (
    select id from promo_outbox
    where target = ${wanted.target} and due_at <= now() and id <> all (${ids(wanted.except)}::bigint[])
      and (${wanted.only.length === 0} or id = any (${ids(wanted.only)}::bigint[]))
    order by due_at, id
    limit ${wanted.limit}
    for update skip locked
  ), claimed as (
    update promo_outbox waiting
    set due_at = now() + ${wanted.lease} * interval '1 second', attempts = attempts + 1
    from due
    where waiting.id = due.id
    returning waiting.id, waiting.body, waiting.attempts, waiting.created_at
  )
  select id::text, body, attempts, extract(epoch from now() - created_at)::double precision as age
  from claimed order by claimed.id
`

/** Removes finished rows, postpones refused ones, and releases those that were not tried. */
export const finishRows = (
  sql: Sql,
  rows: { done: readonly string[]; refused: readonly RefusedRow[]; untried: readonly string[] },
) => sql`
  with done as (
    delete from promo_outbox where id = any (${ids(rows.done)}::bigint[])
  ), refused as (
    update promo_outbox waiting set due_at = now() + refusal.pause * interval '1 second', refused = refusal.reason
    from json_to_recordset(${JSON.stringify(rows.refused)}::text::json) as refusal (id bigint, reason text,
      pause double precision)
    where waiting.id = refusal.id
  )
  update promo_outbox set due_at = created_at, attempts = attempts - 1
  where id = any (${ids(rows.untried)}::bigint[])
`

/**
 * What is waiting, by target: how many rows, how many of them were refused before, and the age of the oldest in
 * seconds.
 */
export const measureOutbox = (sql: Sql) => sql<
  { target: string; waiting: number; refused: number; age: number }[]
>`
  select target, count(*)::integer as waiting, count(refused)::integer as refused,
    extract(epoch from now() - min(created_at))::double precision as age
  from promo_outbox
  group by target
`

/** Drops a target's rows that are older than `days` days or beyond the newest `most`; returns how many, if any. */
export const trimOutbox = (sql: Sql, bounds: { target: string; days: number; most: number }) => sql<
  { dropped: number }[]
>`
  with dropped as (
    delete from promo_outbox
    where target = ${bounds.target} and (
      created_at < now() - ${bounds.days} * interval '24 hours'
      or id <= (
        select id from promo_outbox where target = ${bounds.target} order by id desc offset ${bounds.most} limit 1
      )
    )
    returning id
  )
  select count(*)::integer as dropped from dropped having count(*) > 0
`
