import type { HealthReport } from './health-schema.ts'

const unusable = 'The database cannot be used; whoever runs the site learns where, why and what to do.'

const more =
  'There is more to look at: it is shown to programs on this machine, with PROMO_INGEST_TOKEN, and ' +
  'to people who are signed in.'

/**
 * Health without what names servers, sends, links or offers, and without what weakens the site: strangers get which
 * parts work, counts, and a hint that there is more.
 */
export function withoutDetails(report: HealthReport): HealthReport {
  const { database, strapi, strapi_offers, mautic, links_at_fault: atFault = [], ...rest } = report
  const { hints, links_left_out, variations_left_out, offers_without_slug } = report
  const named = [
    ...[hints, atFault, links_left_out, variations_left_out, offers_without_slug],
    ...[strapi?.left_out ?? [], strapi_offers?.left_out ?? [], mautic?.left_out ?? []],
  ]
  return {
    ...rest,
    database: { ...database, ...(database.message !== undefined && { message: unusable }) },
    ...(strapi && { strapi: { ...strapi, left_out: [] } }),
    ...(strapi_offers && { strapi_offers: { ...strapi_offers, left_out: [] } }),
    ...(mautic && { mautic: { ...mautic, left_out: [] } }),
    hints: named.some((list) => list.length > 0) ? [more] : [],
    links_left_out: [],
    variations_left_out: [],
    offers_without_slug: [],
  }
}
