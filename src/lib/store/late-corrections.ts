import type { Sql } from '../database/sql.ts'

/**
 * Sends of the last week whose recipients were corrected more than a day after they were first reported; five
 * at most.
 */
export const lateCorrections = (sql: Sql) => sql<{ newsletter_send_id: string }[]>`
  select newsletter_send_id
  from promo_impression_tracking
  where corrected_late_at > now() - interval '7 days'
  group by newsletter_send_id
  order by max(corrected_late_at) desc
  limit 5
`
