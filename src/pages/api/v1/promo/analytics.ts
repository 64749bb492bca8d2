import type { APIRoute } from 'astro'
import { respondReport } from '../../../../lib/analytics/respond.ts'
import { faultAnswer, toResponse } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'

export const GET: APIRoute = async ({ locals: { app, client }, request, url }) =>
  toResponse(
    await app.guard('analytics', { request, client }, async () => {
      const query = app.parseReportQuery(url.searchParams)
      if (!query.ok) return faultAnswer(query.fault)
      const report = await app.readReport(query.value)
      if (!report.ok) return faultAnswer(report.fault)
      return respondReport(report.value, query.value, request.headers.get('if-none-match'))
    }),
  )

export const ALL = onlyMethod('GET')
