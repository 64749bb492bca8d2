import type { Random } from '../base/random.ts'
import type { Basis, Decision } from '../store/decisions.ts'
import type { Appraised } from './appraise.ts'
import { packArms } from './basis.ts'
import { choose, type Question } from './choose.ts'

export type FreshDecision = Decision & { seed: number; basis: Basis }

type SegmentsQuestion = Appraised & Pick<Question, 'strategy' | 'floor'> & { random: Random }

/**
 * Chooses a different variation for each segment that has no decision yet. Ends early if there are no more variations.
 */
export function chooseSegments(
  { arms, strategy, floor, worth, forRevenue, random }: SegmentsQuestion,
  segments: number,
  standing: readonly Pick<Decision, 'segment' | 'variation_id'>[],
): FreshDecision[] {
  const taken = standing.map(({ variation_id }) => variation_id)
  const known = packArms(arms)
  const fresh: FreshDecision[] = []
  for (let segment = 1; segment <= segments; segment += 1) {
    if (standing.some((decision) => decision.segment === segment)) continue
    const seed = Math.floor(random() * 2 ** 32)
    const choice = choose({ arms, strategy, seed, taken, floor, worth })
    if (!choice) break
    const { offer_id, variation_id } = choice.arm
    fresh.push({
      segment,
      offer_id,
      variation_id,
      strategy,
      probability: choice.probability(),
      goal: worth ? 'revenue' : null,
      seed,
      basis: {
        by_weight: choice.floor,
        floor,
        taken: [...taken],
        ...known,
        ...(forRevenue && { goal: 'revenue' as const, worth: worth ?? null }),
      },
    })
    taken.push(variation_id)
  }
  return fresh
}
