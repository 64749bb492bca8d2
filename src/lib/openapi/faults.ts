import type { FaultCode } from '../http/answer.ts'

/** What each fault means to its caller. */
export const faultMeanings: Record<FaultCode, string> = {
  validation_error:
    'A parameter, a field or the `Host` is not valid; `details` names each, with the remedy. Correct ' +
    'it before you retry.',
  unauthorized: 'No token, or a wrong one; `message` says which one is needed.',
  forbidden: 'The token is valid, but meant for something else.',
  no_eligible_promo: 'No promo can be shown now.',
  not_found: 'There is no such endpoint.',
  method_not_allowed: 'The method is not allowed; `Allow` names those that are.',
  body_too_slow: 'The body did not arrive within ten seconds. The connection is closed.',
  event_id_reused: 'The `event_id` was used before for another event.',
  newsletter_differs: 'The send belongs to another newsletter. Nothing was changed.',
  conversion_differs: 'The conversion was reported before for another click or text. Nothing was changed.',
  body_too_large: 'The body has more bytes than allowed. The connection is closed.',
  unsupported_media_type: 'The body is not `application/json`, or is compressed.',
  rate_limited: 'Too many requests from this address; try again after `Retry-After` seconds.',
  internal_error: 'An error of the site; its log says more.',
  tracking_failed:
    'The event is not in the database. With `queued` true it is kept and will be recorded, so do not ' +
    'send it again; with `queued` false send it again later, unless `message` says otherwise.',
  database_unavailable: 'The database does not answer; try again in a minute.',
  keys_unavailable: 'The keys for checking tokens cannot be fetched; try again in a minute.',
  site_not_started: 'The promo tracking was not started with this site.',
}

const seconds = { type: 'integer', minimum: 1 }
const text = { type: 'string' }

type Header = { description: string; required: boolean; schema: object }

/** Headers that come with a fault. */
export const faultHeaders: Partial<Record<FaultCode, Record<string, Header>>> = {
  unauthorized: {
    'WWW-Authenticate': { description: 'How to send a token: `Bearer`.', required: true, schema: text },
  },
  method_not_allowed: {
    Allow: { description: 'The method that is allowed.', required: true, schema: text },
  },
  unsupported_media_type: {
    'Accept-Encoding': {
      description: '`identity`, if the body was compressed.',
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
