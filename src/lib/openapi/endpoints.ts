import { longestDropped } from '../http/bodies.ts'
import { longestBody } from '../http/read.ts'
import { querySchema } from '../reports/query.ts'
import { selectionSchema } from '../selection/schema.ts'
import { conversionEndpoints } from './conversion-endpoints.ts'
import { type Described, type EndpointDescription, guarded, json, limitOf, recorded } from './endpoint.ts'
import { aboutReport, aboutSelection } from './fields.ts'

const alreadyThere: Described = {
  status: 304,
  description: 'The client already has it (`If-None-Match`).',
  headers: ['ETag', 'Cache-Control'],
}

/** Every endpoint, in the order in which a newsletter needs them. */
export const endpoints: readonly EndpointDescription[] = [
  {
    path: '/select-random',
    method: 'get',
    name: 'selectRandom',
    summary: 'Chooses a promo for a newsletter',
    description: `Asking again for the same send returns the same promo. ${limitOf('select-random')}`,
    access: 'ingest',
    limit: 'select-random',
    query: { schema: selectionSchema, about: aboutSelection },
    answers: [
      {
        status: 200,
        description:
          'The promo, or with `segments` one for each part of the recipients, or fewer if there are fewer texts.',
        contents: [{ type: json, schema: 'Selection', examples: ['promo', 'segments', 'blocks'] }],
      },
    ],
    faults: [
      ...guarded,
      'validation_error',
      'no_eligible_promo',
      'newsletter_differs',
      'database_unavailable',
    ],
  },
  {
    path: '/track-impression',
    method: 'post',
    name: 'trackImpression',
    summary: 'Reports that a send showed a promo',
    description:
      'Repeating it for the same send and variation only corrects `recipients`. Answers within 1.3 s. ' +
      limitOf('track-impression'),
    access: 'ingest',
    limit: 'track-impression',
    body: { schema: 'Impression', most: longestBody, examples: ['impression'] },
    answers: [recorded],
    faults: [
      ...guarded,
      'validation_error',
      'event_id_reused',
      'newsletter_differs',
      'unsupported_media_type',
      'tracking_failed',
    ],
  },
  {
    path: '/track-click',
    method: 'post',
    name: 'trackClick',
    summary: 'Reports a click that did not come through the redirect',
    description: `Promo links (\`GET /slug?promo_var=…\`) record their clicks themselves. ${limitOf('track-click')}`,
    access: 'ingest',
    limit: 'track-click',
    body: { schema: 'Click', most: longestBody, examples: ['click'] },
    answers: [recorded],
    faults: [...guarded, 'validation_error', 'event_id_reused', 'unsupported_media_type', 'tracking_failed'],
  },
  ...conversionEndpoints,
  {
    path: '/analytics',
    method: 'get',
    name: 'readAnalytics',
    summary: 'Shows which offer and which text works',
    description:
      'The same request within three seconds gets the same answer, unless it has `Cache-Control: ' +
      `no-cache\`. ${limitOf('analytics')}`,
    access: 'reader',
    limit: 'analytics',
    query: { schema: querySchema, about: aboutReport },
    answers: [
      {
        status: 200,
        description: 'The report, or a file of one table.',
        headers: ['ETag', 'Cache-Control', 'Vary', 'Content-Disposition'],
        contents: [
          { type: json, schema: 'Report', examples: ['report'] },
          { type: 'text/csv', examples: ['csv'] },
        ],
      },
      {
        status: 304,
        description: 'The client already has this report (`If-None-Match`).',
        headers: ['ETag', 'Cache-Control', 'Vary', 'Content-Disposition'],
      },
    ],
    faults: [...guarded, 'validation_error', 'forbidden', 'keys_unavailable', 'database_unavailable'],
  },
  {
    path: '/links/changed',
    method: 'post',
    name: 'linksChanged',
    summary: "Takes Strapi's webhook",
    description:
      'All instances fetch the links again within a second; the body does not matter. ' +
      limitOf('links/changed'),
    access: 'webhook',
    limit: 'links/changed',
    body: { most: longestDropped, examples: ['webhook'] },
    answers: [{ status: 204, description: 'All instances are notified.' }],
    faults: [...guarded, 'unsupported_media_type', 'database_unavailable'],
  },
  {
    path: '/health',
    method: 'get',
    head: true,
    name: 'readHealth',
    summary: 'Says whether every part works',
    description:
      'Redirects work either way, so a load balancer should use `/health/live`. What names servers, ' +
      'sends, links or offers, and all hints, are only for callers on the same machine, with the token ' +
      'or with a session; others get empty lists, and one hint if there is more.',
    access: 'anybody',
    answers: [
      {
        status: 200,
        description: 'Every part works.',
        contents: [{ type: json, schema: 'Health', examples: ['health'] }],
      },
      {
        status: 503,
        description: 'A part does not work; `reasons` say which.',
        contents: [{ type: json, schema: 'Health', examples: ['degraded'] }],
      },
    ],
    faults: ['site_not_started'],
  },
  {
    path: '/health/live',
    method: 'get',
    head: true,
    name: 'readLiveness',
    summary: 'Says that the process answers',
    description: 'For balancers.',
    access: 'anybody',
    answers: [
      {
        status: 200,
        description: 'The process answers.',
        contents: [{ type: json, schema: 'Liveness', examples: ['liveness'] }],
      },
    ],
    faults: [],
  },
  {
    path: '/metrics',
    method: 'get',
    name: 'readMetrics',
    summary: 'Metrics for Prometheus',
    description: limitOf('metrics'),
    access: 'ingest',
    limit: 'metrics',
    answers: [
      {
        status: 200,
        description: 'In the text format.',
        contents: [{ type: 'text/plain', examples: ['metrics'] }],
      },
    ],
    faults: guarded,
  },
  {
    path: '/openapi.json',
    method: 'get',
    head: true,
    name: 'readDescription',
    summary: 'This description',
    description: 'OpenAPI 3.1. `/reference` shows the same for people.',
    access: 'anybody',
    answers: [
      {
        status: 200,
        description: 'The description.',
        headers: ['ETag', 'Cache-Control'],
        contents: [{ type: json, schema: 'Description', examples: [] }],
      },
      alreadyThere,
    ],
    faults: [],
  },
  {
    path: '/reference',
    method: 'get',
    head: true,
    name: 'readReference',
    summary: 'This description as a page',
    description: 'Every endpoint, field and answer, with examples.',
    access: 'anybody',
    answers: [
      {
        status: 200,
        description: 'The page.',
        headers: ['ETag', 'Cache-Control'],
        contents: [{ type: 'text/html', examples: [] }],
      },
      alreadyThere,
    ],
    faults: [],
  },
]
