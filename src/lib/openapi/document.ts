import type { Described, EndpointDescription } from './endpoint.ts'
import { endpoints } from './endpoints.ts'
import { exampleOf } from './examples.ts'
import { type Answered, answersOf, type Parameter, parametersOf } from './operation.ts'
import { componentSchemas, refTo } from './schemas.ts'

/** Where the API is below the site's address. */
export const apiPath = '/api/v1/promo'

const security: Record<EndpointDescription['access'], Record<string, string[]>[]> = {
  // Without a token: programs on the same machine, as long as the site has no token.
  ingest: [{ ingestToken: [] }, {}],
  webhook: [{ webhookSecret: [] }],
  reader: [{ readerToken: [] }, { session: [] }],
  anybody: [],
}

const securitySchemes = {
  ingestToken: {
    type: 'http',
    scheme: 'bearer',
    description:
      'The value of `PROMO_INGEST_TOKEN`. If it is not set, programs on the same machine may call ' +
      'without a token: from a loopback address, for `localhost` or `127.0.0.1`, with no sign of a ' +
      'proxy or a browser.',
  },
  webhookSecret: {
    type: 'http',
    scheme: 'bearer',
    description: 'The value of `PROMO_STRAPI_WEBHOOK_SECRET`.',
  },
  readerToken: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'Made by `promo token`, or signed by the back end whose keys are at `PROMO_JWKS_URL`.',
  },
  session: {
    type: 'apiKey',
    in: 'cookie',
    name: '__Host-promo_session',
    description: 'The session of an editor who is signed in (`promo_session` where `SITE_URL` is http).',
  },
}

/** The API as an OpenAPI 3.1 document, made from the schemas that check its input and answers. */
export const openApiDocument = () => ({
  openapi: '3.1.0',
  info: {
    title: 'Promo tracking',
    version: '1.0.0',
    description:
      'Chooses promos for newsletters, counts who got them and who clicked, and shows which text works. ' +
      'All errors have the same form: `error` is a code; `details` or `message` says what is wrong and ' +
      'what to do. Any other method gets 405 (`method_not_allowed`), with the right one in `Allow`; any ' +
      'other path gets 404 (`not_found`). A body that is too long gets 413 (`body_too_large`), one that ' +
      'is too slow 408 (`body_too_slow`), also where no body is expected.',
    license: { name: 'MIT', url: 'https://opensource.org/license/mit' },
  },
  servers: [{ url: apiPath }],
  paths: Object.fromEntries(endpoints.map((endpoint) => [endpoint.path, pathOf(endpoint)])),
  components: { schemas: componentSchemas(), securitySchemes },
})

export type Operation = {
  operationId: string
  summary: string
  description?: string
  security: Record<string, string[]>[]
  parameters?: Parameter[]
  requestBody?: ReturnType<typeof bodyOf>
  responses: Record<string, Answered>
}

export type Operations = Partial<Record<EndpointDescription['method'] | 'head', Operation>>

const pathOf = (endpoint: EndpointDescription): Operations => ({
  [endpoint.method]: operationOf(endpoint),
  ...(endpoint.head && { head: headOf(endpoint) }),
})

const operationOf = (endpoint: EndpointDescription): Operation => ({
  operationId: endpoint.name,
  summary: endpoint.summary,
  description: endpoint.description,
  security: security[endpoint.access],
  ...(endpoint.query && { parameters: parametersOf(endpoint.query) }),
  ...(endpoint.body && { requestBody: bodyOf(endpoint.body) }),
  responses: answersOf(endpoint),
})

const bodyOf = ({ schema, most, examples }: NonNullable<EndpointDescription['body']>) => ({
  required: schema !== undefined,
  description: `At most ${most} bytes, within ten seconds, not compressed.`,
  content: {
    'application/json': {
      schema: schema ? refTo(schema) : {},
      examples: Object.fromEntries(examples.map((name) => [name, { value: exampleOf(name) }])),
    },
  },
})

/** HEAD is answered as GET is, without a body. */
const headOf = (endpoint: EndpointDescription): Operation => ({
  operationId: `${endpoint.name}Head`,
  summary: `${endpoint.summary}, without a body`,
  security: security[endpoint.access],
  responses: answersOf({ ...endpoint, answers: endpoint.answers.map(withoutBody) }, true),
})

const withoutBody = ({ contents: _, ...answer }: Described): Described => answer
