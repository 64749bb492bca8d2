import { arrived, type Curve } from './arrival.ts'
import { at, lookUp } from './at.ts'
import { chanceOfBurst } from './bursts.ts'

/** Clickers so far, all and by each of `marks`. */
type ClickersSoFar = { clickers: number; clickers_by: readonly number[] }

/** A send, or a part of one; its age is in days. */
type PartSoFar = ClickersSoFar & { age: number }

/** Those of a send who came as people do, and the variance of the logarithm of their number on that account. */
export type People = { clickers: number; unsure: number }

/** Before this many days have passed, the rest of the clicks do not distinguish a burst from an early hour. */
const earliest = 3 / 24

/**
 * Machines ask within minutes of delivery. If a send has a burst, those who came later show how many people there were,
 * and who the others were is not known: half of the distance is a standard deviation. Otherwise all were people. Both
 * count by their chance. Parts of a send have the same machines at their recipients, and what all of them show
 * (`whole`) goes for each: a small part alone could not tell.
 */
export function peopleOf(part: PartSoFar, whole: ClickersSoFar, curve: Curve): People {
  const { age, clickers, clickers_by } = part
  const { first } = curve
  if (age < earliest || clickers === 0 || !first) return { clickers, unsure: 0 }
  const { share: come } = arrived(age, curve)
  const chanceOf = (one: ClickersSoFar) =>
    chanceOfBurst({ first: at(one.clickers_by, 0), all: one.clickers }, first, come)
  const chance = whole === part ? chanceOf(part) : Math.max(chanceOf(whole), chanceOf(part))
  if (chance === 0) return { clickers, unsure: 0 }
  const share = at(curve.shares, 0) / come
  const people = Math.min(clickers, (clickers - at(clickers_by, 0)) / (1 - share))
  const distance = Math.log((clickers + 0.5) / (people + 0.5))
  return {
    clickers: clickers - chance * (clickers - people),
    unsure: chance * ((1 - chance + 1 / 4) * distance ** 2 + share ** 2 * curve.variance),
  }
}

/** Answers how to look up what all parts of a send had together. */
export function wholeSends<Part extends ClickersSoFar & { newsletter_send_id: string }>(
  parts: readonly Part[],
): (part: Part) => ClickersSoFar {
  const wholes = new Map<string, ClickersSoFar>()
  for (const part of parts) {
    const known = wholes.get(part.newsletter_send_id)
    wholes.set(part.newsletter_send_id, known ? addUp(known, part) : part)
  }
  return (part) => lookUp<string, ClickersSoFar>(wholes, part.newsletter_send_id, part)
}

const addUp = (one: ClickersSoFar, other: ClickersSoFar): ClickersSoFar => ({
  clickers: one.clickers + other.clickers,
  clickers_by: one.clickers_by.map((by, mark) => by + at(other.clickers_by, mark)),
})
