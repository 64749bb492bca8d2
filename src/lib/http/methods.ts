import { type Answer, faultAnswer, toResponse } from './answer.ts'

type Method = 'GET' | 'POST'

export const wrongMethod = (method: Method): Answer =>
  faultAnswer({ error: 'method_not_allowed', message: `Use ${method}`, headers: { allow: method } })

/** The answer of an endpoint to every method but its own. */
export const onlyMethod = (method: Method) => (): Response => toResponse(wrongMethod(method))
