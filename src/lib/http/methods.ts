import { faultAnswer, toResponse } from './answer.ts'

/** The answer of an endpoint to every method but its own. */
export const onlyMethod = (method: 'GET' | 'POST') => (): Response =>
  toResponse(
    faultAnswer({ error: 'method_not_allowed', message: `Use ${method}`, headers: { allow: method } }),
  )
