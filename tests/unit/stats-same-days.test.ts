import { expect, test } from 'vitest'
import type { Send } from '../../src/lib/stats/evidence.ts'
import { sent, spreadsIn } from '../support/sends.ts'

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
