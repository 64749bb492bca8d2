import type { StrapiOffers } from '../catalogue/strapi-offers.ts'
import type { CacheState } from '../links/refreshing-cache.ts'
import type { StrapiFault } from '../strapi/client.ts'

/** What is known of Strapi as a source of links. */
export type StrapiReadings = {
  cache: Pick<CacheState, 'failingFor' | 'leftOut'> & { readonly size: number }
  readonly fault: StrapiFault | undefined
}

/** Milliseconds without a successful fetch after which it is reported: links keep working unchanged. */
const longestFailing = 30_000
const mostNamed = 20

/**
 * Strapi's part of the health: whether it is degraded, hints, and figures. `both` are slugs that the table has as well.
 */
export function strapiHealth({ cache, fault }: StrapiReadings, both: readonly string[]) {
  const named = both.slice(0, mostNamed).join(', ') + (both.length > mostNamed ? ', …' : '')
  return {
    degraded: cache.failingFor > longestFailing,
    hints: [
      fault?.advice ?? false,
      cache.leftOut.length > 0 &&
        'entries of Strapi cannot be read and are left out: correct those that strapi.left_out names',
      both.length > 0 &&
        `slugs are both in Strapi and in the table, and Strapi wins; remove them from the table: ${named}`,
    ],
    told: {
      ok: cache.failingFor === 0,
      ...(fault && { fault: fault.code }),
      links: cache.size,
      failing_seconds: Math.round(cache.failingFor / 1_000),
      left_out: cache.leftOut.slice(0, mostNamed).map(({ key, reason }) => ({ entry: key, reason })),
    },
  }
}

export type OfferReadings = Pick<StrapiOffers, 'fault' | 'failingFor' | 'leftOut' | 'count'>

/** The same for offers imported from Strapi. While the database is away, health reports only that. */
export const strapiOffersHealth = ({ fault, failingFor, leftOut, count }: OfferReadings) => ({
  degraded: fault?.code !== 'database' && failingFor > longestFailing,
  hints: [
    fault?.advice ?? false,
    count === 0 &&
      'Strapi has no published offers, so those in the database stay as they are: publish some, allow ' +
        'the token to "find" them, or unset PROMO_STRAPI_OFFERS_TYPE',
    leftOut.length > 0 &&
      'offers or texts of Strapi are left out: correct the entries that strapi_offers.left_out names',
  ],
  told: {
    ok: !fault,
    ...(fault && { fault: fault.code }),
    offers: count ?? null,
    failing_seconds: Math.round(failingFor / 1_000),
    left_out: leftOut.slice(0, mostNamed).map(({ key, reason }) => ({ entry: key, reason })),
  },
})
