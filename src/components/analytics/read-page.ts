import type { PromoTracking } from '../../lib/index.ts'
import type { Report } from '../../lib/model/report.ts'
import { byWhat, type ReportQuery, type Section, sections } from '../../lib/model/report-query.ts'
import { isParameter } from '../../lib/reports/query.ts'
import { type Address, addressOf } from './address.ts'

/** What a page shows, or why it shows something else or nothing. */
export type PageData = {
  status: 200 | 400 | 404 | 503
  address: Address
  query: ReportQuery
  report?: Report
  /** By parameter; what is shown leaves these parameters out. */
  faults: [parameter: string, fault: string][]
}

export type Asked = {
  app: Pick<PromoTracking, 'parseReportQuery' | 'readReport'>
  parameters: URLSearchParams
  wanted: readonly Section[]
  conversions_of?: ReportQuery['conversions_of']
  /** The offer that a page is about. */
  offer_id?: string | undefined
}

/** What newsletters, chats and search engines add to a link that somebody shares is not the reader's fault. */
const ownOf = (parameters: URLSearchParams) =>
  new URLSearchParams([...parameters].filter(([name]) => isParameter(name)))

const ofAllOnly: ReadonlySet<Section> = new Set(byWhat)

/** What is not known of one newsletter is left out of its page. */
const knownOf = ({ newsletter }: ReportQuery, include: ReadonlySet<Section>): ReadonlySet<Section> =>
  newsletter === undefined ? include : new Set([...include].filter((section) => !ofAllOnly.has(section)))

const conversionsOf = ({ conversions_of }: Asked) => (conversions_of ? { conversions_of } : {})

/**
 * Reads what a page shows. A parameter that is wrong is named and left out, so that the page stays of use; an offer
 * that is not there has no page.
 */
export async function readPage(asked: Asked): Promise<PageData> {
  const parameters = ownOf(asked.parameters)
  if (asked.offer_id !== undefined) parameters.set('offer_id', asked.offer_id)
  const faults: PageData['faults'] = []
  const include = new Set(sections.filter((name) => asked.wanted.includes(name)))
  for (;;) {
    const parsed = asked.app.parseReportQuery(parameters, { counting: 'human' })
    const query = parsed.ok
      ? { ...parsed.value, include: knownOf(parsed.value, include), ...conversionsOf(asked) }
      : undefined
    const report = query && (await asked.app.readReport(query))
    if (query && report?.ok) {
      const status = faults.length > 0 ? 400 : 200
      return { status, query, report: report.value, faults, address: addressOf(parameters, query) }
    }
    const fault = report && !report.ok ? report.fault : parsed.ok ? undefined : parsed.fault
    const found = Object.entries(fault?.details ?? {})
    const theirs = found.some(([name]) => parameters.has(name))
    if (query && !theirs) {
      return { status: 503, query, faults, address: addressOf(parameters, query) }
    }
    if (!theirs) throw new Error('a fault of the query names its parameters')
    faults.push(...found)
    for (const [name] of found) parameters.delete(name)
    if (asked.offer_id !== undefined && found.some(([name]) => name === 'offer_id')) {
      return {
        ...(await readPage({ ...asked, parameters, wanted: [], offer_id: undefined })),
        status: 404,
        faults,
      }
    }
  }
}
