import { seeded } from '../../../src/lib/selection/draws.ts'
import { assess } from '../../../src/lib/stats/assess.ts'
import { aText, createNewsletter, listed } from './newsletter.ts'
import { sequenceOf } from './sequence.ts'
import { chooseParts, type Way } from './ways.ts'
import type { World } from './worlds.ts'

export type Contest = {
  world: World
  way: Way
  /** How many texts one offer has; the first is better by `lift`, 1 for equals. */
  texts: number
  lift: number
  /** Recipients a day, all parts together. */
  list: number
  days: number
  /** Whether to stop at the first confirmed winner. */
  stops: boolean
}

export type Told = {
  /** The first day on which a winner was confirmed, and whether it was the first text. */
  confirmed?: { day: number; first: boolean }
  /** The same by a confidence sequence of the difference of two texts a send; see `sequenceOf`. */
  sequence?: { day: number; first: boolean }
  /** Whether any text was ever called probably best. */
  probably: boolean
}

/** Looks on every day of the first two months, and on every fourth after that: false winners come early. */
const looksOn = (day: number): boolean => day <= 60 || day % 4 === 0

/** What is said of an offer's texts by one who looks daily. Texts of other offers are none. */
export function contest({ world, way, texts: count, lift, list, days, stops }: Contest, seed: number): Told {
  const random = seeded(seed)
  const texts = Array.from({ length: count }, (_, id) => aText(1, id + 1, 0.02 * (id === 0 ? lift : 1)))
  // Equals are equal with all readers.
  const newsletter = createNewsletter(
    world.lists ? { ...world, lists: { ...world.lists, spread: 0 } } : world,
    random,
  )
  const told: Told = { probably: false }
  for (let day = 0; day < days; day += 1) {
    newsletter.send(day, chooseParts(newsletter, texts, way, day, random), list)
    if (!looksOn(day + 1)) continue
    const hour = (day + 1) * 24
    const sends = newsletter.known(hour)
    const sequence = count === 2 && !told.sequence && sequenceOf(sends, newsletter.now(hour), day + 1)
    if (sequence) told.sequence = sequence
    const { variations } = assess({ sends, variations: texts }, newsletter.now(hour), listed(newsletter, day))
    for (const [id, { label }] of variations) {
      told.probably ||= label.code === 'probably_best'
      if (label.code !== 'confirmed_winner' || told.confirmed) continue
      told.confirmed = { day: day + 1, first: id === 1 }
      if (stops) return told
    }
  }
  return told
}
