import type { createReports } from '../reports/reports.ts'
import type { OfferNews } from './watch.ts'

type Reading = Pick<ReturnType<typeof createReports>, 'parseReportQuery' | 'readReport'>

const asked = new URLSearchParams({ days: '7', include_variations: 'true', include_statistics: 'true' })

/** The offers that were sent, each with its confirmed winner. */
export const winnersReader =
  ({ parseReportQuery, readReport }: Reading) =>
  async (): Promise<OfferNews[]> => {
    const query = parseReportQuery(asked)
    const report = query.ok ? await readReport(query.value) : query
    if (!report.ok) return []
    const { offers, variations = [] } = report.value
    return offers
      .filter(({ statistics }) => statistics)
      .map(({ offer_id }) => {
        const text = variations.find(
          (one) => one.offer_id === offer_id && one.statistics?.label.code === 'confirmed_winner',
        )
        if (!text?.statistics) return { offer_id }
        const { variation_id, text_preview, statistics } = text
        const { probability_best, smoothed_ctr, sends } = statistics
        return {
          offer_id,
          winner: { variation_id, text: text_preview, probability_best, smoothed_ctr, sends },
        }
      })
  }
