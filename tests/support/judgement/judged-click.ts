import type { Click } from '../../../src/lib/model/event.ts'

/** What the final judgement needs to know about a click. */
export type JudgedClick = Pick<
  Click,
  | 'event_id'
  | 'at'
  | 'variation_id'
  | 'ip_hash'
  | 'address_hash'
  | 'user_agent'
  | 'verdict'
  | 'reason'
  | 'sign'
>
