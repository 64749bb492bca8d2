import { guarded } from '../../../../astro/guarded.ts'
import { faultAnswer, plainText } from '../../../../lib/http/answer.ts'
import { onlyMethod } from '../../../../lib/http/methods.ts'

export const prerender = false

export const GET = guarded('postback', async (app, { url }) => {
  const fault = await app.takePostback(url.searchParams)
  return fault ? faultAnswer(fault) : plainText('ok\n', 'text/plain; charset=utf-8')
})

export const ALL = onlyMethod('GET')
