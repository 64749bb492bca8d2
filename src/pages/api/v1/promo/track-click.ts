import { guarded } from '../../../../astro/guarded.ts'
import { faultAnswer, noContent } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'
import { readJson } from '../../../../lib/http/read.ts'
import { clickSchema } from '../../../../lib/tracking/schemas.ts'

export const prerender = false

export const POST = guarded('track-click', async (app, { request }) => {
  const body = await readJson(request, clickSchema, app.findIdFaults)
  const fault = body.ok ? await app.reportClick(body.value) : body.fault
  return fault ? faultAnswer(fault) : noContent()
})

export const ALL = onlyMethod('POST')
