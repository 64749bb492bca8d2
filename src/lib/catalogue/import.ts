import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import {
  findOffers,
  insertOffer,
  insertVariation,
  linksBySlug,
  lockCatalogue,
  noteStrapiImport,
  saveLink,
  updateOffer,
  updateVariation,
  variationsOfOffers,
} from '../store/catalogue.ts'
import { listLeads } from '../store/links.ts'
import { type CatalogueFault, type CatalogueKeys, type CheckedCatalogue, checkCatalogue } from './check.ts'
import { findAmbiguous, type Listed } from './match.ts'
import { findLoops, type OfferPlan, type Plan, planImport, type Stored, type VariationPlan } from './plan.ts'

export type ImportFault = { code: 'invalid'; faults: CatalogueFault[] } | (DatabaseFault & { faults?: never })

export type ImportOptions = {
  dryRun?: boolean
  /** The site's address: destinations on it may lead back to their link. */
  siteUrl?: string
  /** Slugs of links outside of file and database that offers may name. */
  elsewhere?: ReadonlySet<string>
  /**
   * What Strapi has, if the catalogue comes from there, and the number of the request: what Strapi no longer has is no
   * longer chosen, and an answer is dropped once a later one was imported.
   */
  strapi?: { listed: Listed; turn: string }
}

const deadline = 120_000
const attempts = 5

/**
 * Imports offers, variations and links of a file in one transaction: all of it, or nothing if there is any error. Rows
 * that the file does not name stay, and counters do not change. `dryRun` returns the same plan and writes nothing.
 */
export async function importCatalogue(
  database: Database,
  json: unknown,
  options: ImportOptions = {},
): Promise<Result<Plan, ImportFault>> {
  return await importChecked(database, checkCatalogue(json), options)
}

export async function importChecked(
  database: Database,
  checked: CheckedCatalogue,
  options: ImportOptions,
): Promise<Result<Plan, ImportFault>> {
  for (let attempt = 1; ; attempt += 1) {
    const done = await database.run((sql) => importInto(sql, checked, options), deadline)
    if (done.ok) return done.value
    if (done.fault.code === 'conflict' && attempt < attempts) continue
    return fail(checked.faults.length > 0 ? { code: 'invalid', faults: checked.faults } : done.fault)
  }
}

async function importInto(
  sql: Sql,
  { catalogue, faults, wanted, keys }: CheckedCatalogue,
  { dryRun = false, siteUrl, elsewhere, strapi }: ImportOptions,
): Promise<Result<Plan, ImportFault>> {
  await lockCatalogue(sql)
  if (strapi && (await noteStrapiImport(sql, strapi.turn)).length === 0) return ok({ links: [], offers: [] })
  const stored = await readStored(sql, keys, wanted, strapi !== undefined)
  const missing = wanted
    .filter(({ slug }) => !stored.links.some((link) => link.slug === slug) && !elsewhere?.has(slug))
    .map(({ place, slug }) => ({
      place,
      message: `there is no link /${slug}${strapi ? '' : ', neither in the file nor in the database'}`,
    }))
  const ambiguous = findAmbiguous(keys.offers, stored, strapi?.listed)
  const loops =
    siteUrl === undefined ? [] : findLoops(keys.links, stored.links, await listLeads(sql), siteUrl)
  const all = [...faults, ...missing, ...ambiguous, ...loops]
  if (!catalogue || all.length > 0) return fail({ code: 'invalid', faults: all })
  const plan = planImport(catalogue, stored, strapi?.listed)
  if (!dryRun) await apply(sql, plan)
  return ok(plan)
}

async function readStored(
  sql: Sql,
  { links, offers }: CatalogueKeys,
  wanted: CheckedCatalogue['wanted'],
  others: boolean,
): Promise<Stored> {
  const storedOffers = await findOffers(
    sql,
    offers.flatMap(({ name }) => name ?? []),
    offers.flatMap(({ document_id }) => document_id ?? []),
    others,
  )
  return {
    links: await linksBySlug(sql, [
      ...links.flatMap(({ slug }) => slug ?? []),
      ...wanted.map(({ slug }) => slug),
      ...storedOffers.flatMap(({ link_slug }) => link_slug ?? []),
    ]),
    offers: storedOffers,
    variations: await variationsOfOffers(
      sql,
      storedOffers.map(({ id }) => id),
    ),
  }
}

async function apply(sql: Sql, { links, offers }: Plan): Promise<void> {
  for (const { kind, row } of links) if (kind !== 'unchanged') await saveLink(sql, row)
  for (const offer of offers) {
    for (const { id } of await saveOffer(sql, offer)) await saveVariations(sql, id, offer.variations)
  }
}

async function saveOffer(sql: Sql, { id, change }: OfferPlan): Promise<readonly { id: number }[]> {
  if (id === undefined) return await insertOffer(sql, change.row)
  if (change.kind === 'changed') await updateOffer(sql, id, change.row)
  return [{ id }]
}

async function saveVariations(sql: Sql, offerId: number, variations: VariationPlan[]): Promise<void> {
  for (const { id, change } of variations) {
    if (id === undefined) await insertVariation(sql, offerId, change.row)
    else if (change.kind === 'changed') await updateVariation(sql, id, change.row)
  }
}
