import { assemble } from './app.ts'
import type { Access } from './auth/access.ts'
import type { Log } from './base/log.ts'
import type { MaybePromise } from './base/maybe-promise.ts'
import type { Result } from './base/result.ts'
import type { ConversionReport } from './conversions/schema.ts'
import type { Database } from './database/database.ts'
import type { DatabaseFault } from './database/sql.ts'
import type { Answer, ApiFault } from './http/answer.ts'
import type { Caller, Client, HeaderReader } from './http/client.ts'
import type { Endpoint } from './http/endpoints.ts'
import type { Report } from './model/report.ts'
import type { Counting, ReportQuery } from './model/report-query.ts'
import type { OpenOptions } from './open/options.ts'
import type { MetricCounts } from './operations/metrics.ts'
import type { PromoLinkRequest } from './redirect/answer-promo-link.ts'
import type { Remember } from './reports/report-cache.ts'
import type { Selection } from './selection/schema.ts'
import type { PartialRequest } from './selection/select-promo.ts'
import type { SharesNow } from './selection/share-now.ts'
import type { Config } from './settings/config.ts'
import type { SentDecision } from './store/decisions.ts'
import type { ClickSubmission, ImpressionSubmission } from './tracking/schemas.ts'

export type { OpenOptions, SitePlace } from './open/options.ts'

/**
 * Opens the promo tracking of a site: one database pool, one buffer, one set of caches, to be closed once. The only
 * faults are those that a person has to fix before a start makes sense. A database that does not answer is not one of
 * them: it is waited for, eight seconds at most, or half a second if an earlier run has left the links on disk.
 */
export const openPromoTracking = (
  options: OpenOptions,
): Promise<Result<PromoTracking, { message: string }>> => assemble(options)

/**
 * All that the promo tracking offers to a site's server, its pages and the command line. If the database does not
 * answer, a redirect is answered and recorded all the same, a submission is kept and says so, and everything else
 * returns a fault.
 */
export type PromoTracking = RedirectArea &
  RequestArea &
  SubmissionArea &
  ConversionArea &
  SelectionArea &
  ReportArea &
  OperationsArea & {
    config: Config
    log: Log
    database: Database
    /** Who may read the analytics. */
    access: Access
    /** Closes everything within about eight seconds; what could not be recorded stays in the journal. */
    close(): Promise<void>
  }

/** Promo links. */
type RedirectArea = {
  /**
   * Redirects, and records the click; answers at once, without a promise, if link and journal allow it. `undefined` if
   * there is no such link: the site's own 404 page is the answer then.
   */
  answerPromoLink(request: PromoLinkRequest): MaybePromise<Answer | undefined>
}

/** Who sends a request, and whether it may be answered. */
type RequestArea = {
  /** The client of the socket's `peer`, behind the proxies that the settings trust. */
  client(peer: string, header: HeaderReader): Client
  /** The same for pages and endpoints; `http` is the request's version of HTTP. */
  caller(peer: string, header: HeaderReader, http?: string): Caller
  /**
   * Calls `respond` if the caller may use the endpoint, and not too often; otherwise answers 401, 403, 429 or 503. An
   * exception becomes a 500. Each answer is counted.
   */
  guard(
    endpoint: Endpoint,
    asked: { request: Request; client: Caller },
    respond: () => Promise<Answer>,
  ): Promise<Answer>
  /** The answer (403) to a form that was not sent from a page of this site; `origin` is the browser's header. */
  refuseForeignForm(origin: string | null | undefined): Answer
  /** Whether a request has the secret of Strapi's webhook. */
  isWebhook(header: HeaderReader): boolean
}

/** Impressions, and clicks that others report. `undefined` once they are committed. */
type SubmissionArea = {
  /** Faults: those of `reportClick`, and `newsletter_differs`. */
  reportImpression(report: ImpressionSubmission): Promise<ApiFault | undefined>
  /** Faults: `validation_error`, `event_id_reused`, `tracking_failed` (says whether it is kept). */
  reportClick(report: ClickSubmission): Promise<ApiFault | undefined>
  /** What is wrong with the ids in a body that has other faults, by field. */
  findIdFaults(body: unknown): Promise<Record<string, string>>
}

/** Conversions. `undefined` once they are committed. */
type ConversionArea = {
  /** Faults: `validation_error`, `conversion_differs`, `tracking_failed` (says whether it is kept). */
  reportConversion(report: ConversionReport): Promise<ApiFault | undefined>
  /** The same for the query of `GET postback`; also `unauthorized` and `database_unavailable`. */
  takePostback(parameters: URLSearchParams): Promise<ApiFault | undefined>
  /** What is wrong with the ids in a body that has other faults, by field. */
  findConversionFaults(body: unknown): Promise<Record<string, string>>
}

/** Which promo a newsletter shows, and why. */
type SelectionArea = {
  /** Chooses by the site's strategy unless the request names one. Faults: `no_eligible_promo`, and as the API says. */
  selectPromo(request: PartialRequest): Promise<Result<Selection, ApiFault>>
  /** The share (0 to 1) that each text would get now; of the newsletter without a name unless one is named. */
  readShares(newsletter?: string): Promise<Result<SharesNow, DatabaseFault>>
  /** Why offers cannot be chosen now: a sentence each, by `offer_id`. */
  readObstacles(): Promise<Result<ReadonlyMap<number, string>, DatabaseFault>>
  /** How the texts of these sends were chosen, as long as that is stored. */
  readDecisions(sends: readonly string[]): Promise<Result<readonly SentDecision[], DatabaseFault>>
}

/** The figures, for the API and the pages. */
type ReportArea = {
  /** Reads a query as the API takes it; `validation_error` names the parameters that are wrong. */
  parseReportQuery(
    parameters: URLSearchParams,
    defaults?: { counting: Counting },
  ): Result<ReportQuery, ApiFault>
  /** Faults: `validation_error` (no such offer, variation, newsletter or time zone), `database_unavailable`. */
  readReport(query: ReportQuery): Promise<Result<Report, ApiFault>>
  /** Gives the same answer for three seconds to all who ask the same, and lets redirects go first. */
  remember: Remember
  /** Awaited between parts of long work, so that redirects are answered in between. */
  turn(): Promise<void>
}

/** What whoever runs the site looks at. */
type OperationsArea = {
  /** Readiness, with reasons and hints: 200, or 503 if a part does not work. */
  readHealth(): Promise<Answer>
  /** The same for a request: details only for those who may read metrics or analytics. */
  answerHealth(asked: { request: Request; client: Caller }): Promise<Answer>
  /** For Prometheus, of all workers. */
  readMetrics(): Promise<Answer>
  /** What this process alone counts, for the worker that is asked for metrics. */
  readCounts(): Promise<MetricCounts>
  /** Strapi reports a change: every instance fetches its links again. 204, or 503 if only this one can. */
  linksChanged(): Promise<Answer>
  /**
   * A sentence about damaged links on the UTC days (YYYY-MM-DD) from `first`, or from the beginning, to `last`;
   * `undefined` if there is nothing to report.
   */
  describeLinkDamage(first: string | undefined, last: string): Promise<string | undefined>
}
