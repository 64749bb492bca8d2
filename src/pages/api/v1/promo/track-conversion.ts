import { guarded } from '../../../../astro/guarded.ts'
import { conversionSchema } from '../../../../lib/conversions/schema.ts'
import { faultAnswer, noContent } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'
import { readJson } from '../../../../lib/http/read.ts'

export const prerender = false

export const POST = guarded('track-conversion', async (app, { request }) => {
  const body = await readJson(request, conversionSchema, app.findConversionFaults)
  const fault = body.ok ? await app.reportConversion(body.value) : body.fault
  return fault ? faultAnswer(fault) : noContent()
})

export const ALL = onlyMethod('POST')
