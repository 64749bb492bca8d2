import { describe, expect, test } from 'vitest'
import { brokenLimits } from '../bench/calibrate.ts'
import { bars } from '../bench/selection-settings.ts'
import { simulate } from '../bench/simulate.ts'

const setting = (name: string) => bars.find((bar) => bar.name === name) ?? expect.fail(`no setting ${name}`)

const seeds = Array.from({ length: 6 }, (_, index) => 40_000 + index)
/** Segments bring so much that few seeds differ by little. */
function meanShare(name: string, strategy: 'ctr_weighted' | 'thompson'): number {
  const some = name.includes('segments') ? seeds.slice(0, 2) : seeds
  return (
    (100 * some.reduce((sum, seed) => sum + simulate(setting(name), strategy, seed).share, 0)) / some.length
  )
}

/** Short of the bars by about two standard errors of six seeds; `bench:selection` judges the bars themselves. */
describe('a simulated year', () => {
  test.each([
    ['1k', 90],
    ['50k', 92],
    ['50k, variety', 91],
    ['50k, 4 segments', 98],
    ['50k, 4 segments, fading', 96.5],
  ])('of %s earns at least %d per cent of what an oracle earns', (name, least) => {
    expect(meanShare(name, 'thompson')).toBeGreaterThan(least)
  })

  test('earns far more than the specified formula', () => {
    expect(meanShare('50k', 'thompson') - meanShare('50k', 'ctr_weighted')).toBeGreaterThan(30)
  })

  test('is the same again with the same seed', () => {
    const short = { ...setting('50k'), days: 60 }
    expect(simulate(short, 'thompson', 5)).toEqual(simulate(short, 'thompson', 5))
    expect(simulate(short, 'thompson', 5).sends).not.toEqual(simulate(short, 'thompson', 6).sends)
  })
})

test('the three limits hold in every run', () => {
  for (const name of ['1k, variety', '50k, variety', '50k, variety, drift'])
    for (const seed of seeds.slice(0, 4))
      expect(brokenLimits(simulate(setting(name), 'thompson', seed).sends)).toEqual([])
  expect(brokenLimits(simulate(setting('50k'), 'thompson', 1).sends).length).toBeGreaterThan(100)
})
