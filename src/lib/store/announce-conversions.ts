import type { Sql } from '../database/sql.ts'
import { isoTime, webhookMessage } from './webhook-message.ts'

/**
 * Part of a statement: puts a message about each conversion in `news` into the outbox, for the webhooks that want it.
 * It is committed with what it reports, so that each is reported once.
 */
export const announceConversions = (sql: Sql) => {
  const data = sql`jsonb_build_object(
    'source', nullif(c.source, ''), 'external_id', c.external_id, 'offer_id', c.offer_id, 'variation_id',
    c.variation_id,
    'newsletter_send_id', i.newsletter_send_id, 'newsletter', nullif(c.newsletter, ''), 'amount', c.amount::text,
    'currency', c.currency, 'status', c.status, 'occurred_at', ${isoTime(sql, sql`c.occurred_at`)}
  )`
  return sql`
    announced as (
      insert into promo_outbox (target, body)
      select 'webhook:' || w.id,
        ${webhookMessage(sql, { type: sql`'conversion.recorded'`, at: sql`c.reported_at`, data })}
      from news c
      join promo_webhooks w on 'conversion.recorded' = any (w.events)
      left join promo_impression_tracking i on i.id = c.impression_id
      order by c.id, w.id
    )
  `
}
