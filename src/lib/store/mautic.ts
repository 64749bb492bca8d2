import type { Sql } from '../database/sql.ts'
import type { MauticText, SentEmail } from '../model/mautic.ts'

/** Sends of the last thirty days, reported or chosen for; the newest thousand. */
export const listRecentSends = (sql: Sql) => sql<{ send: string }[]>`
  select newsletter_send_id as send
  from (
    select newsletter_send_id, tracked_at as at from promo_impression_tracking
    where newsletter_send_id is not null and tracked_at > now() - interval '30 days'
    union all
    select newsletter_send_id, decided_at from promo_decisions where decided_at > now() - interval '30 days'
  ) recent
  group by newsletter_send_id
  order by max(at) desc, 1
  limit 1000
`

/** Maps e-mails to a send unless they are mapped already. Returns those that were new. */
export const mapEmails = (sql: Sql, emails: readonly { email_id: number; send: string }[]) => sql<
  { email_id: number }[]
>`
  insert into promo_mautic_emails (email_id, newsletter_send_id)
  select distinct on (email_id) email_id, send
  from json_to_recordset(${JSON.stringify(emails)}::text::json) as m (email_id integer, send text)
  order by email_id
  on conflict do nothing
  returning email_id
`

/** Maps an e-mail again, with the text that it shows; null if its links or its send determine that. */
export const mapEmailByHand = (
  sql: Sql,
  { email_id, send, variation_id }: { email_id: number; send: string; variation_id: number | null },
) => sql`
  insert into promo_mautic_emails (email_id, newsletter_send_id, variation_id, by_hand)
  values (${email_id}, ${send}, ${variation_id}, ${variation_id !== null})
  on conflict (email_id) do update set
    newsletter_send_id = excluded.newsletter_send_id,
    variation_id = excluded.variation_id,
    by_hand = excluded.by_hand,
    corrected_count = null,
    mapped_at = now()
`

/**
 * E-mails to ask Mautic for, by send: of one send, or of all whose number may still change, which is within thirty days
 * after mapping, until it has not changed for a day and is in the reports. If one e-mail of a send qualifies, all of
 * that send are returned.
 */
export const listEmailsToAsk = (sql: Sql, send: string | null) => sql<{ email_id: number; send: string }[]>`
  select email_id, newsletter_send_id as send
  from promo_mautic_emails
  where newsletter_send_id in (
    select newsletter_send_id from promo_mautic_emails
    where case when ${send}::text is null
      then mapped_at > now() - interval '30 days'
        and (changed_at > now() - interval '1 day' or corrected_count is distinct from sent_count)
      else newsletter_send_id = ${send}
      end
  )
  order by mapped_at desc, newsletter_send_id, email_id
  limit 200
`

/** What Mautic reported about an e-mail, and the text that it was found to show. */
export type EmailCount = { email_id: number; sent: number; variation_id: number | null }

/** Counts never fall, since an older answer may arrive later. A text that somebody named stays. */
export const noteEmailCounts = (sql: Sql, counts: readonly EmailCount[]) => sql`
  update promo_mautic_emails known
  set sent_count = greatest(known.sent_count, counted.sent),
    changed_at = case when counted.sent > known.sent_count or known.read_at is null then now()
      else known.changed_at end,
    read_at = now(),
    variation_id = case when known.by_hand then known.variation_id
      else coalesce(counted.variation_id, known.variation_id) end
  from json_to_recordset(${JSON.stringify(counts)}::text::json) as counted (
    email_id integer, sent integer, variation_id integer
  )
  where known.email_id = counted.email_id
`

/** The e-mails of a send, locked until the end of the transaction. */
export const lockSentEmails = (sql: Sql, send: string) => sql<(SentEmail & { by_hand: boolean })[]>`
  select email_id, variation_id, by_hand, sent_count, corrected_count, read_at is not null as read,
    changed_at <= now() - interval '1 hour' as settled
  from promo_mautic_emails
  where newsletter_send_id = ${send}
  order by email_id
  for update
`

/** The texts of a send: those that it was reported to show, and those that were chosen for it and not reported. */
export const listSentTexts = (sql: Sql, send: string) => sql<MauticText[]>`
  select offer_id, variation_id, recipients, (extract(epoch from tracked_at) * 1000)::double precision as sent_at
  from promo_impression_tracking
  where newsletter_send_id = ${send}
  union all
  select offer_id, variation_id, null, null
  from promo_decisions d
  where newsletter_send_id = ${send} and not exists (
    select from promo_impression_tracking i
    where i.newsletter_send_id = ${send} and i.variation_id = d.variation_id
  )
  order by variation_id
`

/** Marks these counts as reported. */
export const noteCorrected = (sql: Sql, emails: readonly number[]) => sql`
  update promo_mautic_emails set corrected_count = sent_count
  where email_id in (select json_array_elements_text(${JSON.stringify(emails)}::text::json)::integer)
`
