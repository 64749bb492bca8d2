import { toResponse } from '../../../../lib/http/answer.ts'
import { unknownEndpoint } from '../../../../lib/http/methods.ts'

export const prerender = false

/** Whatever else is asked for below the API: programs cannot read the site's page for unknown paths. */
export const ALL = () => toResponse(unknownEndpoint())
