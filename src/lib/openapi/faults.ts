import type { FaultCode } from '../http/answer.ts'

/** What each fault means to its caller. */
export const faultMeanings: Record<FaultCode, string> = {
  validation_error:
    'A parameter, a field or the `Host` is wrong; `details` names each, with the remedy. Mend it before the next try.',
  unauthorized: 'No token, or a wrong one; `message` says which is wanted.',
  forbidden: 'The token is whole, and meant for something else.',
  no_eligible_promo: 'No promo can be shown now.',
  not_found: 'There is no such endpoint.',
  method_not_allowed: 'Another method is wanted; `Allow` names it.',
  body_too_slow: 'The body did not arrive within ten seconds. The connection is closed.',
  event_id_reused: 'The `event_id` was used before for another event.',
  newsletter_differs: 'The send is of another newsletter. Nothing was changed.',
  conversion_differs: 'The conversion was told of another click or text. Nothing was changed.',
  body_too_large: 'The body has more bytes than allowed. The connection is closed.',
  unsupported_media_type: 'The body is not sent as `application/json`, or is compressed.',
  rate_limited: 'The address has used up its requests; try again after `Retry-After` seconds.',
  internal_error: 'A fault of the site; its log says more.',
  tracking_failed:
    'The event is not in the database. With `queued` true it is kept and will be recorded, so do not send it again; with `queued` false send it again later, unless `message` says otherwise.',
  database_unavailable: 'The database does not answer; try again in a minute.',
  keys_unavailable: 'The keys that tokens are checked with cannot be fetched; try again in a minute.',
  site_not_started: 'The promo tracking was not started with this site.',
}

const seconds = { type: 'integer', minimum: 1 }
const text = { type: 'string' }

type Header = { description: string; required: boolean; schema: object }

/** Headers that say more of a fault. */
export const faultHeaders: Partial<Record<FaultCode, Record<string, Header>>> = {
  unauthorized: {
    'WWW-Authenticate': { description: 'How to send a token: `Bearer`.', required: true, schema: text },
  },
  method_not_allowed: {
    Allow: { description: 'The method that is wanted.', required: true, schema: text },
  },
  unsupported_media_type: {
    'Accept-Encoding': {
      description: '`identity`, where the body was compressed.',
      required: false,
      schema: { const: 'identity' },
    },
  },
  rate_limited: {
    'Retry-After': { description: 'Seconds to wait.', required: true, schema: seconds },
  },
  keys_unavailable: {
    'Retry-After': { description: 'Seconds to wait.', required: false, schema: seconds },
  },
}
