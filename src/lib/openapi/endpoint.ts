import type * as v from 'valibot'
import type { FaultCode } from '../http/answer.ts'
import { type Endpoint, requestsPerMinute } from '../http/endpoints.ts'
import type { ExampleName } from './examples.ts'
import type { SchemaName } from './schemas.ts'

/** Who may call: callers with the site's token or on its machine, Strapi, readers of figures, anybody. */
export type EndpointAccess = 'ingest' | 'webhook' | 'reader' | 'anybody'

/** An answer that is not an error. `example` is its name in examples.json. */
export type Described = {
  status: number
  description: string
  contents?: { type: string; schema?: SchemaName; examples: readonly ExampleName[] }[]
  headers?: readonly ('ETag' | 'Cache-Control' | 'Content-Disposition' | 'Vary')[]
}

export type EndpointDescription = {
  path: string
  method: 'get' | 'post'
  /** Whether HEAD is answered, too. */
  head?: true
  name: string
  summary: string
  description: string
  access: EndpointAccess
  limit?: Endpoint
  query?: { schema: v.GenericSchema & { entries: v.ObjectEntries }; about: Record<string, string> }
  body?: { schema?: SchemaName; most: number; examples: readonly ExampleName[] }
  answers: readonly Described[]
  faults: readonly FaultCode[]
}

export const json = 'application/json'
export const guarded = ['unauthorized', 'rate_limited', 'internal_error', 'site_not_started'] as const
export const recorded: Described = { status: 204, description: 'The event is committed.' }
export const limitOf = (endpoint: Endpoint): string =>
  `At most ${requestsPerMinute[endpoint]} requests a minute from one address (an IPv6 /64 network counts as one).`
