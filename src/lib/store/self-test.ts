import type { Sql } from '../database/sql.ts'
import type { Verdict } from '../model/verdict.ts'
import { finalJudgement, type JudgementRules } from './judgement.ts'

/** The self-test's offer (type `self_test`, which reports and selection leave out), with its link. */
export type SelfTestPlace = {
  offer_id: number
  variations: number[]
  /** When it was clicked last, in milliseconds since 1970. */
  clicked_at: number | null
}

/**
 * Creates the self-test's link, offer and variations unless they exist. No row if the slug belongs to another offer.
 */
export const provideSelfTest = (
  sql: Sql,
  place: { slug: string; destination: string; variations: number },
) => sql<SelfTestPlace[]>`
  with free as (
    select ${place.slug} as slug
    where not exists (select from promo_offers where link_slug = ${place.slug} and offer_type <> 'self_test')
  ), link as (
    insert into affiliate_links (slug, destination_url)
    select slug, ${place.destination} from free
    on conflict (slug) do update set active = true
  ), known as (
    select min(id) as id from promo_offers where link_slug = ${place.slug} and offer_type = 'self_test'
    having count(*) > 0
  ), made as (
    insert into promo_offers (name, offer_type, link_slug, weight, active)
    select 'Self-test', 'self_test', slug, 0, false from free where not exists (select from known)
    returning id
  ), offer as (
    select id from known union all select id from made
  ), texts as (
    insert into promo_text_variations (offer_id, text_content, approved)
    select offer.id, 'Self-test, text ' || number, false
    from offer, generate_series(1 + (select count(*) from promo_text_variations v where v.offer_id = offer.id),
      ${place.variations}) number
    returning id, offer_id
  )
  select offer.id as offer_id,
    (
      select json_agg(id order by id) from (
        select id from promo_text_variations where offer_id = offer.id union all select id from texts
      ) variations
    ) as variations,
    (select (extract(epoch from max(clicked_at)) * 1000)::double precision from promo_click_tracking
      where offer_id = offer.id) as clicked_at
  from offer
`

/** A click of the self-test with its stored verdict, and the one that settling would give it now. */
export type SelfTestClick = {
  variation_id: number
  referrer: string | null
  address_hash: string | null
  verdict: Verdict
  reason: string
  final_verdict: Verdict
  final_reason: string
}

/**
 * The clicks of an offer after a moment in milliseconds since 1970, judged finally by the statement that
 * settles. Changes nothing.
 */
export const judgeSelfTest = (sql: Sql, offer: number, after: number, rules: JudgementRules) => sql<
  SelfTestClick[]
>`
  with batch as materialized (
    select id, event_id, clicked_at, variation_id, ip_hash, address_hash, user_agent, verdict, reason, sign, referrer
    from promo_click_tracking
    where offer_id = ${offer} and clicked_at > to_timestamp(${after / 1000})
  ), ${finalJudgement(sql, rules)}
  select variation_id, referrer, address_hash, verdict, reason, final_verdict, final_reason
  from judged order by clicked_at, event_id
`

/** How many clicks on other offers came from an address after a moment in milliseconds since 1970. */
export const countOtherClicks = (sql: Sql, offer: number, address: string, after: number) => sql<
  { clicks: number }[]
>`
  select count(*)::integer as clicks
  from promo_click_tracking
  where address_hash = ${address} and offer_id <> ${offer} and clicked_at > to_timestamp(${after / 1000})
`
