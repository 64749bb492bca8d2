import type { Fragment, Sql } from '../database/sql.ts'

/** The version of all messages: it grows when a field changes its meaning or goes, not when one is added. */
const messageVersion = 1

/** A time in the form that messages use. */
export const isoTime = (sql: Sql, time: Fragment): Fragment =>
  sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`

/** A message as receivers get it, with an id of its own: an SQL expression made of these. */
export const webhookMessage = (
  sql: Sql,
  { type, at, data }: Record<'type' | 'at' | 'data', Fragment>,
): Fragment => sql`
  jsonb_build_object(
    'id', gen_random_uuid(), 'type', ${type}, 'version', ${messageVersion}::integer, 'timestamp', ${isoTime(sql, at)},
    'data', ${data}
  )
`
