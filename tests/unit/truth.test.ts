import { describe, expect, test } from 'vitest'
import { seeded } from '../../src/lib/selection/draws.ts'
import { assess } from '../../src/lib/stats/assess.ts'
import type { Contest, Told } from '../bench/truth/equals.ts'
import { aText, createNewsletter } from '../bench/truth/newsletter.ts'
import { worlds } from '../bench/truth/worlds.ts'
import { openAside } from '../support/aside.ts'

const equals = openAside<typeof import('../bench/truth/equals.ts')>('tests/bench/truth/equals.ts')
const years = openAside<typeof import('../bench/truth/year.ts')>('tests/bench/truth/year.ts')
const lists = openAside<typeof import('../bench/truth/small.ts')>('tests/bench/truth/small.ts')
const ofKinds = openAside<typeof import('../bench/truth/kinds.ts')>('tests/bench/truth/kinds.ts')

/** The short form of `npm run bench:truth`: few runs, and room for their chance. */
const worldOf = (name: string) =>
  worlds.find((world) => world.name === name) ?? expect.fail(`no world ${name}`)

async function often(asked: Partial<Contest>, runs: number): Promise<Told[]> {
  const usual = { texts: 2, lift: 1, list: 16_000, days: 30, stops: true } as const
  const told: Told[] = []
  for (let run = 0; run < runs; run += 1)
    told.push(
      await equals(
        'contest',
        { world: { name: '' }, way: 'segments', ...usual, ...asked },
        300 + run * 7_919,
      ),
    )
  return told
}

test.each(['plain', 'text x send 0.30', 'recipients 3 % x 0.1', 'recipients 3 % x 10', 'companies'])(
  'equal texts in a split send hardly ever have a winner: %s',
  async (name) => {
    const told = await often({ world: worldOf(name) }, 12)
    expect(told.filter(({ confirmed }) => confirmed).length).toBeLessThanOrEqual(1)
  },
)

test.each<[string, number]>([
  ['companies', 2],
  ['companies', 4],
  ['relays 60 %', 2],
])('unequal parts of a send never have a winner among equal texts: %s, %i texts', async (name, texts) => {
  const told = await often({ world: worldOf(name), way: 'unequal', list: 40_000, texts }, 6)
  expect(told.filter(({ confirmed }) => confirmed)).toEqual([])
})

test.each(['companies', 'relays 30 %', 'relays 60 %'])(
  'people behind addresses that many share count like others: %s',
  (name) => {
    const off = [1, 2, 3, 4].map((seed) => {
      const newsletter = createNewsletter(worldOf(name), seeded(seed))
      const texts = [1, 2].map((id) => aText(1, id, 0.02))
      for (let day = 0; day < 40; day += 1)
        newsletter.send(
          day,
          texts.map((text, place) => ({ text, share: place === 0 ? 0.85 : 0.15 })),
          32_000,
        )
      const { variations } = assess(
        { sends: newsletter.known(44 * 24), variations: texts },
        newsletter.now(44 * 24),
      )
      const found = variations.get(1)
      expect(found?.interval[0]).toBeLessThan(2)
      expect(found?.interval[1]).toBeGreaterThan(2)
      return Math.log((found?.smoothed_ctr ?? 0) / 2)
    })
    // A year's days alone differ by a quarter, so the mean of forty is known to about a twenty-fifth.
    expect(Math.abs(off.reduce((sum, one) => sum + one, 0) / off.length)).toBeLessThan(0.09)
  },
)

test.each([
  [1.2, 14],
  [1.5, 8],
])('a lift of %d is confirmed within %d days, for the better text', async (lift, most) => {
  const days = (await often({ lift, days: 60 }, 9)).map(({ confirmed }) => {
    expect(confirmed?.first).toBe(true)
    return confirmed?.day ?? 99
  })
  expect(days.toSorted((one, other) => one - other)[4]).toBeLessThanOrEqual(most)
})

