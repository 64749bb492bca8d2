import type { Identity } from '../model/visitor.ts'
import { createFading, type Fading } from './fading.ts'

/** A visitor's click on a text, and when its newest send was (milliseconds since 1970), as far as it is known here. */
export type Approach = { visitor: Identity; variationId: number; sentAt: number; at: number }

/**
 * The visitor's place among those of the same address who have clicked the text since its newest send: already among
 * them, the next one, or beyond the limit.
 */
export type Standing = 'known' | 'newcomer' | 'crowded'

export type Crowds = {
  standingOf: (approach: Approach) => Standing
  /** Remembers a newcomer whose click counts. */
  admit: (approach: Approach) => void
  fade: Fading<unknown>['fade']
}

type CrowdedNetwork = { sentAt: number; visitors: Set<string> }

const mostCrowds = 100_000

/** The visitors of each address and text, of whom a limited number count as different people. */
export function createCrowds(visitorsPerAddress: number): Crowds {
  const crowds = createFading<CrowdedNetwork>(mostCrowds)
  const keyOf = ({ visitor, variationId }: Approach) => `${visitor.address} ${variationId}`
  const visitorsOf = (approach: Approach) => {
    const crowd = crowds.get(keyOf(approach), approach.at)
    return crowd?.sentAt === approach.sentAt ? crowd.visitors : undefined
  }
  return {
    fade: crowds.fade,
    standingOf(approach) {
      const visitors = visitorsOf(approach)
      if (visitors === undefined) return 'newcomer'
      if (visitors.has(approach.visitor.visitor)) return 'known'
      return visitors.size < visitorsPerAddress ? 'newcomer' : 'crowded'
    },
    admit(approach) {
      const visitors = visitorsOf(approach)
      if (visitors) visitors.add(approach.visitor.visitor)
      else {
        const crowd = { sentAt: approach.sentAt, visitors: new Set([approach.visitor.visitor]) }
        crowds.set(keyOf(approach), crowd, approach.at)
      }
    },
  }
}
