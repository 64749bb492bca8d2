import { createHash } from 'node:crypto'
import type { Log } from '../base/log.ts'
import { ok } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { keepFresh } from '../links/keep-fresh.ts'
import type { LeftOut } from '../links/rows.ts'
import type { StrapiLinks } from '../links/strapi-links.ts'
import { createStanding } from '../neighbours/standing.ts'
import type { Config } from '../settings/config.ts'
import { type Fields, offerFields, parseFields } from '../settings/strapi-fields.ts'
import { takeStrapiTurn } from '../store/catalogue.ts'
import { readCatalogueVersion } from '../store/catalogue-changes.ts'
import { openStrapi, type StrapiFault, type StrapiPlace } from '../strapi/client.ts'
import { describeChanges, summarize } from './describe.ts'
import { type ImportedOffers, importOffers } from './import-offers.ts'
import { readOffers } from './read-offers.ts'

export type OfferSettings = StrapiPlace & { fields: Fields }

/** The state of importing offers from Strapi. */
export type StrapiOffers = {
  /** Why the last import failed, if it did. */
  readonly fault: OffersFault | undefined
  /** Milliseconds since imports have been failing, 0 while they work. */
  readonly failingFor: number
  readonly leftOut: readonly LeftOut[]
  /** How many offers Strapi had at the last request. */
  readonly count: number | undefined
  refresh(): Promise<boolean>
  stop(): Promise<void>
}

type OffersFault = Pick<StrapiFault, 'message' | 'advice'> & { code: StrapiFault['code'] | 'database' }

/** Milliseconds after which a failed import is tried again. */
const retryEvery = 2_000
const mostLogged = 20

/** `undefined` if offers do not come from Strapi. */
function offerSettings(config: Config): OfferSettings | undefined {
  const {
    PROMO_STRAPI_URL: url,
    PROMO_STRAPI_TOKEN: token,
    PROMO_STRAPI_OFFERS_TYPE: type,
    PROMO_STRAPI_OFFERS_FIELDS: mapping,
  } = config
  const fields = parseFields(offerFields, mapping)
  return url === undefined || type === undefined || !fields.ok
    ? undefined
    : { url, token, type, fields: fields.value }
}

/** Imports offers from Strapi if the settings say so; links from there are waited for once. */
export function openOffers(options: {
  config: Config
  database: Database
  log: Log
  /** Whether the database has this version's tables. */
  ready: () => boolean
  /** Links from Strapi, if they come from there. */
  strapi: Pick<StrapiLinks, 'attempted' | 'cache'> | undefined
}): StrapiOffers | undefined {
  const { config, strapi, ...parts } = options
  const settings = offerSettings(config)
  return (
    settings &&
    openStrapiOffers({
      ...parts,
      settings,
      siteUrl: config.SITE_URL,
      elapsed: () => performance.now(),
      async elsewhere() {
        await strapi?.attempted
        return new Set([...(strapi?.cache.values() ?? [])].map(({ slug }) => slug))
      },
    })
  )
}

/**
 * Imports offers and texts from Strapi into our tables, in the background: Strapi is asked whenever the catalogue's
 * version changes, which a webhook causes, and every few seconds; nothing is planned if neither the answer nor the
 * catalogue has changed. Every instance does so; an answer older than the imported one is dropped.
 */
export function openStrapiOffers(options: {
  settings: OfferSettings
  database: Database
  /** Whether the database has this version's tables. */
  ready: () => boolean
  /** Slugs of links that are not in the table. */
  elsewhere: () => Promise<ReadonlySet<string>>
  siteUrl: string
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  log: Log
}): StrapiOffers {
  const { settings, database, ready, elsewhere, siteUrl, elapsed, log } = options
  const strapi = openStrapi({ ...settings, elapsed })
  const state: { leftOut: readonly LeftOut[]; count: number | undefined } = { leftOut: [], count: undefined }
  const standing = createStanding<OffersFault>({
    elapsed,
    onFault: ({ message: reason }) =>
      log.warn({ reason }, 'offers of Strapi are not imported; those in the database stay'),
  })
  /** The catalogue's version before the request to Strapi. */
  let version = ''
  let imported: string | undefined

  const failed = (fault: OffersFault): false => {
    standing.failed(fault)
    return false
  }
  const ofDatabase = ({ message }: DatabaseFault): OffersFault => ({ code: 'database', message })

  const done = ({ plan, leftOut }: ImportedOffers, count: number): true => {
    const changes = describeChanges(plan)
    if (changes.length > 0)
      log.info({ changes: changes.slice(0, mostLogged) }, `offers of Strapi: ${summarize(plan)}`)
    if (leftOut.length > 0 && JSON.stringify(leftOut) !== JSON.stringify(state.leftOut))
      log.warn(
        { entries: leftOut.slice(0, mostLogged) },
        'offers of Strapi are left out: correct these entries',
      )
    standing.recovered()
    Object.assign(state, { leftOut, count })
    return true
  }

  const refresh = async (): Promise<boolean> => {
    if (!ready()) return false
    const turn = await database.run(takeStrapiTurn)
    if (!turn.ok) return failed(ofDatabase(turn.fault))
    const offers = await readOffers(strapi, settings.fields, elapsed)
    if (!offers.ok) return failed(offers.fault)
    // More likely a revoked permission than the end of all offers: health reports it, and nothing is paused.
    if (offers.value.length === 0) return done({ plan: { links: [], offers: [] }, leftOut: [] }, 0)
    const slugs = await elsewhere()
    const basis = digestOf([version, offers.value, [...slugs].sort()])
    if (basis === imported && !standing.fault) return true
    imported = undefined
    const result = await importOffers(database, offers.value, {
      turn: `${turn.value[0]?.turn}`,
      siteUrl,
      elsewhere: slugs,
    })
    if (!result.ok) return failed(ofDatabase(result.fault))
    imported = basis
    return done(result.value, offers.value.length)
  }

  const fresh = keepFresh({
    caches: [
      {
        refresh,
        get current() {
          return !standing.fault
        },
      },
    ],
    async readVersion() {
      const read = await database.run(readCatalogueVersion)
      if (!read.ok) return read
      version = JSON.stringify(read.value)
      return ok(version)
    },
    elapsed,
    log,
    retryEvery,
  })
  return {
    get fault() {
      return standing.fault
    },
    get failingFor() {
      return standing.failingFor
    },
    get leftOut() {
      return state.leftOut
    },
    get count() {
      return state.count
    },
    refresh: fresh.refresh,
    async stop() {
      strapi.stop()
      await fresh.stop()
    },
  }
}

const digestOf = (value: unknown): string =>
  createHash('sha256').update(JSON.stringify(value)).digest('base64url')
