export type Endpoint =
  | 'track-impression'
  | 'track-click'
  | 'track-conversion'
  | 'postback'
  | 'select-random'
  | 'links/changed'
  | 'metrics'
  | 'analytics'

/** Requests per minute from one address, by endpoint. */
export const requestsPerMinute = {
  'track-impression': 200,
  'track-click': 500,
  'track-conversion': 500,
  postback: 600,
  'select-random': 100,
  'links/changed': 600,
  metrics: 100,
  analytics: 60,
} as const satisfies Record<Endpoint, number>
