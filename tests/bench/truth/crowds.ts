import type { Random } from '../../../src/lib/base/random.ts'
import { crowdVisits } from '../../../src/lib/classify/judge.ts'
import { drawBinomial } from '../newsletter-world.ts'
import type { World } from './worlds.ts'

/** What came of a part of a send at addresses that many people share, as settling counts it. */
export type CrowdOfPart = {
  addresses: number
  visits: number
  largest: number
  human: number
  /** Clickers at shared addresses, and those of them at addresses known as crowded. */
  clickers: number
  crowd: number
}

type Visited = { part: CrowdOfPart; visits: number; human: number; clickers: number }
type Address = {
  share: number
  browsers: readonly number[]
  month: number
  visited: Visited[]
  further: number
}

/** So many visits of a person come some time after the first one. */
export const comesAgain = 0.15
const countedOfOne = 5
const relays = 30
const month = 30

/**
 * Thirty relays that all readers reach with one browser, or companies of 25 to 500 of the list with twelve
 * kinds of it. Of an address five visitors count; one with enough visits in a month is crowded, and what came
 * of it before moves.
 */
export function createCrowds({ behind }: World, list: number, random: Random) {
  const addresses: Address[] = []
  const add = (share: number, browsers: readonly number[]) =>
    addresses.push({ share, browsers, month: -1, visited: [], further: 0 })
  if (behind?.addresses === 'relays')
    for (let one = 0; one < relays; one += 1) add(behind.share / relays, [1])
  if (behind?.addresses === 'companies')
    for (let left = behind.share * list; left > 0; ) {
      const size = Math.min(left, Math.exp(Math.log(25) + random() * Math.log(20)))
      left -= size
      add(
        size / list,
        Array.from({ length: 12 }, (_, kind) => 0.75 ** kind),
      )
    }

  function visit(address: Address, day: number, people: number, part: CrowdOfPart): void {
    if (people === 0) return
    const now = Math.floor(day / month)
    if (address.month !== now) Object.assign(address, { month: now, visited: [], further: 0 })
    const known = address.further >= crowdVisits
    const visited = { part, ...visitsOf(address, people, random) }
    address.further += visited.visits - 1
    address.visited.push(visited)
    part.clickers += visited.clickers
    if (known) count(visited)
    else if (address.further >= crowdVisits) for (const earlier of address.visited) count(earlier)
  }

  /** Draws who of a part of so many recipients clicks there. */
  return (day: number, size: number, rate: number): CrowdOfPart => {
    const part = { addresses: 0, visits: 0, largest: 0, human: 0, clickers: 0, crowd: 0 }
    for (const address of addresses) {
      const readers = address.share * size
      const whole = Math.floor(readers) + Number(random() < readers % 1)
      visit(address, day, drawBinomial(whole, rate, random), part)
    }
    return part
  }
}

function count({ part, visits, human, clickers }: Visited): void {
  part.addresses += 1
  part.visits += visits
  part.human += human
  part.largest = Math.max(part.largest, visits)
  part.crowd += clickers
}

function visitsOf({ browsers }: Address, people: number, random: Random): Omit<Visited, 'part'> {
  const all = browsers.reduce((sum, weight) => sum + weight, 0)
  const kinds = new Set<number>()
  const sums = { visits: 0, human: 0, clickers: 0 }
  for (let person = 0; person < people; person += 1) {
    let place = random() * all
    const kind = browsers.findIndex((weight) => {
      place -= weight
      return place < 0
    })
    const visits = 1 + Number(random() < comesAgain)
    const counts = kinds.has(kind) || kinds.size < countedOfOne
    if (counts) kinds.add(kind)
    sums.visits += visits
    sums.human += counts ? visits : 0
  }
  return { ...sums, clickers: kinds.size }
}
