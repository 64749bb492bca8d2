import { expect, test } from 'vitest'
import { seeded } from '../../src/lib/selection/draws.ts'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { type Send, sortSends } from '../../src/lib/stats/parts.ts'
import { doubt } from '../../src/lib/stats/robust.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const send = (
  variation_id: number,
  age: number,
  recipients: number,
  clickers: number,
  name?: string,
): Send => ({
  ...{ offer_id: 1, variation_id, recipients, clickers, age },
  newsletter_send_id: name ?? `${variation_id} ${age}`,
  clickers_by: byMarks(clickers * 0.7, clickers * 0.9, clickers),
})
/** A month of sends of two texts, 2 % of 5,000 each day. */
const usual = Array.from({ length: 30 }, (_, day) => send(1 + (day % 2), 40 - day, 5_000, 95 + (day % 3) * 5))
const sorted = (...odd: Send[]) => {
  const all = [...usual, ...odd].toSorted((one, other) => other.age - one.age)
  const { counted, doubted } = sortSends(all, curveOf(all))
  return {
    counted: odd.map((one) => counted.some((part) => part.send === one)),
    doubted: doubted.map(({ send: { variation_id }, factor, usual }) => [
      variation_id,
      Number(factor.toFixed(1)),
      usual,
    ]),
  }
}

test('a first send that is reported with ten times its recipients is left out', () => {
  expect(sorted(send(3, 20.5, 50_000, 100))).toEqual({ counted: [false], doubted: [[3, 0.1, 5_000]] })
  // Four times as many explain most of a tenth of the rate.
  expect(sorted(send(3, 20.5, 20_000, 40)).counted).toEqual([false])
  expect(sorted(send(3, 20.5, 500, 100))).toEqual({ counted: [false], doubted: [[3, 9.6, 5_000]] })
  expect(sorted(send(3, 20.5, 50_000, 100), send(3, 10.5, 5_000, 100)).counted).toEqual([false, true])
})

test('a new text may be far better or worse than others, and go to fewer or more', () => {
  for (const one of [
    send(3, 20.5, 5_000, 8),
    send(3, 20.5, 5_000, 900),
    send(3, 20.5, 50_000, 1_000),
    send(3, 20.5, 500, 10),
    send(3, 20.5, 500, 2),
    send(3, 20.5, 15_000, 110),
  ])
    expect(sorted(one)).toEqual({ counted: [true], doubted: [] })
})

test('a part with ten times the recipients of all others is left out, unless that size comes back', () => {
  const split = (sizes: readonly number[], wrong: number) => {
    const all = Array.from({ length: 40 }, (_, day) =>
      sizes.map((size, place) => send(1 + place, 60 - day, size, size / 50, `${day}`)),
    ).flat()
    const odd = send(9, 40, wrong, 100, 'odd')
    const inOrder = [...all, send(1, 40, sizes[0] ?? 0, (sizes[0] ?? 0) / 50, 'odd'), odd].toSorted(
      (one, other) => other.age - one.age,
    )
    return sortSends(inOrder, curveOf(inOrder)).doubted.map(({ send: { variation_id } }) => variation_id)
  }
  expect(split([5_000, 5_000, 5_000, 5_000], 50_000)).toEqual([9])
  expect(split([5_000, 50_000], 50_000)).toEqual([])
})

test('parts of a split send may have any size, and few sends have no usual one', () => {
  const parts = [send(3, 20.5, 50_000, 100, 'split'), send(4, 20.5, 5_000, 100, 'split')]
  expect(sorted(...parts).counted).toEqual([true, true])
  const few = [send(1, 9, 5_000, 100), send(2, 8, 5_000, 100), send(3, 7, 50_000, 100)]
  expect(sortSends(few, curveOf(few)).counted).toHaveLength(3)
})

test('a send that is doubted is left out, or counts for less', () => {
  // Among these are some in which new texts have odd numbers of recipients.
  const runs = [53, 202, 241, ...Array.from({ length: 100 }, (_, run) => run)]
  let kept = 0
  for (const run of runs) {
    const random = seeded(run)
    const [wide, single] = [random() * 5, random()]
    const all = Array.from({ length: 8 + Math.floor(20 * random()) }, (_, day) =>
      Array.from({ length: random() < single ? 1 : 4 }, (__, place) => {
        const recipients = Math.ceil(20_000 * random() ** wide) + 50
        const rate = 0.02 * (random() < 0.3 ? 8 ** (2 * random() - 1) : 1)
        const text = 1 + place + 4 * Math.floor(9 * random())
        return send(text, 60 - day, recipients, Math.round(rate * recipients), `${day}`)
      }),
    ).flat()
    for (const { doubted, extraOwn, extraOfSend } of sortSends(all, curveOf(all)).counted) {
      if (!doubted) continue
      kept += 1
      expect(extraOwn + extraOfSend).toBeGreaterThan(0)
    }
  }
  expect(kept).toBeGreaterThan(100)
})

