import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import { goals, strategies } from '../model/selection.ts'
import { dimensionsSetting } from './matomo-dimensions.ts'
import { mauticSettings } from './mautic-settings.ts'
import { databaseUrl, httpUrl, networks, oneOf, path, rootUrl, secret, wholeNumber } from './setting-kinds.ts'
import { type ConfigFault, missingBeside } from './settings-beside.ts'
import { linkFields, offerFields } from './strapi-fields.ts'
import { strapiFields, strapiType } from './strapi-settings.ts'

/** Which addresses webhooks may lead to: public ones only, or any. */
export const addressChoices = ['public', 'any'] as const

export const defaultVisitorsPerAddress = 5

export const defaultDuplicateSeconds = 10

const schema = v.object({
  HOST: v.optional(
    v.pipe(v.string(), v.regex(/^[\w.:-]+$/, 'must be an address or a host name')),
    '127.0.0.1',
  ),
  PORT: wholeNumber(0, 65535, 4321),
  PROMO_WORKERS: wholeNumber(1, 64, 1),
  SITE_URL: v.optional(
    v.pipe(
      httpUrl,
      v.check(
        (text) => !URL.canParse(text) || /^[^/]+\/\/[^/?#@]+\/?$/.test(text),
        'must be an origin without a path: the base of the site is added to it',
      ),
      v.transform((text) => new URL(text).origin),
    ),
  ),
  DATABASE_URL: v.optional(databaseUrl),
  PROMO_DATABASE_CA: v.optional(path),
  PROMO_DATA_DIR: v.optional(path, '.data'),
  PROMO_JOURNAL_SYNC: oneOf(['write', 'fsync'], 'write'),
  PROMO_JOURNAL_MAX_MB: wholeNumber(1, 1_000_000, 1024),
  PROMO_JOURNAL_KEEP_MINUTES: wholeNumber(0, 1440, 10),
  PROMO_BUFFER_MAX_EVENTS: wholeNumber(1000, 10_000_000, 200_000),
  PROMO_UNCHECKED_MAX: wholeNumber(100, 10_000_000, 100_000),
  PROMO_FLOOD_PER_MINUTE: wholeNumber(1, 1_000_000_000, 120),
  PROMO_DUPLICATE_SECONDS: wholeNumber(0, 3600, defaultDuplicateSeconds),
  PROMO_VISITORS_PER_ADDRESS: wholeNumber(1, 1000, defaultVisitorsPerAddress),
  PROMO_SCANNER_NETWORKS: v.optional(path),
  PROMO_JWT_SECRET: v.optional(secret(32)),
  PROMO_JWKS_URL: v.optional(httpUrl),
  PROMO_JWT_ISSUER: v.optional(v.string()),
  PROMO_JWT_AUDIENCE: v.optional(v.string()),
  PROMO_INGEST_TOKEN: v.optional(secret(16)),
  PROMO_TRUSTED_PROXIES: networks,
  PROMO_CLIENT_ADDRESS_HEADER: v.optional(
    v.pipe(v.string(), v.regex(/^[\w-]+$/, 'must be the name of a header'), v.toLowerCase()),
    'x-forwarded-for',
  ),
  PROMO_OWN_NETWORKS: networks,
  PROMO_LINKS: oneOf(['table', 'strapi', 'both'], 'table'),
  PROMO_STRAPI_URL: v.optional(
    v.pipe(
      rootUrl,
      v.check((text) => !/\/api\/*$/.test(text), 'must not end with /api, which is added to it'),
      v.transform((text) => text.replace(/\/+$/, '')),
    ),
  ),
  PROMO_STRAPI_TOKEN: v.optional(secret(16)),
  PROMO_STRAPI_TYPE: v.optional(strapiType, 'affiliate-links'),
  PROMO_STRAPI_FIELDS: strapiFields(linkFields),
  PROMO_STRAPI_WEBHOOK_SECRET: v.optional(secret(16)),
  PROMO_STRAPI_OFFERS_TYPE: v.optional(strapiType),
  PROMO_STRAPI_OFFERS_FIELDS: strapiFields(offerFields),
  PROMO_MATOMO_URL: v.optional(
    v.pipe(
      rootUrl,
      v.check((text) => !/\.php\/*$/.test(text), 'must not end with matomo.php, which is added to it'),
      v.transform((text) => text.replace(/\/+$/, '')),
    ),
  ),
  PROMO_MATOMO_SITE_ID: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^[1-9]\d{0,8}$/, 'must be a number: the id of a site in Matomo'),
      v.transform(Number),
    ),
  ),
  PROMO_MATOMO_TOKEN: v.optional(secret(16)),
  PROMO_MATOMO_DIMENSIONS: dimensionsSetting,
  ...mauticSettings,
  PROMO_WEBHOOK_ADDRESSES: oneOf(addressChoices, 'public'),
  PROMO_SELECTION: oneOf(strategies, 'weighted'),
  PROMO_SELECTION_GOAL: oneOf(goals, 'clicks'),
  PROMO_SELECTION_CURRENCY: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Z]{3}$/, 'must be the code of a currency, three capital letters')),
  ),
  PROMO_SELECTION_FLOOR: wholeNumber(0, 100, 5),
  PROMO_VARIETY_OFFER_GAP: wholeNumber(0, 100, 1),
  PROMO_VARIETY_OFFER_SENDS: wholeNumber(1, 1000, 5),
  PROMO_VARIETY_WINDOW: wholeNumber(1, 1000, 14),
  PROMO_VARIETY_VARIATION_GAP: wholeNumber(0, 100, 2),
  PROMO_OBSERVATION_MINUTES: wholeNumber(1, 720, 15),
  PROMO_RETAIN_DETAILS_DAYS: wholeNumber(1, 3650, 30),
  PROMO_RETAIN_EVENTS_MONTHS: wholeNumber(1, 1200, 13),
  PROMO_LOG_LEVEL: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'info'),
})

type SettingName = keyof typeof schema.entries

const examples: Record<SettingName, string> = {
  HOST: '127.0.0.1',
  PORT: '4321',
  PROMO_WORKERS: '2',
  SITE_URL: 'https://www.example.com',
  DATABASE_URL: 'postgres://promo:password@127.0.0.1:5432/promo',
  PROMO_DATABASE_CA: '/etc/ssl/private-ca.pem',
  PROMO_DATA_DIR: '.data',
  PROMO_JOURNAL_SYNC: 'fsync',
  PROMO_JOURNAL_MAX_MB: '1024',
  PROMO_JOURNAL_KEEP_MINUTES: '10',
  PROMO_BUFFER_MAX_EVENTS: '200000',
  PROMO_UNCHECKED_MAX: '100000',
  PROMO_FLOOD_PER_MINUTE: '120',
  PROMO_DUPLICATE_SECONDS: '10',
  PROMO_VISITORS_PER_ADDRESS: '5',
  PROMO_SCANNER_NETWORKS: 'scanner-networks.json',
  PROMO_JWT_SECRET: 'a-random-text-of-at-least-32-characters',
  PROMO_JWKS_URL: 'https://auth.example.com/.well-known/jwks.json',
  PROMO_JWT_ISSUER: 'https://auth.example.com',
  PROMO_JWT_AUDIENCE: 'promo-analytics',
  PROMO_INGEST_TOKEN: 'a-random-text-of-at-least-16-characters',
  PROMO_TRUSTED_PROXIES: '127.0.0.1,10.0.0.0/8',
  PROMO_CLIENT_ADDRESS_HEADER: 'X-Real-IP',
  PROMO_OWN_NETWORKS: '198.51.100.0/24,2001:db8::/48',
  PROMO_LINKS: 'both',
  PROMO_STRAPI_URL: 'https://cms.example.com',
  PROMO_STRAPI_TOKEN: 'a-read-only-api-token-of-strapi',
  PROMO_STRAPI_TYPE: 'affiliate-links',
  PROMO_STRAPI_FIELDS: 'slug:slug,destination:destination_url,active:active,utm:utm',
  PROMO_STRAPI_WEBHOOK_SECRET: 'a-random-text-of-at-least-16-characters',
  PROMO_STRAPI_OFFERS_TYPE: 'promo-offers',
  PROMO_STRAPI_OFFERS_FIELDS: 'name:name,link_slug:link_slug,variations:texts,text_content:text',
  PROMO_MATOMO_URL: 'https://matomo.example.com',
  PROMO_MATOMO_SITE_ID: '1',
  PROMO_MATOMO_TOKEN: 'a-token-with-write-permission-for-that-site',
  PROMO_MATOMO_DIMENSIONS: 'offer:1,text:2,send:3',
  PROMO_MAUTIC_URL: 'https://mautic.example.com',
  PROMO_MAUTIC_USER: 'promo',
  PROMO_MAUTIC_PASSWORD: 'the-password-of-that-user',
  PROMO_MAUTIC_CLIENT_ID: '1_3fz8ctd1j8w0kcc4gg8ogo',
  PROMO_MAUTIC_CLIENT_SECRET: 'the-key-that-is-beside-this-id',
  PROMO_MAUTIC_EMAIL_NAMES: '*{send}*',
  PROMO_MAUTIC_EVERY_MINUTES: '5',
  PROMO_WEBHOOK_ADDRESSES: 'any',
  PROMO_SELECTION: 'thompson',
  PROMO_SELECTION_GOAL: 'revenue',
  PROMO_SELECTION_CURRENCY: 'EUR',
  PROMO_SELECTION_FLOOR: '5',
  PROMO_VARIETY_OFFER_GAP: '1',
  PROMO_VARIETY_OFFER_SENDS: '5',
  PROMO_VARIETY_WINDOW: '14',
  PROMO_VARIETY_VARIATION_GAP: '2',
  PROMO_OBSERVATION_MINUTES: '15',
  PROMO_RETAIN_DETAILS_DAYS: '30',
  PROMO_RETAIN_EVENTS_MONTHS: '13',
  PROMO_LOG_LEVEL: 'info',
}

/** The settings by name, each with an example; `.env.example` is checked against them. */
export const settingExamples: Readonly<Record<string, string>> = examples

export type Config = Omit<v.InferOutput<typeof schema>, 'SITE_URL'> & {
  /** The public origin, without a trailing slash. */
  SITE_URL: string
}

/**
 * Reads all settings from an environment; an empty value counts as unset. All errors are reported, and none repeats the
 * value itself, which may be a secret.
 */
export function readConfig(environment: Record<string, string | undefined>): Result<Config, ConfigFault[]> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([name, value]) => name in examples && value !== ''),
  )
  const parsed = v.safeParse(schema, given)
  const faults = [...(parsed.success ? [] : faultsOf(parsed.issues)), ...missingBeside(given, examples)]
  if (!parsed.success || faults.length > 0) return fail(faults)
  return ok({
    ...parsed.output,
    SITE_URL: parsed.output.SITE_URL ?? `http://localhost:${parsed.output.PORT}`,
  })
}

/** The errors as lines for people, shown at start. */
export const describeConfigFaults = (faults: ConfigFault[]): string =>
  [
    'These settings are not valid:',
    ...faults.map(({ setting, fault, example }) => `  ${setting} ${fault}, for example ${example}`),
  ].join('\n')

const faultsOf = (issues: readonly v.BaseIssue<unknown>[]): ConfigFault[] =>
  Object.entries(examples).flatMap(([setting, example]) =>
    issues
      .filter((issue) => v.getDotPath(issue) === setting)
      .map(({ message }) => ({ setting, fault: message, example: `${setting}=${example}` })),
  )
