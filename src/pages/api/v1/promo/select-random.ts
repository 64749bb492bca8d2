import { guarded } from '../../../../astro/guarded.ts'
import { faultAnswer, json } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'
import { readQuery } from '../../../../lib/http/read.ts'
import { selectionSchema } from '../../../../lib/selection/schema.ts'

export const prerender = false

export const GET = guarded('select-random', async (app, { url }) => {
  const query = readQuery(url.searchParams, selectionSchema)
  const promo = query.ok ? await app.selectPromo(query.value) : query
  return promo.ok ? json(200, promo.value) : faultAnswer(promo.fault)
})

export const ALL = onlyMethod('GET')
