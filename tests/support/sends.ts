import { curveOf } from '../../src/lib/stats/arrival.ts'
import { poolEvidence, type Send } from '../../src/lib/stats/evidence.ts'
import { spreadsOf } from '../../src/lib/stats/same-days.ts'
import { byMarks } from '../bench/newsletter-world.ts'

/** A complete send of a text: 200 clickers of 10,000 recipients. */
export const sent = (variation_id: number, name: string, changes: Partial<Send> = {}): Send => ({
  offer_id: 1,
  variation_id,
  newsletter_send_id: name,
  recipients: 10_000,
  clickers: 200,
  clickers_by: byMarks(140, 180, 200),
  age: 10,
  ...changes,
})

const usual = curveOf([])

/** What sends say of their texts, and how sure that is. */
export const spreadsIn = (sends: readonly Send[]) => {
  const pooled = poolEvidence(sends, usual)
  return { spreads: spreadsOf(pooled.sends), pooled }
}
