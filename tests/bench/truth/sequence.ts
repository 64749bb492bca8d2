import type { SendEvidence } from '../../../src/lib/model/send-evidence.ts'
import { daysOf } from './newsletter.ts'

const level = 0.05
/** Tightest after so many sends. */
const tightest = 10
const fewest = 5
const complete = 3

/**
 * Another way to confirm a winner of two texts that are in the same sends: the asymptotic confidence sequence
 * of the mean difference of the logarithms of their rates in a send (Waudby-Smith, Arbour, Sinha, Kennedy &
 * Ramdas 2024, theorem 2.2). It knows nothing of how sends differ but what they show, and waits until they are
 * complete.
 */
export function sequenceOf(
  sends: readonly SendEvidence[],
  now: number,
  day: number,
): { day: number; first: boolean } | undefined {
  const old = sends.filter(({ sent_at }) => daysOf(now - sent_at) > complete)
  const differences = [...Map.groupBy(old, ({ newsletter_send_id }) => newsletter_send_id).values()].flatMap(
    (parts) => {
      const [one, other] = parts.toSorted((a, b) => a.variation_id - b.variation_id)
      return one && other ? [logRate(one) - logRate(other)] : []
    },
  )
  const count = differences.length
  if (count < fewest) return undefined
  const mean = differences.reduce((sum, one) => sum + one, 0) / count
  const variance = differences.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (count - 1)
  const twice = -2 * Math.log(level)
  const scale = (twice + Math.log(twice + 1)) / tightest
  const width = Math.sqrt(
    ((2 * (count * scale + 1)) / (count ** 2 * scale)) * Math.log(Math.sqrt(count * scale + 1) / level),
  )
  return Math.abs(mean) > Math.sqrt(variance) * width ? { day, first: mean > 0 } : undefined
}

const logRate = ({ clickers, recipients }: SendEvidence): number =>
  Math.log((clickers + 0.5) / (recipients + 0.5))
