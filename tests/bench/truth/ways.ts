import type { Random } from '../../../src/lib/base/random.ts'
import { choose } from '../../../src/lib/selection/choose.ts'
import { weigh } from '../../../src/lib/selection/weigh.ts'
import { noRules } from '../simulate.ts'
import type { Newsletter, Text } from './newsletter.ts'

/** How a newsletter chooses, and into which parts it splits a send of so many texts. */
export const ways = ['weighted', 'thompson', 'segments', 'unequal'] as const
export type Way = (typeof ways)[number]

const partsOf = (way: Way, texts: number): number[] => {
  if (way === 'segments') return Array.from({ length: Math.min(4, texts) }, () => 1 / Math.min(4, texts))
  if (way === 'unequal') return texts < 4 ? [0.85, 0.15] : [0.85, 0.09, 0.04, 0.02]
  return [1]
}

export const floor = 0.05

/** Chooses the texts of a day's send, by the functions that `select-random` calls. */
export function chooseParts(
  newsletter: Newsletter,
  texts: readonly Text[],
  way: Way,
  day: number,
  random: Random,
): { text: Text; share: number }[] {
  const shares = partsOf(way, texts.length)
  const strategy = way === 'weighted' ? 'weighted' : 'thompson'
  const candidates = texts.map(({ offer_id, variation_id }) => ({
    offer_id,
    variation_id,
    weight: 1,
    link_slug: '',
    recipients: 0,
    human_clicks: 0,
  }))
  const all = {
    candidates,
    sends: way === 'weighted' ? [] : newsletter.known(day * 24),
    now: newsletter.now(day * 24),
    newsletter: newsletter.listOf(day),
  }
  const arms = weigh(all, strategy, shares.length, { ...noRules, floor })
  const taken: number[] = []
  return shares.flatMap((share) => {
    const seed = Math.floor(random() * 2 ** 32)
    const id = choose({ arms, strategy, seed, taken, floor })?.arm.variation_id
    const text = texts.find(({ variation_id }) => variation_id === id)
    if (!text) return []
    taken.push(text.variation_id)
    return { text, share }
  })
}
