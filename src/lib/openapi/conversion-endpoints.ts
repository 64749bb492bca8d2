import { postbackSchema } from '../conversions/postback.ts'
import { longestBody } from '../http/read.ts'
import { type EndpointDescription, guarded, limitOf, recorded } from './endpoint.ts'
import { aboutPostback } from './fields.ts'

/** The endpoints that conversions are reported to. */
export const conversionEndpoints: readonly EndpointDescription[] = [
  {
    path: '/track-conversion',
    method: 'post',
    name: 'trackConversion',
    summary: 'Reports what a click led to',
    description:
      'A conversion belongs to a click, or to a text and a send. Repeating an `external_id` of the ' +
      'same `source` changes status, amount and currency: the report that arrives last wins. A ' +
      'conversion whose click is not known yet waits for it for seven days. ' +
      limitOf('track-conversion'),
    access: 'ingest',
    limit: 'track-conversion',
    body: { schema: 'Conversion', most: longestBody, examples: ['conversion'] },
    answers: [recorded],
    faults: [
      ...guarded,
      'validation_error',
      'conversion_differs',
      'unsupported_media_type',
      'tracking_failed',
    ],
  },
  {
    path: '/postback',
    method: 'get',
    name: 'takePostback',
    summary: 'Takes a conversion from a network that can only call a URL',
    description:
      '`promo postback-secret SLUG` prints the address for a link; its parameters may have the ' +
      "network's own names. Repeating an `external_id` changes the conversion, as in " +
      `\`track-conversion\`. Other parameters are not stored. ${limitOf('postback')}`,
    access: 'anybody',
    limit: 'postback',
    query: { schema: postbackSchema, about: aboutPostback },
    answers: [
      {
        status: 200,
        description: 'The conversion is committed.',
        contents: [{ type: 'text/plain', examples: ['taken'] }],
      },
    ],
    faults: [...guarded, 'validation_error', 'conversion_differs', 'tracking_failed', 'database_unavailable'],
  },
]
