import { arrived, type Curve } from './arrival.ts'
import { at, lookUp } from './at.ts'
import { furthest, logit } from './bursts.ts'

/** Clickers so far, all and by each of `marks`. */
type ClickersSoFar = { clickers: number; clickers_by: readonly number[] }

/** A send, or a part of one; its age is in days. */
type PartSoFar = ClickersSoFar & { age: number }

/** Those of a send who came as people do, and the variance of the logarithm of their number on that account. */
export type People = { clickers: number; unsure: number }

/** Before this many days have passed, the rest of the clicks do not distinguish a burst from an early hour. */
const earliest = 3 / 24

/**
 * Machines ask within minutes of delivery. Of a send of which far too many clickers came in the first hour, how
 * many there would be by those who came later. Who the others were is not known: half of the distance is a
 * standard deviation. Parts of a send have the same machines at their recipients, and what all of them show
 * (`whole`) goes for each: a small part alone could not tell.
 */
export function peopleOf(part: PartSoFar, whole: ClickersSoFar, curve: Curve): People {
  const { age, clickers, clickers_by } = part
  if (age < earliest || clickers === 0) return { clickers, unsure: 0 }
  const share = at(curve.shares, 0) / arrived(age, curve).share
  if (!isBurst(whole, share, curve) && (whole === part || !isBurst(part, share, curve)))
    return { clickers, unsure: 0 }
  const people = Math.min(clickers, (clickers - at(clickers_by, 0) + 0.5) / (1 - share))
  return {
    clickers: people,
    unsure: (Math.log(clickers / people) / 2) ** 2 + share ** 2 * curve.variance,
  }
}

/**
 * Whether far more have come in the first hour than the share that is usual by now, and than in any ordinary send of
 * the site: its readers may all be fast, and what nobody knows yet is not unusual.
 */
function isBurst({ clickers, clickers_by }: ClickersSoFar, share: number, curve: Curve): boolean {
  const first = at(clickers_by, 0)
  if (first <= share * clickers) return false
  const noiseAt = (part: number) => 1 / (clickers * part * (1 - part))
  const off = logit(first + 0.5, clickers + 1) - logit(share, 1)
  const ordinary = curve.highest - logit(at(curve.shares, 0), 1)
  const most = 1 / (1 + Math.exp(-ordinary) * (1 / share - 1))
  return (
    off >= furthest * Math.sqrt(curve.variance + noiseAt(share)) && off > ordinary + Math.sqrt(noiseAt(most))
  )
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
