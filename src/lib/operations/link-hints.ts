import { ok } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { LinkDamageLog } from '../links/link-damage.ts'
import { examineLinks, type FaultyLink, hintOnAnyWord } from '../links/link-faults.ts'
import type { Links } from '../links/two-sources.ts'
import type { Lead } from '../model/link.ts'
import { listLeads } from '../store/links.ts'

const deadline = 1_000
/** Hints read all links, so they are renewed at most once in this many milliseconds. */
const rememberFor = 10_000

const week = 6 * 86_400_000
const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

export type LinkHintParts = {
  database: Database
  /** Whether links come from the database. */
  table: boolean
  /** Links that come from Strapi. */
  strapi?: Pick<Links, 'values' | 'peek'> | undefined
  siteUrl: string
  pages: ReadonlySet<string>
  /** A route of the site for any word, whose pages are not known. */
  anyWord?: string | undefined
  damage: Pick<LinkDamageLog, 'describe'>
  now: () => number
}

export type LinkHints = { hints: string[]; faulty: (FaultyLink & { source: 'table' | 'strapi' })[] }

/** Describes what is wrong with the links, whoever entered them; nothing while the database does not answer. */
export function createLinkHints({
  database,
  table,
  strapi,
  siteUrl,
  pages,
  anyWord,
  damage,
  now,
}: LinkHintParts): () => Promise<LinkHints> {
  const look = async (): Promise<LinkHints> => {
    const links = table ? await database.run((sql) => listLeads(sql), deadline) : ok([])
    if (!links.ok) return { hints: [], faulty: [] }
    const leads = strapi
      ? [...leadsOf(strapi), ...links.value.filter(({ slug }) => !strapi.peek(slug))]
      : links.value
    const damaged = await damage.describe(dayOf(now() - week), dayOf(now()))
    const { hints, faulty } = examineLinks(leads, siteUrl, pages)
    return {
      hints: [
        ...hints,
        ...(anyWord !== undefined && leads.length > 0 ? [hintOnAnyWord(anyWord)] : []),
        ...(damaged === undefined ? [] : [`in the last week ${damaged}`]),
      ],
      faulty: faulty.map((link) => ({ ...link, source: strapi?.peek(link.slug) ? 'strapi' : 'table' })),
    }
  }
  let last: { at: number; hints: Promise<LinkHints> } | undefined
  return async () => {
    if (!last || Math.abs(now() - last.at) >= rememberFor) last = { at: now(), hints: look() }
    return await last.hints
  }
}

const leadsOf = (links: Pick<Links, 'values'>): Lead[] =>
  [...links.values()].map(({ slug, location }) => ({ slug, destination_url: location }))
