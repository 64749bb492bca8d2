import { setTimeout as sleep } from 'node:timers/promises'
import { createAccess } from './auth/access.ts'
import { systemClock } from './base/clock.ts'
import { makeDataFolder } from './base/data-folder.ts'
import { systemRandom } from './base/random.ts'
import { ok } from './base/result.ts'
import { openOffers } from './catalogue/strapi-offers.ts'
import { type ScannerNetwork, scannerNetworks } from './classify/scanner-networks.ts'
import { openDatabase } from './database/database.ts'
import { databaseServer } from './database/server.ts'
import { refuseWebhook } from './http/access.ts'
import type { HeaderReader } from './http/client.ts'
import { createForeignForms } from './http/own-form.ts'
import { createLinkDamage } from './links/link-damage.ts'
import { hasKnownLinks, linkSettings } from './links/link-settings.ts'
import { linksChanged } from './links/links-changed.ts'
import { matomoSettings } from './matomo/settings.ts'
import { openMautic } from './mautic/background.ts'
import { createConversions } from './open/conversions.ts'
import { endpointLimits, guard, isOperator } from './open/guard.ts'
import { openKnown } from './open/known.ts'
import { openNotifications } from './open/notifications.ts'
import type { OpenOptions } from './open/options.ts'
import { openTracking } from './open/tracking.ts'
import { createClients } from './operations/clients.ts'
import { databaseSteps } from './operations/database-steps.ts'
import { doubtFinder } from './operations/doubted-sends.ts'
import { createHealth } from './operations/health.ts'
import { createLinkHints } from './operations/link-hints.ts'
import { openMaintenance } from './operations/maintenance.ts'
import { createMetrics } from './operations/metrics.ts'
import { createPurger } from './operations/purge.ts'
import { settler } from './operations/settle.ts'
import { watchForUnnamedProxy } from './operations/unnamed-proxy.ts'
import { createReports } from './reports/reports.ts'
import { createSelection } from './selection/selection.ts'

/** How long a start waits for the database before the site listens without it, in milliseconds. */
const startWait = 8_000
/** The same if an earlier run has left the links: then visitors need not wait for the database, nor for a backlog. */
const knownLinksWait = 500
/** Together with closing the server this stays within the ten seconds of a graceful stop. */
const drainWait = 4_000
/** What is being sent to other servers and is cut off here is sent again later. */
const notificationsWait = 2_000
const closeWait = 7_000
/** How long a stop waits for background queries, in milliseconds. */
const stepsWait = 2_000

/** Opens everything that a site shares, as `openPromoTracking` says. */
export async function assemble(options: OpenOptions) {
  const networks = scannerNetworks(options.config.PROMO_SCANNER_NETWORKS)
  if (!networks.ok) return networks
  try {
    makeDataFolder(options.config.PROMO_DATA_DIR)
  } catch {
    // Whoever writes into it says so.
  }
  const server = databaseServer(options.config, options.log)
  const started = performance.now()
  const known = hasKnownLinks(options.config)
  const opened = await server.open(known ? knownLinksWait : undefined)
  return opened.ok ? ok(await openParts(options, server, networks.value, started)) : opened
}

