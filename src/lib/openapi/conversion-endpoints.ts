import { postbackSchema } from '../conversions/postback.ts'
import { longestBody } from '../http/read.ts'
import { type EndpointDescription, guarded, limitOf, recorded } from './endpoint.ts'
import { aboutPostback } from './fields.ts'

/** Where what became of clicks is told. */
export const conversionEndpoints: readonly EndpointDescription[] = [
  {
    path: '/track-conversion',
    method: 'post',
    name: 'trackConversion',
    summary: 'Reports what became of a click',
    description: `A conversion is one of a click, or of a text and a send. The same \`external_id\` of the same \`source\` again changes status, amount and currency: the report that arrives last has the say. A conversion whose click is not known yet waits for it for seven days. ${limitOf('track-conversion')}`,
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
    summary: 'Takes a conversion from a network that only calls an address',
    description: `\`promo postback-secret SLUG\` prints the address for a link, whose parameters may have the network's own names. The same \`external_id\` again changes the conversion, as in \`track-conversion\`. Other parameters are kept nowhere. ${limitOf('postback')}`,
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
