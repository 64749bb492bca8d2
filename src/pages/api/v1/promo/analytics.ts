import { guarded } from '../../../../astro/guarded.ts'
import { faultAnswer } from '../../../../lib/http/answer.ts'
import { unlessKnown } from '../../../../lib/http/etag.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'
import { respondReport } from '../../../../lib/reports/answer.ts'
import { wantsFresh } from '../../../../lib/reports/report-cache.ts'

export const prerender = false

export const GET = guarded('analytics', async (app, { request, url }) => {
  const fresh = wantsFresh(request)
  const answer = await app.remember({ key: `report ${url.search}`, fresh }, async () => {
    const query = app.parseReportQuery(url.searchParams)
    if (!query.ok) return faultAnswer(query.fault)
    const report = await app.readReport(query.value)
    return report.ok ? respondReport(report.value, query.value) : faultAnswer(report.fault)
  })
  return unlessKnown(answer, request.headers.get('if-none-match'))
})

export const ALL = onlyMethod('GET')
