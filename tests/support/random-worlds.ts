import fc from 'fast-check'
import { seeded } from '../../src/lib/selection/draws.ts'
import { drawBinomial } from '../bench/newsletter-world.ts'

/** What people and machines did with one text of a send, by hours since; the n-th entry is that of the n-th span. */
export type WorldPart = {
  id: number
  send: string
  newsletter: string
  text: number
  offer: number
  /** Hours before now. */
  age: number
  recipients: number
  people: number[]
  /** Of all clicks that came, in the first hour. */
  machines: number
  repeats: number
  /** Of people's clicks, those with a weak sign. */
  uncertain: number
  /** Of the people, those behind one address. */
  crowd: number
}

export type World = {
  offers: { id: number; name: string; active: boolean }[]
  texts: {
    id: number
    offer: number
    content: string
    approved: boolean
    tone: string | null
    length: string | null
    cta: string | null
  }[]
  parts: WorldPart[]
}

/** Hours after which the n-th span of clicks begins. */
export const spans = [0, 1, 2, 3, 6, 12, 24, 48, 72, 168] as const
const arriving = [0.2, 0.13, 0.1, 0.17, 0.16, 0.1, 0.07, 0.04, 0.02, 0.01]

const names = ['Course - learn', 'Course - build', 'Desk: quiet', 'Plain', 'Fresh']

type Size = { most: number; recipients: fc.Arbitrary<number>; sends: number }

const weighed = <Value>(...values: [weight: number, value: Value][]) =>
  fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

const text = fc.record({
  offer: weighed([5, 1], [2, 2], [1, 3]),
  rate: weighed([1, 0], [2, 0.004], [4, 0.02], [4, 0.03], [3, 0.06], [1, 0.3], [1, 0.9]),
  approved: weighed([6, true], [1, false]),
  tone: fc.constantFrom('friendly', 'urgent', null),
  length: fc.constantFrom('short', 'long'),
  cta: fc.constantFrom('Go →', 'Start', null),
})

const oddities = weighed(
  [14, 'none'],
  [1, 'missing'],
  [1, 'tenth'],
  [1, 'tenfold'],
  [1, 'machines'],
  [1, 'crowd'],
  [1, 'viral'],
  [1, 'no clicks'],
)

const sendOf = ({ recipients }: Size) =>
  fc.record({
    age: fc.oneof(
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 7 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 100 }) },
      { weight: 6, arbitrary: fc.integer({ min: 73, max: 24 * 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: 24 * 40, max: 24 * 400 }) },
    ),
    newsletter: weighed([5, ''], [2, 'daily'], [1, 'weekly']),
    texts: fc.uniqueArray(weighed([4, 0], [4, 1], [2, 2], [1, 3], [1, 4], [1, 5]), {
      minLength: 1,
      maxLength: 4,
    }),
    recipients,
    shares: fc.constantFrom('equal', 'unequal'),
    odd: oddities,
  })

/**
 * Newsletters as they might be, and worse: few clicks, sends of this hour, of parts, of lists and with wrong
 * recipients, machines, crowds, texts and offers out of use. Chance follows the seed that is among the values.
 */
export const randomWorld = (size: Size): fc.Arbitrary<World> =>
  fc
    .record({
      seed: fc.nat(),
      offers: fc.array(fc.record({ active: weighed([5, true], [1, false]), name: fc.nat({ max: 4 }) }), {
        minLength: 3,
        maxLength: 3,
      }),
      texts: fc.array(text, { minLength: 1, maxLength: 6 }),
      sends: fc.oneof(
        fc.array(sendOf(size), { maxLength: size.sends }),
        fc.array(sendOf(size), { minLength: size.sends / 2, maxLength: size.sends }),
      ),
      lists: fc.boolean(),
    })
    .map(({ seed, offers, texts, sends, lists }): World => {
      const random = seeded(seed)
      let id = 0
      return {
        offers: offers.map(({ active, name }, place) => ({
          id: place + 1,
          name: `${names[name]} ${place}`,
          active,
        })),
        texts: texts.map(({ rate, ...own }, place) => ({
          ...own,
          id: place + 11,
          content: `Text ${place}, ${'word '.repeat(place * 4)}end`,
        })),
        parts: sends.flatMap(({ newsletter, texts: asked, age, odd, recipients, shares }, place) => {
          const used = asked.flatMap((one) => (texts[one] ? [one] : []))
          const day = Math.exp(0.25 * (random() + random() + random() - 1.5) * 2) * (odd === 'viral' ? 5 : 1)
          return used.map((one, part): WorldPart => {
            id += 1
            const share =
              shares === 'equal' ? 1 / used.length : part === 0 ? 0.7 : 0.3 / (used.length - 1 || 1)
            const sent = Math.round(recipients * share)
            const rate = odd === 'no clicks' ? 0 : Math.min(0.95, (texts[one]?.rate ?? 0) * day)
            const come = Math.min(size.most, drawBinomial(sent, rate, random))
            let left = come
            let before = 0
            const people = spans.map((start, span) => {
              const end = spans[span + 1] ?? 400
              const now = drawBinomial(left, (arriving[span] ?? 0) / (1 - before), random)
              before += arriving[span] ?? 0
              left -= now
              return start > age || (end > age && age - start < 0.5) ? 0 : now
            })
            const machines =
              odd === 'machines' ? Math.min(size.most, 10 + 3 * come) : Math.round(come * 0.1 * random())
            return {
              id,
              send: `send ${place}`,
              newsletter: lists ? newsletter : '',
              text: one + 11,
              offer: texts[one]?.offer ?? 1,
              age,
              recipients:
                odd === 'missing'
                  ? 1
                  : odd === 'tenth'
                    ? Math.ceil(sent / 10)
                    : odd === 'tenfold'
                      ? sent * 10
                      : sent,
              people,
              machines,
              repeats: Math.round(come * 0.2 * random()),
              uncertain: Math.round(
                people.reduce((sum, now) => sum + now, 0) * (odd === 'machines' ? 0.7 : 0.05 * random()),
              ),
              crowd: odd === 'crowd' ? Math.round((people[0] ?? 0) * 0.6) : 0,
            }
          })
        }),
      }
    })
