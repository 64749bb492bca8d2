import { join } from 'node:path'
import { createNetworkReader } from '../base/address.ts'
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import { openEventBuffer } from '../buffer/event-buffer.ts'
import type { FileLayer } from '../buffer/files.ts'
import { createClassifier } from '../classify/classifier.ts'
import type { ScannerNetwork } from '../classify/scanner-networks.ts'
import type { Database } from '../database/database.ts'
import type { createLinkDamage } from '../links/link-damage.ts'
import type { createMetrics } from '../operations/metrics.ts'
import { createSalts } from '../privacy/salts.ts'
import { createStrangers } from '../privacy/strangers.ts'
import { answerPromoLink, type PromoLinkRequest } from '../redirect/answer-promo-link.ts'
import { createPromoVarReader } from '../redirect/promo-var.ts'
import type { Config } from '../settings/config.ts'
import { offerExists } from '../store/offers.ts'
import { createAgentReader } from '../tracking/agent.ts'
import { createEventIds } from '../tracking/event-id.ts'
import { createInsiders } from '../tracking/insiders.ts'
import { eventRecorder, keepRecorded } from '../tracking/record-events.ts'
import type { ClickSubmission, ImpressionSubmission } from '../tracking/schemas.ts'
import { findIdFaults, submitClick, submitImpression } from '../tracking/submissions.ts'
import { boundClicks } from '../tracking/surplus.ts'
import { createUnchecked } from '../tracking/unchecked.ts'
import type { openKnown } from './known.ts'

export type TrackingParts = {
  config: Config
  database: Database
  log: Log
  now: Clock
  networks: readonly ScannerNetwork[]
  known: ReturnType<typeof openKnown>
  damage: ReturnType<typeof createLinkDamage>
  metrics: ReturnType<typeof createMetrics>
  /** The site's own pages with a path of one word: no promo link hides one. */
  pages: ReadonlySet<string>
  isEditor: Parameters<typeof createInsiders>[0]['isEditor']
  files: FileLayer | undefined
}

const megabyte = 1024 * 1024

/** The path of clicks and impressions: judged, written to the journal, recorded. `events` has to be closed. */
export function openTracking(parts: TrackingParts) {
  const { config, database, log, now, known, metrics } = parts
  const { PROMO_DUPLICATE_SECONDS: duplicateSeconds, PROMO_VISITORS_PER_ADDRESS: visitorsPerAddress } = config

  const events = openEventBuffer({
    folder: join(config.PROMO_DATA_DIR, 'journal'),
    sync: config.PROMO_JOURNAL_SYNC,
    maxBytes: config.PROMO_JOURNAL_MAX_MB * megabyte,
    maxEvents: config.PROMO_BUFFER_MAX_EVENTS,
    record: eventRecorder(database, {
      onRecorded(rejections) {
        unchecked.judged()
        metrics.countRejected(rejections)
      },
    }),
    now,
    log,
    ...metrics.ofBuffer,
    keep: keepRecorded(database, config),
    files: parts.files,
  })
  const unchecked = createUnchecked({
    most: config.PROMO_UNCHECKED_MAX,
    waiting: () => events.buffer.unchecked,
    now,
    log,
  })
  const rules = { duplicateSeconds, visitorsPerAddress }
  const salts = createSalts({ database, now, log })
  const classifier = createClassifier({ networks: parts.networks, ...rules })

  const clicks = {
    variations: known.variations,
    unchecked,
    buffer: events.buffer,
    flusher: events.flusher,
    networkOf: createNetworkReader(),
    salts,
    strangers: createStrangers(),
    now,
    newEventId: createEventIds(),
    agentOf: createAgentReader(),
    classifier,
    insiderOf: createInsiders({ networks: config.PROMO_OWN_NETWORKS, isEditor: parts.isEditor }),
  }
  const promoLinks = {
    ...clicks,
    links: known.links,
    pages: parts.pages,
    promoVarOf: createPromoVarReader(),
    log,
    ...boundClicks(config.PROMO_FLOOD_PER_MINUTE, clicks.newEventId),
    onVisit: metrics.countVisit,
    onDamage: parts.damage.note,
  }
  const submissions = {
    ...clicks,
    findVariation: known.variations.find,
    underWay: new Map<string, string>(),
    async offerExists(id: number) {
      const found = await database.run((sql) => offerExists(sql, id), 1_000)
      return !found.ok || found.value.length > 0
    },
  }

  return {
    events,
    unchecked,
    salts,
    /** The settings for the final verdict, which is given later than the provisional one. */
    rules,
    fade: (time: number) => classifier.fade(time),
    submissions,
    answers: {
      answerPromoLink: (request: PromoLinkRequest) => answerPromoLink(promoLinks, request),
      findIdFaults: (body: unknown) => findIdFaults(submissions, body),
      reportClick: (report: ClickSubmission) => submitClick(submissions, report),
      reportImpression: (report: ImpressionSubmission) => submitImpression(submissions, report),
    },
  }
}
