import { drawNormal, seeded } from '../../../src/lib/selection/draws.ts'
import { assess } from '../../../src/lib/stats/assess.ts'
import { aText, createNewsletter } from './newsletter.ts'
import type { Way } from './ways.ts'
import type { World } from './worlds.ts'

export type KindsAsked = {
  world: World
  way: Way
  /** Spread of texts within their offer that no attribute explains. */
  spread: number
  /** Whether a text's length and call to action follow its tone in three of four texts. */
  correlated: boolean
  /** What the tone "bright" does to a rate, as a factor. */
  effect: number
  days: number
}

export type KindsFound = {
  /** Rows that claim a difference although there is none, of all rows without a difference. */
  rows: { held: number; all: number }
  /** Whether any of them does. */
  page: boolean
  /** Whether the true effect was found. */
  found: boolean
}

const tones = ['bright', 'calm', 'dry']
const lengths = ['long', 'medium', 'short']
const calls = ['Buy', 'Go', 'Read']
const offers = 6
const perOffer = 6

/** Days of six offers with six texts each, sent in turn; what the page says of kinds of text then. */
export function kinds(
  { world, way, spread, correlated, effect, days }: KindsAsked,
  seed: number,
): KindsFound {
  const random = seeded(seed)
  const draw = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? null
  // As many texts of each tone.
  const dealt = Array.from({ length: offers * perOffer }, (_, text) => ({
    tone: tones[text % tones.length] ?? null,
    order: random(),
  })).toSorted((a, b) => a.order - b.order)
  const texts = Array.from({ length: offers }, (_, offer) => {
    const ofOffer = 0.02 * Math.exp(0.5 * drawNormal(random))
    return Array.from({ length: perOffer }, (_, text) => {
      const tone = dealt[offer * perOffer + text]?.tone ?? null
      const place = tones.indexOf(tone ?? '')
      const follows = () => correlated && random() < 0.75
      const rate = ofOffer * Math.exp(spread * drawNormal(random)) * (tone === 'bright' ? effect : 1)
      return {
        ...aText(offer + 1, offer * 10 + text, rate),
        tone,
        length_category: (follows() ? lengths[place] : draw(lengths)) ?? null,
        cta_text: (follows() ? calls[place] : draw(calls)) ?? null,
      }
    })
  }).flat()
  const newsletter = createNewsletter(world, random)
  const parts = way === 'segments' ? 4 : 1
  for (let day = 0; day < days; day += 1) {
    const chosen = texts
      .map((text) => ({ text, order: random() }))
      .toSorted((a, b) => a.order - b.order)
      .slice(0, parts)
      .map(({ text }) => ({ text, share: 1 / parts }))
    newsletter.send(day, chosen, 32_000)
  }
  const { attributes } = assess(
    { sends: newsletter.known((days + 5) * 24), variations: texts },
    newsletter.now((days + 5) * 24),
  )
  const rows = [
    ...attributes.tone.map((row) => ({ ...row, real: effect !== 1 })),
    ...[...attributes.length_category, ...attributes.cta_text].map((row) => ({ ...row, real: false })),
  ]
  const claims = ({ interval }: (typeof rows)[number]) =>
    interval !== null && (interval[0] > 1 || interval[1] < 1)
  const idle = rows.filter(({ real }) => !real)
  return {
    rows: { held: idle.filter(claims).length, all: idle.length },
    page: idle.some(claims),
    found: rows.some((row) => row.value === 'bright' && claims(row) && (row.lift ?? 1) > 1 === effect > 1),
  }
}
