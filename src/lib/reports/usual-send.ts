import { sumOf } from '../base/sum.ts'
import type { SendEvidence } from '../model/send-evidence.ts'
import type { UsualSend } from '../model/usual-send.ts'
import { roundTo } from '../stats/rounding.ts'
import { complete } from '../wording/words.ts'

/** Lists grow and shrink: so many sends show what is usual now, and a test among them changes little. */
const newest = 30
/** The prior's clickers and recipients, as in selection-and-statistics, "Evidence". */
const [priorClickers, priorRecipients] = [4, 200]

type Counted = Pick<SendEvidence, 'newsletter_send_id' | 'sent_at' | 'recipients' | 'clickers'>

const recipientsOf = ({ recipients }: Counted): number => recipients
const clickersOf = ({ clickers }: Counted): number => clickers

/**
 * What a send of a text has on average; nothing if none reached anybody. `sends` are in the order of their time, and
 * `now` is in milliseconds since 1970.
 */
export function usualSendOf(sends: readonly Counted[], now: number): UsualSend | undefined {
  const all = Map.groupBy(
    sends.filter(({ recipients }) => recipients > 0),
    ({ newsletter_send_id }) => newsletter_send_id,
  )
  const together = [...all.values()].slice(-newest)
  const parts = together.flat()
  if (parts.length === 0) return undefined
  const older = parts.filter(({ sent_at }) => now - sent_at >= complete)
  const rate = (sumOf(older, clickersOf) + priorClickers) / (sumOf(older, recipientsOf) + priorRecipients)
  const recipients = sumOf(parts, recipientsOf) / parts.length
  const soFar = sumOf(parts, clickersOf) / parts.length
  return {
    texts: roundTo(2, parts.length / together.length),
    recipients: roundTo(2, recipients),
    clickers: roundTo(2, Math.max(soFar, recipients * Math.min(1, rate))),
  }
}
