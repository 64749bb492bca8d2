import type { Sql } from '../database/sql.ts'

/** What a send was reported to have shown. */
export type Reported = {
  offer_id: number
  variation_id: number
  recipients: number
  /** Milliseconds since 1970. */
  sent_at: number
}

export const listReported = (sql: Sql, send: string) => sql<Reported[]>`
  select offer_id, variation_id, recipients, (extract(epoch from tracked_at) * 1000)::double precision as sent_at
  from promo_impression_tracking
  where newsletter_send_id = ${send}
  order by variation_id
`
