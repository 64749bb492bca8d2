import { expect, test } from 'vitest'
import type { Send } from '../../src/lib/stats/evidence.ts'
import { spreadsOf } from '../../src/lib/stats/same-days.ts'
import { hubsOf } from '../../src/lib/stats/settle-rates.ts'
import { sent, spreadsIn } from '../support/sends.ts'

/** What the network of all texts pulls at each, when each is moved by so much. */
function pullsOf(sends: Parameters<typeof hubsOf>[0], moved: ReadonlyMap<number, number>) {
  const pulls = new Map<number, number>()
  for (const { ground, ties } of hubsOf(sends)) {
    const movedBy = (id: number) => moved.get(id) ?? 0
    const strength = ties.reduce((sum, tie) => sum + tie.strength, ground)
    const day = ties.reduce((sum, tie) => sum + tie.strength * movedBy(tie.to.variation_id), 0) / strength
    for (const { to, strength: pull } of ties)
      pulls.set(to.variation_id, (pulls.get(to.variation_id) ?? 0) + pull * (movedBy(to.variation_id) - day))
  }
  return pulls
}

test('variances and covariances are the inverse of the network of all texts that shared days', () => {
  const sends = [
    sent(1, 'a'),
    sent(2, 'a', { clickers: 150 }),
    sent(4, 'b', { clickers: 350 }),
    sent(5, 'b'),
    sent(2, 'c'),
    sent(4, 'c', { recipients: 4_000 }),
    sent(3, 'c', { clickers: 90 }),
    sent(6, 'apart'),
    sent(7, 'apart', { clickers: 80 }),
    sent(1, 'alone'),
  ]
  const { pooled } = spreadsIn(sends)
  // The send that joins two groups comes last.
  const isJoin = (parts: (typeof pooled.sends)[number]) => parts.length === 3
  const spreads = spreadsOf(
    pooled.sends.toSorted((one, other) => Number(isJoin(one)) - Number(isJoin(other))),
  )
  expect(spreads.map(({ of }) => of.variation_id).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7])
  for (const { of, variance, others } of spreads) {
    const row = new Map(others.map((other) => [other.of.variation_id, other.covariance]))
    expect(row.size).toBe(6)
    const pulls = pullsOf(pooled.sends, row.set(of.variation_id, variance))
    for (const [id, pull] of pulls) expect(pull).toBeCloseTo(id === of.variation_id ? 1 : 0, 9)
    const joined = of.variation_id < 6
    for (const { of: other, covariance } of others)
      if (other.variation_id < 6 === joined) expect(covariance).toBeGreaterThan(0)
      else expect(covariance).toBe(0)
  }
})

test('a text has covariances with others of its offer only', () => {
  const { spreads } = spreadsIn([1, 2, 3, 4].map((id) => sent(id, 'a', { offer_id: 1 + (id % 2) })))
  const others = spreads.map(({ of, others: own }) => [of, ...own.map((other) => other.of)])
  expect(others.map((own) => own.map(({ variation_id }) => variation_id)).toSorted()).toEqual([
    [1, 3],
    [2, 4],
    [3, 1],
    [4, 2],
  ])
})

test('of 250 texts that share days all are treated together, of 251 each offer by itself', () => {
  for (const [count, least, most] of [
    [250, 0, 0.8],
    [251, 0.999, 1.001],
  ] as const) {
    const { spreads, pooled } = spreadsIn([
      ...Array.from({ length: count }, (_, id) => sent(id + 1, 'all', { offer_id: id === 0 ? 2 : 1 })),
      // Sends of another text tell what that day was to the first.
      ...Array.from({ length: 9 }, (_, day) => sent(2, `${day}`)),
    ])
    const first = spreads.find(({ of }) => of.variation_id === 1) ?? expect.fail('no first text')
    const hub = hubsOf(pooled.sends).find(({ ties }) => ties.some(({ to }) => to === first.of))
    const own = hub?.ties.find(({ to }) => to === first.of)?.strength ?? expect.fail('no tie')
    const alone = 1 / own + 1 / (hub?.ground ?? 0)
    expect(first.variance / alone).toBeGreaterThan(least)
    expect(first.variance / alone).toBeLessThan(most)
  }
})

test('well-known texts of other offers show which days were good for a new one', () => {
  const days = Array.from({ length: 40 }, (_, day) => `${day}`)
  // On every other day three times as many click.
  const often = days.flatMap((day) =>
    [2, 3, 4].map((id) => sent(id, day, { offer_id: 2, clickers: Number(day) % 2 === 0 ? 100 : 300 })),
  )
  const varianceOf = (sends: readonly Send[]) =>
    spreadsIn(sends).spreads.find(({ of }) => of.variation_id === 1)?.variance ?? 0
  const alone = varianceOf([...often, sent(1, 'alone'), sent(1, 'again')])
  const beside = varianceOf([...often, sent(1, '7'), sent(1, '8')])
  expect(beside).toBeLessThan(alone / 3)
  expect(beside).toBeGreaterThan(1 / 400)
})

test('if hundreds of texts share days, each offer is treated separately', () => {
  const many = Array.from({ length: 260 }, (_, id) => sent(id + 1, `${id >> 2}`, { offer_id: 1 + (id & 1) }))
  const linked = Array.from({ length: 259 }, (_, id) => [
    sent(id + 1, `link ${id}`),
    sent(id + 2, `link ${id}`),
  ])
  const { spreads } = spreadsIn([
    ...many,
    sent(1, 'by itself', { offer_id: 1 }),
    ...linked.flat().map((one) => ({ ...one, offer_id: 2 - (one.variation_id & 1) })),
  ])
  expect(spreads).toHaveLength(260)
  for (const { variance, of } of spreads) expect(variance * of.precision).toBeGreaterThan(0.99)
})
