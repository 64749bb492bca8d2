import { type Answer, faultAnswer, toResponse } from './answer.ts'

type Method = 'GET' | 'POST'

/** The method of each endpoint below `/api/v1/promo`. */
export const endpointMethods: ReadonlyMap<string, Method> = new Map([
  ['select-random', 'GET'],
  ['track-impression', 'POST'],
  ['track-click', 'POST'],
  ['track-conversion', 'POST'],
  ['postback', 'GET'],
  ['links/changed', 'POST'],
  ['analytics', 'GET'],
  ['health', 'GET'],
  ['health/live', 'GET'],
  ['metrics', 'GET'],
  ['openapi.json', 'GET'],
  ['reference', 'GET'],
])

export const wrongMethod = (method: Method): Answer =>
  faultAnswer({ error: 'method_not_allowed', message: `Use ${method}`, headers: { allow: method } })

/** The methods that change something, or are meant to. */
export const writingMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** An endpoint's answer to a wrong method. */
export const onlyMethod = (method: Method) => (): Response => toResponse(wrongMethod(method))

/** The answer to a path that is not an endpoint's, whatever the method. */
export const unknownEndpoint = (): Answer =>
  faultAnswer({
    error: 'not_found',
    message: `There is no such endpoint. Below /api/v1/promo there are ${[...endpointMethods.keys()].join(', ')}`,
  })