async function openParts(
  options: OpenOptions,
  server: ReturnType<typeof databaseServer>,
  networks: readonly ScannerNetwork[],
  started: number,
) {
  const { config, log, pages = new Set<string>(), now = systemClock, random = systemRandom, files } = options
  const { version, base = '', anyWord } = options.place ?? {}
  const siteUrl = `${config.SITE_URL}${base}`
  const metrics = createMetrics(options.worker)
  const database = openDatabase({
    locate: server.locate,
    log,
    authority: config.PROMO_DATABASE_CA,
    embedded: config.DATABASE_URL === undefined,
  })

  const known = openKnown({ database, folder: config.PROMO_DATA_DIR, log, from: linkSettings(config) })
  const { links, variations, table, strapi } = known
  const damage = createLinkDamage({ database, now, count: metrics.countDamage })
  const selection = createSelection({
    config: { ...config, SITE_URL: siteUrl },
    database,
    links,
    now,
    random,
  })
  const access = createAccess({ config, database, now, log })
  const tracking = openTracking({
    config,
    database,
    log,
    now,
    networks,
    known,
    damage,
    metrics,
    pages,
    files,
    isEditor: access.seemsEditor,
  })
  const { events, unchecked } = tracking

  const settleClicks = settler(database, log, {
    observationMinutes: config.PROMO_OBSERVATION_MINUTES,
    forMatomo: matomoSettings(config) !== undefined,
    ...tracking.rules,
  })
  const findDoubted = doubtFinder({ database, log, now })
  const purger = createPurger({ database, retention: config, now, log, forgetDamaged: events.forgetDamaged })
  const maintenance = openMaintenance(
    {
      ...databaseSteps({
        database,
        salts: tracking.salts,
        now,
        log,
        refresh: known.refresh,
        fade: tracking.fade,
      }),
      tend: () => Promise.all([events.tend(), damage.flush(), conversions.attribute()]),
      settle: (signal) => settleClicks(signal).then(findDoubted),
      purge: purger.run,
    },
    log,
  )

  const ready = () => maintenance.ready
  const conversions = createConversions({ config, database, submissions: tracking.submissions, ready, log })
  const offers = openOffers({ config, database, log, ready, strapi })
  const mautic = openMautic({ config, database, log, ready })

  const proxies = {
    trusted: config.PROMO_TRUSTED_PROXIES,
    addressHeader: config.PROMO_CLIENT_ADDRESS_HEADER,
  }
  const unnamedProxy = watchForUnnamedProxy({ trusted: proxies.trusted, now, log })
  const readings = events.readings
  const reading = createReports({ database, visits: metrics.visits, now })
  const outbox = openNotifications({
    config: { ...config, SITE_URL: siteUrl },
    database,
    links,
    ready,
    reading,
    now,
    random,
    log,
    readHealth: () => readHealth(),
  })
  const readHealth = createHealth({
    version,
    database,
    readings,
    migrated: ready,
    unnamedProxy,
    unchecked,
    known,
    offers,
    mautic,
    outbox: outbox.readings,
    selection: selection.settings,
    clock: purger,
    linkHints: createLinkHints({
      database,
      siteUrl,
      pages,
      anyWord,
      damage,
      now,
      table: table !== undefined,
      strapi: strapi?.cache,
    }),
    now,
  })
  metrics.observe({
    buffer: readings,
    databaseUp: () => Number(database.up),
    unnamedProxy: () => unnamedProxy.count,
    linksLeftOut: () => table?.leftOut.length ?? 0,
    variationsLeftOut: () => variations.leftOut.length,
    strapi: strapi?.cache,
    strapiOffers: offers,
    mautic,
    outbox: outbox.readings,
  })

  const gate = {
    token: config.PROMO_INGEST_TOKEN,
    webhookSecret: config.PROMO_STRAPI_WEBHOOK_SECRET,
    refuseReader: access.refuseReader,
    limits: endpointLimits(),
    metrics,
    log,
  }

  const left = links.size > 0 ? started + knownLinksWait - performance.now() : startWait
  await Promise.all([maintenance.prepared(Math.max(0, left)), known.asked(Math.max(0, left))])

  return {
    config,
    log,
    database,
    ...createClients(proxies, unnamedProxy),
    ...tracking.answers,
    ...conversions.answers,
    guard: guard.bind(undefined, gate),
    describeLinkDamage: damage.describe,
    linksChanged: () => linksChanged(database, strapi),
    isWebhook: (header: HeaderReader) => !refuseWebhook(header, config.PROMO_STRAPI_WEBHOOK_SECRET),
    selectPromo: selection.select,
    readShares: selection.readShares,
    readObstacles: selection.readObstacles,
    readDecisions: selection.readDecisions,
    access,
    refuseForeignForm: createForeignForms({ siteUrl: config.SITE_URL, now, log }),
    ...reading,
    readHealth,
    answerHealth: async (asked: Parameters<typeof isOperator>[1]) =>
      await readHealth((await isOperator(gate, asked)) ? 'operator' : 'anybody'),
    readMetrics: metrics.read,
    readCounts: metrics.counts,
    async close() {
      const until = performance.now() + closeWait
      mautic?.stop()
      const stopped = Promise.all([maintenance.stop(), known.stop(), offers?.stop()])
      await Promise.all([
        events.close(drainWait),
        outbox.close(notificationsWait),
        // Their queries to a closed database would look like an outage.
        Promise.race([stopped, sleep(stepsWait, undefined, { ref: false })]),
      ])
      await damage.flush()
      await database.close(1_000)
      await server.stop(until - performance.now())
    },
  }
}
