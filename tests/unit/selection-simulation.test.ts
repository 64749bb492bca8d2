import { describe, expect, test } from 'vitest'
import type { PastSend } from '../../src/lib/selection/arm.ts'
import { bars } from '../bench/selection-settings.ts'
import { simulate } from '../bench/simulate.ts'

const setting = (name: string) => bars.find((bar) => bar.name === name) ?? expect.fail(`no setting ${name}`)

const seeds = Array.from({ length: 6 }, (_, index) => 40_000 + index)
const meanShare = (name: string, strategy: 'ctr_weighted' | 'thompson') =>
  (100 * seeds.reduce((sum, seed) => sum + simulate(setting(name), strategy, seed).share, 0)) / seeds.length

/** Short of the bars by about two standard errors of six seeds; `bench:selection` judges the bars themselves. */
describe('a simulated year', () => {
  test.each([
    ['1k', 90],
    ['50k', 92],
    ['50k, variety', 91],
    ['50k, 4 segments', 96],
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

/** Counted anew from the list of sends, without the code that enforces the limits. */
function broken(sends: readonly PastSend[]): string[] {
  const faults: string[] = []
  for (const [at, { offer_id, variation_id }] of sends.entries()) {
    if (sends[at - 1]?.offer_id === offer_id) faults.push(`${at}: offer follows itself`)
    const before = sends.slice(Math.max(0, at - 2), at)
    if (before.some((send) => send.variation_id === variation_id))
      faults.push(`${at}: variation within three sends`)
    const window = sends.slice(Math.max(0, at - 13), at + 1)
    if (window.filter((send) => send.offer_id === offer_id).length > 5) faults.push(`${at}: six of fourteen`)
  }
  return faults
}

test('the three limits hold in every run', () => {
  for (const name of ['1k, variety', '50k, variety', '50k, variety, drift'])
    for (const seed of seeds.slice(0, 4))
      expect(broken(simulate(setting(name), 'thompson', seed).sends)).toEqual([])
  expect(broken(simulate(setting('50k'), 'thompson', 1).sends).length).toBeGreaterThan(100)
})
