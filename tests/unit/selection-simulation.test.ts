import { describe, expect, test } from 'vitest'
import { openAside } from '../support/aside.ts'

const simulated = openAside<typeof import('../bench/simulated-year.ts')>('tests/bench/simulated-year.ts')

const seeds = Array.from({ length: 6 }, (_, index) => 40_000 + index)
/** Segments bring so much that few seeds differ by little. */
const meanShare = (name: string, strategy: 'ctr_weighted' | 'thompson') =>
  simulated('meanShare', name, strategy, name.includes('segments') ? seeds.slice(0, 2) : seeds)

/** Short of the bars by about two standard errors of six seeds; `bench:selection` judges the bars themselves. */
describe('a simulated year', () => {
  test.each([
    ['1k', 90],
    ['50k', 92],
    ['50k, variety', 91],
    ['50k, 4 segments', 98],
    ['50k, 4 segments, fading', 96.5],
  ])('of %s earns at least %d per cent of what an oracle earns', async (name, least) => {
    expect(await meanShare(name, 'thompson')).toBeGreaterThan(least)
  })

  test('earns far more than the specified formula', async () => {
    expect((await meanShare('50k', 'thompson')) - (await meanShare('50k', 'ctr_weighted'))).toBeGreaterThan(
      30,
    )
  })

  test('is the same again with the same seed', async () => {
    const [one, again, other] = [
      await simulated('shortYear', '50k', 5),
      await simulated('shortYear', '50k', 5),
      await simulated('shortYear', '50k', 6),
    ]
    expect(again).toEqual(one)
    expect(one.sends).not.toEqual(other.sends)
  })
})

test('the three limits hold in every run', async () => {
  for (const name of ['1k, variety', '50k, variety', '50k, variety, drift'])
    for (const seed of seeds.slice(0, 4)) expect(await simulated('brokenInYear', name, seed)).toEqual([])
  expect((await simulated('brokenInYear', '50k', 1)).length).toBeGreaterThan(100)
})

describe('a year with conversions', () => {
  const gainOf = async (name: string) => {
    const [few, days] = [seeds.slice(0, 3), { days: 150 }]
    const byRevenue = await simulated('meanEarned', name, 'revenue', few, days)
    return byRevenue - (await simulated('meanEarned', name, 'clicks', few, days))
  }

  test.each([
    ['clickbait', 25],
    ['offers differ, heavy tails', 8],
    ['offers differ, late', 5],
  ])('earns far more with the goal revenue if the best by clicks is another: %s', async (name, least) => {
    expect(await gainOf(name)).toBeGreaterThan(least)
  })

  test('earns about as much if all clicks are worth the same, also after a windfall', async () => {
    for (const name of ['no difference', 'no difference, one windfall'])
      expect(await gainOf(name)).toBeGreaterThan(-4)
  })

  test('is the same for revenue as for clicks before the first conversion', async () => {
    const days = { days: 40, known: false }
    expect(await simulated('meanEarned', 'clickbait', 'revenue', seeds.slice(0, 2), days)).toBe(
      await simulated('meanEarned', 'clickbait', 'clicks', seeds.slice(0, 2), days),
    )
  })
})
