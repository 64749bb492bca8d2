import type { Sql } from '../database/sql.ts'

/** The version of all bodies: it grows when a field changes its meaning or goes, not when one is added. */
export const messageVersion = 1

/**
 * Part of a statement: puts a message about each conversion in `news` into the outbox, for the webhooks that want it. It
 * commits with what it reports, so that each is reported once.
 */
export const announceConversions = (sql: Sql) => sql`
  announced as (
    insert into promo_outbox (target, body)
    select 'webhook:' || w.id, jsonb_build_object(
      'id', gen_random_uuid(), 'type', 'conversion.recorded', 'version', ${messageVersion}::integer,
      'timestamp', to_char(c.reported_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
      'data', jsonb_build_object(
        'source', nullif(c.source, ''), 'external_id', c.external_id, 'offer_id', c.offer_id,
        'variation_id', c.variation_id, 'newsletter_send_id', i.newsletter_send_id,
        'newsletter', nullif(c.newsletter, ''), 'amount', c.amount::text, 'currency', c.currency,
        'status', c.status, 'occurred_at', to_char(c.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      )
    )
    from news c
    join promo_webhooks w on 'conversion.recorded' = any (w.events)
    left join promo_impression_tracking i on i.id = c.impression_id
    order by c.id, w.id
  )
`
