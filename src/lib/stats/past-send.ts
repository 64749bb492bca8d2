import type { Crowd, Signs } from '../model/send-evidence.ts'
import type { Send } from './evidence.ts'

/** A newsletter's send of a variation; a send in segments is several of them with one name. */
export type PastSend = Omit<Send, 'age'> & {
  newsletter_send_id: string
  /** Which list it went to; empty for the one without a name. */
  newsletter: string
  /** Milliseconds since 1970. */
  sent_at: number
  /** What of it came from crowded addresses; null for nothing. */
  crowd?: Crowd | null
  /** Weak signs of machines on it; null for none. */
  signs?: Signs | null
}
