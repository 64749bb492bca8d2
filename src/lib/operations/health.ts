import type { BufferReadings } from '../buffer/event-buffer.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { type Answer, json } from '../http/answer.ts'
import type { CacheState } from '../links/refreshing-cache.ts'
import type { MauticReadings } from '../mautic/background.ts'
import type { OutboxReadings } from '../outbox/outbox.ts'
import { readWaitingConversions } from '../store/conversions.ts'
import { listEarnedCurrencies } from '../store/earnings.ts'
import { lateCorrections } from '../store/late-corrections.ts'
import { offersWithoutSlug } from '../store/offers.ts'
import { rateSentences } from '../wording/doubts.ts'
import { doubtsToReport, lateHint } from './doubted-sends.ts'
import { withoutDetails } from './health-for-anybody.ts'
import type { HealthReason, HealthReport } from './health-schema.ts'
import type { LinkHints } from './link-hints.ts'
import { mauticHealth } from './mautic-health.ts'
import { matomoHealth, webhooksHealth } from './outbox-health.ts'
import type { Purger } from './purge.ts'
import { type SelectionReadings, selectionHealth } from './selection-health.ts'
import { type OfferReadings, type StrapiReadings, strapiHealth, strapiOffersHealth } from './strapi-health.ts'
import { silentProxy, type UnnamedProxy, unreadProxy } from './unnamed-proxy.ts'

export type HealthParts = {
  /** The version of the promo tracking. */
  version?: string | undefined
  database: Database
  readings: () => BufferReadings
  /** Whether the database has this version's tables. */
  migrated: () => boolean
  unnamedProxy: Pick<UnnamedProxy, 'recent' | 'silent' | 'unread'>
  unchecked: { readonly overflowing: boolean }
  known: KnownReadings
  /** Offers from Strapi, if they come from there. */
  offers?: OfferReadings | undefined
  /** Recipients from Mautic, if they come from there. */
  mautic?: MauticReadings | undefined
  /** What is to be sent to other servers, if anything. */
  outbox?: { matomo?: OutboxReadings | undefined; webhooks?: OutboxReadings }
  /** How promos are chosen. */
  selection?: SelectionReadings
  /** Whether the clocks could be trusted when they were last checked. */
  clock: Pick<Purger, 'doubt'>
  linkHints: () => Promise<LinkHints>
  now: () => number
}

/** Without an argument, the answer is for whoever runs the site, who learns everything. */
export type ReadHealth = (asked?: 'operator' | 'anybody') => Promise<Answer>

export type KnownReadings = {
  variations: CacheState
  /** The links of the table, if they come from there. */
  table?: CacheState
  strapi?: StrapiReadings
  /** Slugs that both have. */
  inBoth: () => readonly string[]
}

const deadline = 1_000

/** Answers within this many milliseconds share one query, so that frequent requests do not load the database. */
const rememberFor = 1_000
/** Milliseconds after which an event has waited too long for a database that answers. */
const longestWait = 60_000
/** Milliseconds after which links and variations have not been fetched for too long from a database that answers. */
const longestFailing = 30_000
/** Milliseconds for which health reports that segments were deleted before they were recorded. */
const reportLossFor = 600_000
const mostLeftOut = 20
/** Seconds after which a conversion's click should have come. */
const longestUnknown = 3_600

/**
 * Readiness: 200 while every part works, 503 with the `reasons` as soon as one does not. Redirects go on either
 * way, so a balancer should ask for liveness.
 */
