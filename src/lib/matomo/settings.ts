import type { Config } from '../settings/config.ts'
import { type Dimensions, parseDimensions } from '../settings/matomo-dimensions.ts'

export type MatomoSettings = {
  /** Without a trailing slash. */
  url: string
  siteId: number
  token: string
  dimensions: Dimensions
}

/** `undefined` if Matomo is not set up. */
export function matomoSettings(config: Config): MatomoSettings | undefined {
  const { PROMO_MATOMO_URL: url, PROMO_MATOMO_SITE_ID: siteId, PROMO_MATOMO_TOKEN: token } = config
  const dimensions = parseDimensions(config.PROMO_MATOMO_DIMENSIONS ?? '')
  return url === undefined || siteId === undefined || token === undefined || !dimensions
    ? undefined
    : { url, siteId, token, dimensions }
}
