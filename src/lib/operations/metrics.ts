import { AggregatorRegistry, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { BufferReadings } from '../buffer/event-buffer.ts'
import type { JournalFault } from '../buffer/segments.ts'
import { type Answer, plainText } from '../http/answer.ts'
import type { Damage } from '../model/link.ts'
import type { OutboxReadings } from '../outbox/outbox.ts'
import type { VisitOutcome } from '../redirect/answer-promo-link.ts'
import { observeOutbox } from './outbox-metrics.ts'

export type Metrics = ReturnType<typeof createMetrics>

type Readings = {
  buffer: () => Pick<
    BufferReadings,
    'depth' | 'unchecked' | 'age' | 'bytes' | 'rejects' | 'damagedBytes' | 'keptBytes'
  >
  databaseUp: () => number
  unnamedProxy: () => number
  linksLeftOut: () => number
  variationsLeftOut: () => number
  /** Links from Strapi, if they come from there. */
  strapi?: { readonly current: boolean; readonly leftOut: readonly unknown[] } | undefined
  /** Offers from Strapi, if they come from there. */
  strapiOffers?: { readonly fault: unknown; readonly leftOut: readonly unknown[] } | undefined
  /** Recipients from Mautic, if they come from there. */
  mautic?: { readonly fault: unknown; readonly obstacles: readonly unknown[] } | undefined
  /** What is waiting in the outbox, by kind, for the kinds in use. */
  outbox?: Record<string, OutboxReadings | undefined>
}

/** What a process counts, to be incremented by the code that does the work. */
export type MetricCounts = object[]

/** If several processes serve one port: this one's number, and how to get the counts of all. */
export type MetricsWorker = { number: number; gatherCounts: () => Promise<MetricCounts[]> }

/**
 * What this process counts for Prometheus, labelled by `worker` if there are several. No label contains anything about
 * a visitor.
 */
export function createMetrics(worker?: MetricsWorker) {
  const registry = new Registry()
  if (worker !== undefined) registry.setDefaultLabels({ worker: String(worker.number) })
  const registers = [registry]
  // Plain numbers, read on request: a labelled counter costs more than finding the link.
  const visits = new Map<VisitOutcome, number>()
  new Counter({
    name: 'promo_redirects_total',
    help:
      'Redirects by what happened to their click: journaled, in_memory, lost, untracked (no promo_var), ' +
      'or why it was not recorded',
    labelNames: ['click'],
    registers,
    collect() {
      this.reset()
      for (const [click, count] of visits) this.inc({ click }, count)
    },
  })

  const flushed = new Counter({
    name: 'promo_events_flushed_total',
    help: 'Events handed to the database, replays included',
    registers,
  })
  const flushSeconds = new Histogram({
    name: 'promo_flush_seconds',
    help: 'Time from taking a batch to its commit',
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  const journalFaults = new Counter({
    name: 'promo_journal_faults_total',
    help:
      'Failed writes of the journal: full (its limit), unwritable (the disk) or hangs (a disk that does ' +
      'not answer)',
    labelNames: ['code'],
    registers,
  })
  const lost = new Counter({
    name: 'promo_events_lost_total',
    help: 'Events that were answered but lost: neither disk nor memory had room, or somebody deleted their journal',
    registers,
  })
  const damaged = new Counter({
    name: 'promo_journal_damaged_lines_total',
    help: 'Journal lines that could not be read back',
    registers,
  })

  const damagedLinks = new Counter({
    name: 'promo_damaged_links_total',
    help:
      'Clicks on links that were damaged on their way but still name one text; see unreadable in ' +
      'promo_redirects_total',
    registers,
  })

  const rejected = new Counter({
    name: 'promo_events_rejected_total',
    help:
      'Events that the database rejected, by reason: variation_gone, or for unchecked clicks ' +
      'unknown_variation and other_slug',
    labelNames: ['reason'],
    registers,
  })

  return {
    counts: (): Promise<MetricCounts> => registry.getMetricsAsJSON(),
    /** For Prometheus, from all workers that answer. */
    async read(): Promise<Answer> {
      const all = (await worker?.gatherCounts()) ?? []
      const read = all.length === 0 ? registry : AggregatorRegistry.aggregate(all)
      return plainText(await read.metrics(), registry.contentType)
    },
    countVisit(outcome: VisitOutcome) {
      visits.set(outcome, (visits.get(outcome) ?? 0) + 1)
    },
    countDamage(damage: Damage) {
      if (damage === 'damaged') damagedLinks.inc()
    },
    /** Redirects so far. */
    visits: () => [...visits.values()].reduce((sum, count) => sum + count, 0),
    countRejected(rejections: readonly { reason: string }[]) {
      for (const { reason } of rejections) rejected.inc({ reason })
    },
    /** What the event buffer reports. */
    ofBuffer: {
      onFault(fault: JournalFault, events: number) {
        journalFaults.inc({ code: fault.code })
        lost.inc(events)
      },
      onFlush(events: number, seconds: number) {
        flushed.inc(events)
        flushSeconds.observe(seconds)
      },
      onDamaged: (lines: number) => damaged.inc(lines),
      onVanished: (events: number) => lost.inc(events),
    },
    requests: new Counter({
      name: 'promo_api_requests_total',
      help: 'API requests by endpoint and status',
      labelNames: ['endpoint', 'status'],
      registers,
    }),
    /** Gauges that are read on request. */
    observe(readings: Readings) {
      const { buffer, databaseUp, unnamedProxy, strapi, strapiOffers, mautic, outbox } = readings
      if (outbox) observeOutbox(registers, outbox)
      const gauge = (name: string, help: string, read: () => number) =>
        new Gauge({
          name,
          help,
          registers,
          collect() {
            this.set(read())
          },
        })
      gauge('promo_journal_depth', 'Events that are waiting for the database', () => buffer().depth)
      gauge(
        'promo_unchecked_clicks',
        'Waiting events that are clicks on texts not known here',
        () => buffer().unchecked,
      )
      gauge('promo_journal_age_seconds', 'Age of the oldest waiting event', () => buffer().age / 1000)
      gauge('promo_journal_bytes', 'Size of the journal', () => buffer().bytes)
      gauge('promo_journal_kept_bytes', 'Size of what was recorded and is kept', () => buffer().keptBytes)
      gauge('promo_rejects', 'Events in the rejects file', () => buffer().rejects)
      gauge(
        'promo_journal_damaged_bytes',
        'Size of journal lines that could not be read and were set aside',
        () => buffer().damagedBytes,
      )
      gauge('promo_database_up', 'Whether the database answered the last time', databaseUp)
      if (strapi)
        gauge('promo_strapi_up', 'Whether the last fetch of links from Strapi worked', () =>
          Number(strapi.current),
        )
      if (strapiOffers)
        gauge('promo_strapi_offers_up', 'Whether the last import of offers from Strapi worked', () =>
          Number(!strapiOffers.fault),
        )
      if (mautic)
        gauge('promo_mautic_up', 'Whether the last fetch of recipients from Mautic worked', () =>
          Number(!mautic.fault),
        )
      gauge(
        'promo_unnamed_proxy_requests',
        'Requests whose proxy PROMO_TRUSTED_PROXIES does not name, so that all readers look like one',
        unnamedProxy,
      )
      new Gauge({
        name: 'promo_rows_left_out',
        help:
          'Links, variations, entries of Strapi and e-mails of Mautic that cannot be read and are left out; ' +
          'health names them',
        labelNames: ['kind'],
        registers,
        collect() {
          this.set({ kind: 'link' }, readings.linksLeftOut())
          this.set({ kind: 'variation' }, readings.variationsLeftOut())
          if (strapi) this.set({ kind: 'strapi_link' }, strapi.leftOut.length)
          if (strapiOffers) this.set({ kind: 'strapi_offer' }, strapiOffers.leftOut.length)
          if (mautic) this.set({ kind: 'mautic_email' }, mautic.obstacles.length)
        },
      })
    },
  }
}