describe('a year', () => {
  test.each(['plain', 'trend', 'wear-out', 'recipients 12 % x 10'])(
    'of sends by weight: %s',
    async (name) => {
      const runs = [await years('year', { world: worldOf(name), way: 'weighted' }, 1)]
      const held = runs.reduce((sum, { interval }) => sum + interval.held, 0)
      const all = runs.reduce((sum, { interval }) => sum + interval.all, 0)
      expect(held / all).toBeGreaterThan(0.85)
      for (const { probably } of runs) expect(probably.held).toBeGreaterThanOrEqual(0.8 * probably.all)
      const ratios = runs.flatMap(({ sendDay }) => sendDay.ratios).toSorted((one, other) => one - other)
      expect(ratios[ratios.length >> 1]).toBeLessThan(1.15)
    },
  )
})

test('late reports make no difference between texts of split sends', async () => {
  const asked = { world: worldOf('late impressions'), way: 'segments' as const }
  const { interval, doubted } = await years('year', asked, 2)
  // 0.89 where those clicks stayed with the sends before.
  expect((interval.held - doubted) / interval.all).toBeGreaterThan(0.93)
})

test('the clicks before a late report belong to the send before, at the hours that it then is old', () => {
  const newsletter = createNewsletter({ name: 'always late', late: 1 }, seeded(1))
  for (const day of [0, 2]) newsletter.send(day, [{ text: aText(1, 1, 0.02), share: 1 }], 100_000)
  const [first, second] = newsletter.known(20 * 24)
  // By 24 and 48 hours.
  const [day, two] = first?.clickers_by.slice(5) ?? []
  expect((two ?? 0) - (day ?? 0)).toBeGreaterThan(400)
  expect(first?.clickers).toBeLessThan((two ?? 0) + 100)
  expect(second?.clickers_by[0]).toBeGreaterThan(100)
  expect(second?.clickers).toBeLessThan(1_500)
})

test('machines in sends of unequal parts raise no rate, not even of a small part', () => {
  const offs = Array.from({ length: 8 }, (_, run) => {
    const newsletter = createNewsletter(worldOf('bots'), seeded(run + 1))
    const texts = [1, 2, 3, 4].map((id) => aText(1, id, 0.02))
    const shares = [0.85, 0.09, 0.04, 0.02]
    const parts = texts.map((text, place) => ({ text, share: shares[place] ?? 0 }))
    for (let day = 0; day < 60; day += 1) newsletter.send(day, parts, 32_000)
    const { variations } = assess(
      { sends: newsletter.known(64 * 24), variations: texts },
      newsletter.now(64 * 24),
    )
    return Math.log((variations.get(4)?.smoothed_ctr ?? 0) / 2)
  })
  const mean = offs.reduce((sum, off) => sum + off, 0) / offs.length
  // 0.12 where each part was judged alone.
  expect(Math.abs(mean)).toBeLessThan(0.07)
})

test.each([
  [150, 40, 0.25, 0.87],
  [300, 40, 0.12, 0.94],
  [1_000, 8, 0.08, 0.94],
  [1_000, 40, 0.05, 0.97],
  [32_000, 8, 0.08, 0.97],
])(
  'sends to %i, %i of them, show their machines together, where none could alone',
  async (list, sends, most, least) => {
    const runs = []
    for (let seed = 1; seed <= 200; seed += 1)
      runs.push(await lists('small', { world: worldOf('bots'), list, sends }, seed))
    const mean = runs.reduce((sum, { off }) => sum + off, 0) / runs.length
    // Between 0.13 and 0.3 where each send was judged alone.
    expect(Math.abs(mean)).toBeLessThan(most)
    // One that misses its rate is not excused by a doubt.
    const held = runs.reduce((sum, { interval, doubted }) => sum + interval.held - doubted, 0)
    expect(held / (2 * runs.length)).toBeGreaterThanOrEqual(least)
  },
)

test('kinds of text with an effect are found, and others are not reported', async () => {
  const asked = {
    world: worldOf('plain'),
    way: 'segments' as const,
    spread: 0.15,
    correlated: false,
    days: 180,
  }
  const found = async (effect: number, seeds: readonly number[]) => {
    const all = []
    for (const seed of seeds) all.push(await ofKinds('kinds', { ...asked, effect }, seed))
    return all
  }
  const idle = await found(1, [1, 2, 3, 4, 5])
  expect(idle.filter(({ page }) => page).length).toBeLessThanOrEqual(1)
  const real = await found(1.3, [1, 2, 3])
  expect(real.filter(({ found }) => found).length).toBeGreaterThanOrEqual(2)
})
