import { describe, expect, test } from 'vitest'
import { type Contest, contest } from '../bench/truth/equals.ts'
import { kinds } from '../bench/truth/kinds.ts'
import { worlds } from '../bench/truth/worlds.ts'
import { year } from '../bench/truth/year.ts'

/** The short form of `npm run bench:truth`: few runs, and room for their chance. */
const worldOf = (name: string) =>
  worlds.find((world) => world.name === name) ?? expect.fail(`no world ${name}`)

const often = (asked: Partial<Contest>, runs: number) =>
  Array.from({ length: runs }, (_, run) =>
    contest(
      {
        world: { name: '' },
        way: 'segments',
        texts: 2,
        lift: 1,
        list: 16_000,
        days: 30,
        stops: true,
        ...asked,
      },
      300 + run * 7_919,
    ),
  )

test.each(['plain', 'text x send 0.30', 'recipients 3 % x 0.1', 'recipients 3 % x 10', 'companies'])(
  'equal texts in a split send hardly ever have a winner: %s',
  (name) => {
    const told = often({ world: worldOf(name) }, 12)
    expect(told.filter(({ confirmed }) => confirmed).length).toBeLessThanOrEqual(1)
  },
)

test('nor have unequal parts, whose smaller one is told apart better', () => {
  const told = often({ world: worldOf('companies'), way: 'unequal', list: 40_000 }, 8)
  expect(told.filter(({ confirmed }) => confirmed)).toEqual([])
})

test.each([
  [1.2, 14],
  [1.5, 8],
])('a lift of %d is confirmed within %d days, and it is the better one', (lift, most) => {
  const days = often({ lift, days: 60 }, 9).map(({ confirmed }) => {
    expect(confirmed?.first).toBe(true)
    return confirmed?.day ?? 99
  })
  expect(days.toSorted((one, other) => one - other)[4]).toBeLessThanOrEqual(most)
})

describe('a year', () => {
  test.each(['plain', 'trend', 'wear-out', 'recipients 12 % x 10'])('of sends by weight: %s', (name) => {
    const runs = [1].map((seed) => year({ world: worldOf(name), way: 'weighted' }, seed))
    const held = runs.reduce((sum, { interval }) => sum + interval.held, 0)
    const all = runs.reduce((sum, { interval }) => sum + interval.all, 0)
    expect(held / all).toBeGreaterThan(0.85)
    for (const { probably } of runs) expect(probably.held).toBeGreaterThanOrEqual(0.8 * probably.all)
    const ratios = runs.flatMap(({ sendDay }) => sendDay.ratios).toSorted((one, other) => one - other)
    expect(ratios[ratios.length >> 1]).toBeLessThan(1.15)
  })
})

test('kinds of text that make no difference are not said to, and those that do are found', () => {
  const asked = { world: worldOf('plain'), way: 'segments' as const, spread: 0.15, correlated: false }
  const idle = [1, 2, 3, 4, 5].map((seed) => kinds({ ...asked, effect: 1 }, seed))
  expect(idle.filter(({ page }) => page).length).toBeLessThanOrEqual(1)
  const real = [1, 2, 3].map((seed) => kinds({ ...asked, effect: 1.3 }, seed))
  expect(real.filter(({ found }) => found).length).toBeGreaterThanOrEqual(2)
})
