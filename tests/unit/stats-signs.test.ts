import { describe, expect, test } from 'vitest'
import type { Crowd, Signs } from '../../src/lib/model/send-evidence.ts'
import { besideSigns } from '../../src/lib/stats/signs.ts'
import { byMarks } from '../bench/newsletter-world.ts'

const aSend = (signs: Signs | null, clickers = 100, crowd: Crowd | null = null) => ({
  clickers,
  clickers_by: byMarks(clickers / 2, clickers * 0.8, clickers),
  signs,
  crowd,
  unsure: 0,
})
/** What chance adds to an expected number of clickers with a sign. */
const chance = (expected: number) => 2 * Math.sqrt(expected + 0.25)
const usual = Array.from({ length: 9 }, () => aSend({ uncertain: 4, doubtful: 10 }))

describe('sends beside signs of machines', () => {
  test('are unchanged without any', () => {
    const sends = [aSend(null), aSend(null)]
    expect(besideSigns(sends)).toEqual({ sends, variance: 0 })
  })

  test('count in full with the usual number of signs', () => {
    const { sends, variance } = besideSigns(usual)
    for (const send of sends) expect(send).toMatchObject({ clickers: 100, unsure: 0 })
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 6)
  })

  test('count a tenth of a burst, and allow for all of it being people', () => {
    const { sends } = besideSigns([...usual, aSend({ uncertain: 120, doubtful: 10 }, 200)])
    const burst = ((120 - 8 - chance(8)) / 200) * 0.9
    const send = sends.at(-1)
    expect(send?.clickers).toBeCloseTo(200 * (1 - burst), 6)
    expect(send?.clickers_by.at(-1)).toBeCloseTo(200 * (1 - burst), 6)
    expect(send).toMatchObject({ left: expect.closeTo(1 - burst, 6) })
    expect(Math.sqrt(send?.unsure ?? 0)).toBeCloseTo(burst / (1 - burst), 6)
    expect(sends[0]).toMatchObject({ clickers: 100, unsure: 0 })
  })

  test('are uncertain next to a burst of recognised machines, of which some may pass', () => {
    const { sends } = besideSigns([...usual, aSend({ uncertain: 4, doubtful: 4_010 })])
    expect(sends.at(-1)?.clickers).toBeCloseTo(100, 6)
    expect(Math.sqrt(sends.at(-1)?.unsure ?? 0)).toBeCloseTo(0.4, 6)
    const flooded = besideSigns([...usual, aSend({ uncertain: 4, doubtful: 1e6 })]).sends.at(-1)
    expect(Math.sqrt(flooded?.unsure ?? 0)).toBeCloseTo(1, 6)
  })

  test('treat a burst at crowded addresses alike', () => {
    const crowd = {
      addresses: 3,
      visits: 40,
      largest: 20,
      other_clicks: 90,
      clickers: 10,
      clickers_by: byMarks(2, 5, 10),
    }
    const { sends } = besideSigns([...usual, aSend({ uncertain: 54, doubtful: 10 }, 100, crowd)])
    const left = 10 * (1 - ((54 - 4 - chance(4)) / 100) * 0.9)
    expect(sends.at(-1)?.crowd?.visits).toBe(40)
    expect(sends.at(-1)?.crowd?.clickers).toBeCloseTo(left, 6)
    expect(sends.at(-1)?.crowd?.clickers_by.at(-1)).toBeCloseTo(left, 6)
  })

  test('are counted beside sends of which no signs are known, which stay as they are', () => {
    const { sends, variance } = besideSigns([aSend(null), ...usual, aSend({ uncertain: 54, doubtful: 10 })])
    expect(sends[0]).toEqual(aSend(null))
    expect(sends.at(-1)?.clickers).toBeCloseTo(100 - (50 - chance(4)) * 0.9, 6)
    expect(Math.sqrt(variance)).toBeCloseTo(0.02, 6)
  })

  test('may have no clicks, or only those of machines', () => {
    const { sends } = besideSigns([
      ...usual,
      aSend({ uncertain: 0, doubtful: 9 }, 0),
      aSend({ uncertain: 100, doubtful: 0 }),
    ])
    expect(sends.at(-2)).toMatchObject({ clickers: 0, unsure: 0 })
    expect(sends.at(-1)?.clickers).toBeCloseTo(100 - (96 - chance(4)) * 0.9, 6)
  })

  test('count in full if chance explains the signs: the first click of a small send has one', () => {
    const few = (uncertain: number) =>
      besideSigns([...usual, aSend({ uncertain, doubtful: 0 }, 5)]).sends.at(-1)
    expect(few(1)).toMatchObject({ clickers: 5, left: 1 })
    expect(few(3)?.clickers).toBeLessThan(4)
  })

  test('take what is usual from sends that somebody clicked, in whatever order', () => {
    const mixed = [
      aSend({ uncertain: 120, doubtful: 0 }, 400),
      aSend({ uncertain: 0, doubtful: 0 }, 0),
      aSend({ uncertain: 3, doubtful: 0 }, 300),
      aSend({ uncertain: 35, doubtful: 0 }, 350),
    ]
    expect(Math.sqrt(besideSigns(mixed).variance)).toBeCloseTo(0.05, 9)
  })
})
