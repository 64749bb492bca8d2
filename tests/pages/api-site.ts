import { ask, post, type RawAnswer, type RunningSite, runSite } from './running-site.ts'

export const token = 'a-token-of-the-tests'

export const apiHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
}

export const jsonOf = ({ body }: RawAnswer): unknown => JSON.parse(body)

export type ApiSite = Awaited<ReturnType<typeof runApiSite>>

/** A site behind a trusted proxy, whose callers are all different, so that no rate limit gets in a test's way. */
export async function runApiSite(settings: Record<string, string> = {}) {
  const running: RunningSite = await runSite({
    PROMO_TRUSTED_PROXIES: '127.0.0.1',
    PROMO_INGEST_TOKEN: token,
    SITE_URL: 'https://site.example',
    ...settings,
  })
  const { site, database } = running
  const { sql } = database
  let callers = 0
  const fresh = () => {
    callers += 1
    return {
      'x-forwarded-for': `10.${callers >> 16}.${(callers >> 8) & 255}.${callers & 255}`,
      authorization: `Bearer ${token}`,
    }
  }
  return {
    site,
    sql,
    url: database.url,
    end: running.end,
    fresh,
    click: (body: unknown, headers: Record<string, string> = fresh()) =>
      post(site, 'track-click', body, headers),
    impression: (body: unknown, headers: Record<string, string> = fresh()) =>
      post(site, 'track-impression', body, headers),
    select: (query = '', headers: Record<string, string> = fresh()) =>
      ask(site, `/api/v1/promo/select-random${query}`, { headers }),
    async rowCount() {
      const [row] = await sql`
        select (select count(*) from promo_click_tracking) + (select count(*) from promo_impression_tracking) as rows
      `
      return Number(row?.rows)
    },
    /** What the offer and its variation have counted so far. */
    async counters(variation = 42) {
      const [row] = await sql<
        Record<'impressions' | 'clicks' | 'ofVariation' | 'clicksOfVariation', number>[]
      >`
        select o.total_impressions::float as impressions, o.total_clicks::float as clicks,
          v.impressions::float as "ofVariation", v.clicks::float as "clicksOfVariation",
          o.ctr::float as "offerCtr", v.ctr::float as ctr
        from promo_offers o join promo_text_variations v on v.offer_id = o.id
        where v.id = ${variation}
      `
      return { impressions: 0, clicks: 0, ofVariation: 0, clicksOfVariation: 0, ...row }
    },
  }
}
