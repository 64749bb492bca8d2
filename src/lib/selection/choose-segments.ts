import type { Random } from '../base/random.ts'
import type { Basis, Decision } from '../store/decisions.ts'
import { packArms } from './basis.ts'
import { choose, type Question } from './choose.ts'

export type FreshDecision = Decision & { seed: number; basis: Basis }

/**
 * Chooses for each segment that has no decision yet, one after the other; each gets another variation. Ends early where
 * there are no more variations.
 */
export function chooseSegments(
  { arms, strategy, floor, random }: Pick<Question, 'arms' | 'strategy' | 'floor'> & { random: Random },
  segments: number,
  standing: readonly Pick<Decision, 'segment' | 'variation_id'>[],
): FreshDecision[] {
  const taken = standing.map(({ variation_id }) => variation_id)
  const known = packArms(arms)
  const fresh: FreshDecision[] = []
  for (let segment = 1; segment <= segments; segment += 1) {
    if (standing.some((decision) => decision.segment === segment)) continue
    const seed = Math.floor(random() * 2 ** 32)
    const choice = choose({ arms, strategy, seed, taken, floor })
    if (!choice) break
    const { offer_id, variation_id } = choice.arm
    fresh.push({
      segment,
      offer_id,
      variation_id,
      strategy,
      probability: choice.probability(),
      seed,
      basis: { by_weight: choice.floor, floor, taken: [...taken], ...known },
    })
    taken.push(variation_id)
  }
  return fresh
}
