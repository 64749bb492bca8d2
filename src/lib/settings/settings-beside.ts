/** An invalid setting: its name, what is wrong with its value, and an example. */
export type ConfigFault = { setting: string; fault: string; example: string }

/** Settings that need another one. */
export function missingBeside(
  given: Record<string, string | undefined>,
  examples: Readonly<Record<string, string>>,
): ConfigFault[] {
  const faults: ConfigFault[] = []
  if (given.PROMO_JWKS_URL !== undefined && !given.PROMO_JWT_AUDIENCE && !given.PROMO_JWT_ISSUER)
    faults.push({
      setting: 'PROMO_JWKS_URL',
      fault:
        'needs PROMO_JWT_AUDIENCE or PROMO_JWT_ISSUER to be set too, or every token of that back end ' +
        'would open the analytics',
      example: `PROMO_JWT_AUDIENCE=${examples.PROMO_JWT_AUDIENCE}`,
    })
  if (given.PROMO_CLIENT_ADDRESS_HEADER !== undefined && given.PROMO_TRUSTED_PROXIES === undefined)
    faults.push({
      setting: 'PROMO_CLIENT_ADDRESS_HEADER',
      fault: 'needs PROMO_TRUSTED_PROXIES to be set too: the header is trusted only from these proxies',
      example: `PROMO_TRUSTED_PROXIES=${examples.PROMO_TRUSTED_PROXIES}`,
    })
  if (['strapi', 'both'].includes(given.PROMO_LINKS ?? 'table') && given.PROMO_STRAPI_URL === undefined)
    faults.push({
      setting: 'PROMO_LINKS',
      fault: 'needs PROMO_STRAPI_URL to be set too, which says where Strapi is',
      example: `PROMO_STRAPI_URL=${examples.PROMO_STRAPI_URL}`,
    })
  if (given.PROMO_STRAPI_OFFERS_TYPE !== undefined && given.PROMO_STRAPI_URL === undefined)
    faults.push({
      setting: 'PROMO_STRAPI_OFFERS_TYPE',
      fault: 'needs PROMO_STRAPI_URL to be set too, which says where Strapi is',
      example: `PROMO_STRAPI_URL=${examples.PROMO_STRAPI_URL}`,
    })
  if (given.PROMO_STRAPI_OFFERS_FIELDS !== undefined && given.PROMO_STRAPI_OFFERS_TYPE === undefined)
    faults.push({
      setting: 'PROMO_STRAPI_OFFERS_FIELDS',
      fault: 'has no effect: name the type of the offers in PROMO_STRAPI_OFFERS_TYPE',
      example: `PROMO_STRAPI_OFFERS_TYPE=${examples.PROMO_STRAPI_OFFERS_TYPE}`,
    })
  if (
    given.PROMO_STRAPI_URL !== undefined &&
    given.PROMO_STRAPI_OFFERS_TYPE === undefined &&
    (given.PROMO_LINKS ?? 'table') === 'table'
  )
    faults.push({
      setting: 'PROMO_STRAPI_URL',
      fault:
        'has no effect: say in PROMO_LINKS that links come from there, or name offers in PROMO_STRAPI_OFFERS_TYPE',
      example: `PROMO_LINKS=${examples.PROMO_LINKS}`,
    })
  if (given.PROMO_SELECTION_CURRENCY !== undefined && given.PROMO_SELECTION_GOAL !== 'revenue')
    faults.push({
      setting: 'PROMO_SELECTION_CURRENCY',
      fault: 'has no effect without PROMO_SELECTION_GOAL=revenue: set that, too, or remove this',
      example: `PROMO_SELECTION_GOAL=${examples.PROMO_SELECTION_GOAL}`,
    })
  const matomo = ['PROMO_MATOMO_URL', 'PROMO_MATOMO_SITE_ID', 'PROMO_MATOMO_TOKEN']
  const missing = matomo.filter((setting) => given[setting] === undefined)
  if (missing.length < (given.PROMO_MATOMO_DIMENSIONS === undefined ? matomo.length : matomo.length + 1))
    for (const setting of missing)
      faults.push({
        setting,
        fault: 'is missing: Matomo needs its URL, a site and a token; set all three or none',
        example: `${setting}=${examples[setting]}`,
      })
  return [...faults, ...missingOfMautic(given, examples)]
}

/** Any setting of Mautic needs its address, and one of the two logins. */
function missingOfMautic(
  given: Record<string, string | undefined>,
  examples: Readonly<Record<string, string>>,
): ConfigFault[] {
  if (!Object.keys(given).some((setting) => setting.startsWith('PROMO_MAUTIC_'))) return []
  const ways = [
    ['PROMO_MAUTIC_USER', 'PROMO_MAUTIC_PASSWORD'],
    ['PROMO_MAUTIC_CLIENT_ID', 'PROMO_MAUTIC_CLIENT_SECRET'],
  ]
  const missing = (settings: readonly string[]) => settings.filter((setting) => given[setting] === undefined)
  const [way = [], other] = ways.filter((settings) => missing(settings).length < settings.length)
  const faults = [
    ...missing(['PROMO_MAUTIC_URL']),
    ...(way.length > 0 ? missing(way) : ['PROMO_MAUTIC_USER']),
  ].map((setting) => ({
    setting,
    fault:
      'is missing: Mautic needs its URL and either a user with a password or the two credentials of its API',
    example: `${setting}=${examples[setting]}`,
  }))
  if (other)
    faults.push({
      setting: 'PROMO_MAUTIC_CLIENT_ID',
      fault: 'is a second login besides PROMO_MAUTIC_USER: unset one of them',
      example: `PROMO_MAUTIC_CLIENT_ID=${examples.PROMO_MAUTIC_CLIENT_ID}`,
    })
  return faults
}