test('a text has a rate of its own from three sends on, and a site knows what is usual from five sends on', () => {
  const large = (count: number) =>
    sorted(...Array.from({ length: count }, (_, place) => send(3, 20.5 - place, 50_000, 100))).counted
  expect([large(2), large(3)]).toEqual([
    [false, false],
    [true, true, true],
  ])
  const all = (count: number) => {
    const sends = [
      ...Array.from({ length: count - 1 }, (_, day) => send(1 + (day % 2), 30 - day, 5_000, 100)),
      send(3, 5, 50_000, 100),
    ]
    return sortSends(sends, curveOf(sends)).counted.length
  }
  expect([all(4), all(5)]).toEqual([4, 4])
})

test('a new text is compared with the sends around it, when a list has grown', () => {
  const grown = Array.from({ length: 60 }, (_, day) => {
    const recipients = day < 30 ? 1_000 : 20_000
    return send(1 + (day % 2), 90 - day, recipients, recipients / 50)
  })
  const judged = (one: Send) => {
    const all = [...grown, one].toSorted((first, second) => second.age - first.age)
    return sortSends(all, curveOf(all)).counted.some(({ send: counted }) => counted === one)
  }
  // What is usual for one of the two times is ten and more times what is usual for the other.
  expect(judged(send(3, 80.5, 10_000, 20))).toBe(false)
  expect(judged(send(3, 80.5, 1_000, 2))).toBe(true)
  expect(judged(send(3, 40.5, 2_000, 400))).toBe(false)
  expect(judged(send(3, 40.5, 20_000, 4_000))).toBe(true)
  // The first one to the larger list has as many sends of either size around it, and is one of the larger.
  expect(judged(send(3, 60.5, 20_000, 40))).toBe(true)
  expect(judged(send(3, 60.5, 1_000, 2))).toBe(true)
})

test('what is usual for a send is what is usual for its list, whatever the size of others', () => {
  const small = Array.from({ length: 60 }, (_, half) => ({
    ...send(4, 40.25 - half / 2, 40, 1),
    newsletter: 'club',
  }))
  const among = (...odd: Send[]) => {
    const all = [...usual, ...small, ...odd].toSorted((one, other) => other.age - one.age)
    return sortSends(all, curveOf(all)).doubted.map(({ usual, counted }) => [usual, counted])
  }
  // Nobody clicked, as if far more had been reported than the other list has.
  expect(among(send(1, 20.5, 5_000, 0))).toEqual([[5_000, 1]])
  expect(among(send(3, 20.5, 5_000, 0))).toEqual([])
  expect(among(send(3, 20.5, 500, 100))).toEqual([[5_000, 0]])
  expect(among(send(3, 20.5, 50, 100))).toEqual([[5_000, 0]])
  expect(among({ ...send(3, 20.5, 40, 100), newsletter: 'club' })).toEqual([[40, 0]])
})

test('a late report with the usual recipients has no wrong ones, though fewer are counted with', () => {
  const late = { ...send(1, 20.5, 5_000, 150), missed: 2, recipients: 2_500 }
  const all = [...usual, late].toSorted((one, other) => other.age - one.age)
  expect(sortSends(all, curveOf(all)).doubted).toMatchObject([{ send: late, counted: 1, usual: 5_000 }])
  const wrong = { ...send(1, 20.5, 500, 150), missed: 2, recipients: 250 }
  const other = [...usual, wrong].toSorted((one, next) => next.age - one.age)
  expect(sortSends(other, curveOf(other)).doubted).toMatchObject([{ send: wrong, counted: 0 }])
})

test('a size of parts is meant where three of four split sends have it, but not where two of three have', () => {
  const split = (sizes: readonly number[]) => {
    const parts = sizes.flatMap((size, place) => [
      send(1, 20.5 - place, 5_000, 100, `${place}`),
      send(3 + place, 20.5 - place, size, 100, `${place}`),
    ])
    return sorted(...parts).doubted.map(([variation_id]) => variation_id)
  }
  expect(split([50_000, 50_000, 5_000, 50_000])).toEqual([])
  expect(split([50_000, 5_000, 50_000])).toEqual([3, 5])
})

test('what is doubted for another reason has a variance of its own as large as its distance', () => {
  const [part] = sortSends(usual, curveOf(usual)).counted
  if (!part) expect.fail('a part')
  doubt(part, -1.6)
  expect(part).toMatchObject({ off: -1.6, doubted: true, extraOwn: expect.closeTo((1.6 / 2.35) ** 2, 12) })
})
