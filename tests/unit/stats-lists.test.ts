import { describe, expect, test } from 'vitest'
import { arrived, curveOf } from '../../src/lib/stats/arrival.ts'
import { forNewsletter, type ListedSend } from '../../src/lib/stats/newsletters.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const aSend = (
  newsletter: string,
  variation_id: number,
  clickers: number,
  changes: Partial<ListedSend> = {},
): ListedSend => ({
  ...{ offer_id: 1, variation_id, newsletter, clickers, recipients: 8_000, age: 9 },
  newsletter_send_id: `${newsletter} ${variation_id} ${clickers}`,
  clickers_by: byMarks(clickers * 0.6, clickers * 0.9, clickers),
  ...changes,
})

const sends = [
  aSend('keen', 1, 310),
  aSend('keen', 1, 260),
  aSend('keen', 2, 420),
  aSend('keen', 3, 150, { newsletter_send_id: 'keen split' }),
  aSend('keen', 2, 190, { newsletter_send_id: 'keen split' }),
  aSend('calm', 1, 120),
  aSend('calm', 2, 260, { recipients: 12_000 }),
  aSend('calm', 3, 40),
  aSend('new', 1, 12, { recipients: 300, age: 0.4 }),
  // What was sent this moment has no recipients yet who could have clicked, whatever is said of it.
  aSend('new', 2, 30, { age: 0 }),
  aSend('odd', 3, 60, { recipients: 50 }),
]

const sum = <Row>(rows: readonly Row[], pick: (row: Row) => number) =>
  rows.reduce((total, row) => total + pick(row), 0)

/** How much more the readers of each list click, and texts among the same readers, by eight turns. */
function factorsOf(): Map<string, number> {
  const curve = curveOf(sends)
  const parts = sends
    .map((send) => ({
      ...send,
      n: send.recipients * arrived(send.age, curve).share,
      k: Math.min(send.clickers, send.recipients),
    }))
    .filter(({ n }) => n > 0)
  const factors = new Map(sends.map(({ newsletter }) => [newsletter, 1]))
  const factorOf = ({ newsletter }: ListedSend) => factors.get(newsletter) ?? 1
  for (let round = 0; round < 8; round += 1) {
    const pool = (1 + sum(parts, ({ k }) => k)) / (50 + sum(parts, (part) => part.n * factorOf(part)))
    const rateOf = (id: number) => {
      const own = parts.filter(({ variation_id }) => variation_id === id)
      return (4 + sum(own, ({ k }) => k)) / (4 / pool + sum(own, (part) => part.n * factorOf(part)))
    }
    const found = [...factors.keys()].map((list): [string, number] => {
      const own = parts
        .filter(({ newsletter }) => newsletter === list)
        .map(({ n, k, variation_id }) => ({ k, expected: n * rateOf(variation_id) }))
      // A day lets a send say as much as 1/0.09 clicks at the most.
      const worth = ({ expected }: { expected: number }) =>
        1 / (1 + 0.09 * expected * (factors.get(list) ?? 1))
      return [
        list,
        (4 + sum(own, (one) => worth(one) * one.k)) / (4 + sum(own, (one) => worth(one) * one.expected)),
      ]
    })
    for (const [list, factor] of found) factors.set(list, factor)
  }
  return factors
}

/** What a send says of its text: of a split one all clicks, since the other parts show its day. */
const worthOf = ({ clickers, newsletter_send_id }: ListedSend) =>
  newsletter_send_id === 'keen split' ? clickers : 1 / (1 / clickers + 0.09)

/** By how much the same text differs from list to list, by moments: each list beside all others. */
function tastes(factors: ReadonlyMap<string, number>): number {
  let [squares, weights] = [0.04 * 4, 4]
  for (const own of Map.groupBy(sends, ({ variation_id }) => variation_id).values()) {
    const lists = [...Map.groupBy(own, ({ newsletter }) => newsletter)].map(([list, listed]) => ({
      worth: sum(listed, worthOf),
      rate: Math.log(
        (sum(listed, ({ clickers }) => clickers) + 0.5) /
          (sum(listed, ({ recipients }) => recipients) * (factors.get(list) ?? 1) + 25),
      ),
    }))
    for (const one of lists) {
      const others = lists.filter((other) => other !== one)
      const worth = sum(others, (other) => other.worth)
      const mean = sum(others, (other) => (other.worth / worth) * other.rate)
      const noise = 1 / one.worth + 1 / worth
      const weight = 0.04 / (0.04 + noise) / lists.length
      squares += weight * (Math.min((one.rate - mean) ** 2, 6.25 * (noise + squares / weights)) - noise)
      weights += weight
    }
  }
  return Math.max(0.0025, squares / weights)
}

describe('sends of several lists', () => {
  const factors = factorsOf()

  test.each([undefined, 'keen', 'calm', 'odd', 'never sent'])(
    'count as if they had gone to the readers of %s',
    (list) => {
      const found = forNewsletter(sends, list)
      const reached = ({ recipients, newsletter }: ListedSend) => recipients * (factors.get(newsletter) ?? 1)
      const level =
        list === undefined
          ? sum(sends, reached) / sum(sends, (one) => one.recipients)
          : (factors.get(list) ?? 1)
      const differ = tastes(factors)
      for (const [place, send] of sends.entries()) {
        expect((found[place]?.recipients ?? 0) / (reached(send) / level)).toBeCloseTo(1, 9)
        const alien = list !== undefined && send.newsletter !== list
        const learned = sum(
          sends.filter(
            ({ newsletter, variation_id }) => newsletter !== list && variation_id === send.variation_id,
          ),
          worthOf,
        )
        expect((found[place]?.weight ?? 0) * (alien ? 1 + learned * differ : 1)).toBeCloseTo(1, 9)
      }
    },
  )

  test('differ for the better where readers click more', () => {
    expect((factors.get('keen') ?? 0) / (factors.get('calm') ?? 0)).toBeGreaterThan(1.8)
    expect(factors.get('new')).toBeGreaterThan(1)
  })

  test('of which a text got hardly a click say nothing of tastes', () => {
    const few = [aSend('a', 1, 1, { recipients: 40 }), aSend('b', 1, 900), aSend('c', 2, 0)]
    const alike = forNewsletter(few, 'a').map(({ weight }) => weight)
    // With nothing compared, what is believed before counts: 0.04.
    expect(alike[1]).toBeCloseTo(1 / (1 + 0.04 / (1 / 900 + 0.09)), 9)
    expect(alike[2]).toBe(1)
  })

  test('to nobody are as they are for all lists together', () => {
    const nobody = [aSend('a', 1, 0, { recipients: 0 }), aSend('b', 1, 0, { recipients: 0 })]
    expect(forNewsletter(nobody, undefined).map(({ recipients }) => recipients)).toEqual([0, 0])
  })

  test('of one list are its own, and of another list where it is asked for a new one', () => {
    const one = [aSend('a', 1, 100), aSend('a', 2, 200)]
    expect(forNewsletter(one, 'a')).toBe(one)
    expect(forNewsletter(one, undefined)).toBe(one)
    expect(forNewsletter(one, 'b').map(({ weight = 1 }) => weight < 0.8)).toEqual([true, true])
    expect(forNewsletter([], 'b')).toEqual([])
  })
})
