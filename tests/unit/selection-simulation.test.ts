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
