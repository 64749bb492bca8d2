import { crowdVisits } from '../../src/lib/classify/judge.ts'

/** A visit of an address to a text in a send, `part`: a human click, or one of a visitor beyond those who count. */
export type Visit = { address: string; part: string; human: boolean }

export type CrowdOfPart = { addresses: number; visits: number; largest: number; human: number }

/**
 * The addresses that are crowded by all their visits, in whatever order these came, and what came of each part
 * there.
 */
export function recountCrowds(visits: readonly Visit[]) {
  const crowds = new Set<string>()
  const parts = new Map<string, CrowdOfPart>()
  for (const [address, own] of Map.groupBy(visits, (visit) => visit.address)) {
    const byPart = Map.groupBy(own, ({ part }) => part)
    if (own.length - byPart.size < crowdVisits) continue
    crowds.add(address)
    for (const [part, there] of byPart) {
      const { addresses, visits, largest, human } = parts.get(part) ?? none
      parts.set(part, {
        addresses: addresses + 1,
        visits: visits + there.length,
        largest: Math.max(largest, there.length),
        human: human + there.filter((visit) => visit.human).length,
      })
    }
  }
  return { crowds, parts }
}

const none: CrowdOfPart = { addresses: 0, visits: 0, largest: 0, human: 0 }