export function createHealth({
  version,
  database,
  readings,
  migrated,
  unnamedProxy,
  unchecked,
  known,
  offers,
  mautic,
  outbox,
  selection,
  clock,
  linkHints,
  now,
}: HealthParts): ReadHealth {
  const look = () =>
    database.run(
      async (sql) => ({
        offers: await offersWithoutSlug(sql),
        late: await lateCorrections(sql),
        doubted: await doubtsToReport(sql),
        conversions: await readWaitingConversions(sql),
        earned: selection?.goal === 'revenue' ? await listEarnedCurrencies(sql) : [],
      }),
      deadline,
    )
  let last: { at: number; found: ReturnType<typeof look> } | undefined

  return async (asked = 'operator') => {
    if (!last || Math.abs(now() - last.at) >= rememberFor) last = { at: now(), found: look() }
    const [found, ofLinks] = await Promise.all([last.found, linkHints()])
    const late = found.ok ? found.value.late.map(({ newsletter_send_id }) => newsletter_send_id) : []
    const [conversions] = found.ok ? found.value.conversions : []
    const { depth, age, bytes, rejects, damagedBytes, keptBytes, keptCutAt, lastFlush, vanishedAt, fault } =
      readings()
    const { table } = known
    const ofStrapi = known.strapi && strapiHealth(known.strapi, known.inBoth())
    const ofOffers = offers && strapiOffersHealth(offers)
    const ofMautic = mautic && mauticHealth(mautic)
    const ofMatomo = outbox?.matomo && matomoHealth(outbox.matomo)
    const ofSelection =
      selection &&
      selectionHealth(selection, found.ok ? found.value.earned.map(({ currency }) => currency) : undefined)
    const ofWebhooks = outbox?.webhooks && webhooksHealth(outbox.webhooks)
    const faults: (HealthReason | false | undefined)[] = [
      !found.ok && 'database',
      !migrated() && 'migrated',
      fault && 'journal',
      vanishedAt !== undefined && Math.abs(now() - vanishedAt) < reportLossFor && 'journal_deleted',
      found.ok && depth > 0 && age > longestWait && 'events_wait',
      unchecked.overflowing && 'unchecked_clicks',
      found.ok && table && table.failingFor > longestFailing && 'links',
      found.ok && known.variations.failingFor > longestFailing && 'variations',
      ofStrapi?.degraded && 'strapi',
      ofOffers?.degraded && 'strapi_offers',
      ofMatomo?.degraded && 'matomo',
      ofMautic?.degraded && 'mautic',
    ]
    const reasons = faults.filter((reason) => typeof reason === 'string')
    const [links, variations] = [table?.leftOut ?? [], known.variations.leftOut]
    const healthy = reasons.length === 0
    const report: HealthReport = {
      status: healthy ? 'ok' : 'degraded',
      ...(!healthy && { reasons }),
      ...(version !== undefined && { version }),
      database: found.ok ? { ok: true } : databaseFault(found.fault, database.trouble),
      migrated: migrated(),
      journal: {
        ok: !fault,
        ...(fault && { fault: fault.code }),
        depth,
        age_seconds: Math.round(age / 1000),
        bytes,
        damaged_bytes: damagedBytes,
        kept_bytes: keptBytes,
        last_flush: lastFlush === undefined ? null : new Date(lastFlush).toISOString(),
      },
      rejects,
      ...(conversions && conversions.waiting > 0 && { waiting_conversions: conversions.waiting }),
      ...(ofSelection && { selection: ofSelection.told }),
      ...(ofStrapi && { strapi: ofStrapi.told }),
      ...(ofOffers && { strapi_offers: ofOffers.told }),
      ...(ofMatomo && { matomo: ofMatomo.told }),
      ...(ofMautic && { mautic: ofMautic.told }),
      ...(ofWebhooks?.used && { webhooks: ofWebhooks.told }),
      hints: [
        unnamedProxy.recent && 'all readers look like one address: name the proxy in PROMO_TRUSTED_PROXIES',
        unnamedProxy.silent && silentProxy,
        unnamedProxy.unread && unreadProxy,
        clock.doubt !== undefined && `nothing is purged until the next check in an hour: ${clock.doubt}`,
        damagedBytes > 0 &&
          'lines of the journal could not be read: they are kept in damaged.lines; see "Damaged lines" in db/README.md',
        keptCutAt !== undefined &&
          Math.abs(now() - keptCutAt) < reportLossFor &&
          'recorded events are kept for less than PROMO_JOURNAL_KEEP_MINUTES: they have a quarter of ' +
            'PROMO_JOURNAL_MAX_MB, or the disk is full',
        (links.length > 0 || variations.length > 0) &&
          'links or variations cannot be read and are left out: correct the rows that links_left_out and ' +
            'variations_left_out name',
        ...(ofSelection?.hints ?? []),
        ...(ofStrapi?.hints ?? []),
        ...(ofOffers?.hints ?? []),
        ...(ofMatomo?.hints ?? []),
        ...(ofMautic?.hints ?? []),
        ...(ofWebhooks?.hints ?? []),
        ...ofLinks.hints,
        ...(found.ok ? rateSentences(found.value.doubted.rates) : []),
        found.ok && lateHint(found.value.doubted.late),
        conversions &&
          conversions.seconds > longestUnknown &&
          'conversions are waiting for clicks or sends that are not known; after seven days they count without them',
        late.length > 0 &&
          'recipients of these sends were corrected more than a day later, so newsletters may share an id: ' +
            late.join(', '),
      ].filter((hint) => typeof hint === 'string'),
      ...(ofLinks.faulty.length > 0 && { links_at_fault: ofLinks.faulty.slice(0, mostLeftOut) }),
      links_left_out: links.slice(0, mostLeftOut).map(({ key, reason }) => ({ slug: key, reason })),
      variations_left_out: variations
        .slice(0, mostLeftOut)
        .map(({ key, reason }) => ({ variation_id: key, reason })),
      offers_without_slug: found.ok ? found.value.offers.map(({ id }) => id) : [],
    }
    return json(healthy ? 200 : 503, asked === 'operator' ? report : withoutDetails(report))
  }
}

const databaseFault = ({ code }: DatabaseFault, trouble: string | undefined) => ({
  ok: false,
  fault: code,
  ...(trouble !== undefined && { message: trouble }),
})

/** Liveness: the process answers. */
export const liveness = (): Answer => json(200, { status: 'ok' })
