import { isbot } from 'isbot'
import { validate, version } from 'uuid'
import { describe, expect, test } from 'vitest'
import type { SampleVariation } from '../../src/lib/model/catalogue.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { pick, seededRandom } from '../../src/lib/sample/chance.ts'
import { sampleHistory } from '../../src/lib/sample/history.ts'
import { bots, readers } from '../../src/lib/sample/readers.ts'

const day = 24 * 3_600_000
const now = Date.UTC(2026, 10, 22, 15, 30)
const today = Date.UTC(2026, 10, 22)
const variations: SampleVariation[] = [
  { offer_id: 1, variation_id: 11, weight: 3 },
  { offer_id: 1, variation_id: 12, weight: 3 },
  { offer_id: 2, variation_id: 21, weight: 1 },
]
const history = sampleHistory({ variations, now, seed: 7 })
const sends = history.filter((event) => event.kind === 'impression')
const clicks = history.filter((event) => event.kind === 'click')
const humans = clicks.filter(({ verdict }) => verdict === 'human')

describe('the sample history', () => {
  test('is the same for the same seed and day, and another for others', () => {
    expect(sampleHistory({ variations, now: today, seed: 7 })).toEqual(history)
    expect(sampleHistory({ variations, now: today + day - 1, seed: 7 })).toEqual(history)
    expect(sampleHistory({ variations, now, seed: 8 })).not.toEqual(history)
    expect(sampleHistory({ variations, now: now + day, seed: 7 })).not.toEqual(history)
  })

  test('has a send a day for 90 days that end yesterday, to more and more people', () => {
    expect(sends.map(({ newsletter_send_id }) => newsletter_send_id)).toEqual(
      Array.from({ length: 90 }, (_, index) => {
        const date = new Date(today - (90 - index) * day).toISOString().slice(0, 10)
        return `sample-${date}-daily`
      }),
    )
    expect(sends[0]?.recipients).toBeGreaterThan(850)
    expect(sends[0]?.recipients).toBeLessThan(950)
    expect(sends.at(-1)?.recipients).toBeGreaterThan(1_330)
    expect(sends.at(-1)?.recipients).toBeLessThan(1_470)
  })

  test('is in order of time, over before today, with an id of its own for each event', () => {
    expect(history.every(({ at }, index) => at >= (history[index - 1]?.at ?? 0))).toBe(true)
    expect(history.at(-1)?.at).toBeLessThan(today)
    expect(new Set(history.map(({ event_id }) => event_id)).size).toBe(history.length)
    for (const { event_id, at } of history) {
      expect(validate(event_id) && version(event_id)).toBe(7)
      expect(Number.parseInt(event_id.replaceAll('-', '').slice(0, 12), 16)).toBe(at)
    }
  })

  test('sends offers by their weight', () => {
    const first = sends.filter(({ offer_id }) => offer_id === 1).length
    expect(first).toBeGreaterThan(55)
    expect(first).toBeLessThan(80)
    expect(new Set(sends.map(({ variation_id }) => variation_id))).toEqual(new Set([11, 12, 21]))
  })

  test('has rates as newsletters have them, different for each text', () => {
    const rates = variations.map(({ variation_id }) => {
      const of = <Event extends { variation_id: number }>(events: Event[]) =>
        events.filter((event) => event.variation_id === variation_id)
      return of(humans).length / of(sends).reduce((sum, { recipients }) => sum + recipients, 0)
    })
    for (const rate of rates) {
      expect(rate).toBeGreaterThan(0.005)
      expect(rate).toBeLessThan(0.12)
    }
    expect(new Set(rates.map((rate) => rate.toFixed(3))).size).toBe(3)
  })

  test('has its clicks after a send of their variation, most on the same day', () => {
    const age = (click: Click) => {
      const earlier = sends.filter(
        ({ at, variation_id }) => at <= click.at && variation_id === click.variation_id,
      )
      return Math.floor(click.at / day) - Math.floor((earlier.at(-1)?.at ?? 0) / day)
    }
    const shareOf = (days: number) => humans.filter((click) => age(click) === days).length / humans.length
    expect(clicks.every((click) => age(click) <= 3)).toBe(true)
    expect(shareOf(0)).toBeGreaterThan(0.65)
    expect(shareOf(0)).toBeLessThan(0.9)
    expect(shareOf(1)).toBeGreaterThan(shareOf(2))
  })

  test('marks every click as a sample, and has some machines', () => {
    expect(new Set(humans.map(({ reason }) => reason))).toEqual(new Set(['none']))
    const machines = clicks.filter(({ verdict }) => verdict === 'machine')
    expect(new Set(machines.map(({ reason }) => reason))).toEqual(new Set(['prefetch', 'self_declared']))
    expect(machines.length / clicks.length).toBeGreaterThan(0.03)
    expect(machines.length / clicks.length).toBeLessThan(0.2)
    expect(machines.length + humans.length).toBe(clicks.length)
  })

  test('has invented visitors, some of whom come twice', () => {
    const hashes = humans.map(({ ip_hash }) => ip_hash ?? '')
    for (const hash of hashes) expect(hash).toMatch(/^[0-9a-f]{64}$/)
    expect(new Set(hashes).size).toBeLessThan(hashes.length)
    expect(new Set(hashes).size).toBeGreaterThan(hashes.length * 0.85)
  })

  test('is empty without variations', () =>
    expect(sampleHistory({ variations: [], now, seed: 7 })).toEqual([]))
})

test('has readers and bots that the rules of the site recognise', () => {
  for (const { user_agent } of readers) expect(isbot(user_agent)).toBe(false)
  for (const { user_agent } of bots) expect(isbot(user_agent)).toBe(true)
})

describe('chance', () => {
  test('is spread evenly and repeats for a seed', () => {
    const [one, other] = [seededRandom(1), seededRandom(1)]
    const numbers = Array.from({ length: 10_000 }, one)
    expect(numbers).toEqual(Array.from({ length: 10_000 }, other))
    const tenths = Map.groupBy(numbers, (number) => Math.floor(number * 10))
    for (let tenth = 0; tenth < 10; tenth += 1) {
      expect(tenths.get(tenth)?.length).toBeGreaterThan(880)
      expect(tenths.get(tenth)?.length).toBeLessThan(1_120)
    }
  })

  test('picks by share', () => {
    const items = [{ share: 1 }, { share: 0 }, { share: 3 }] as const
    expect(pick<{ share: number }>(items, () => 0.24)).toBe(items[0])
    expect(pick<{ share: number }>(items, () => 0.26)).toBe(items[2])
    expect(pick<{ share: number }>([{ share: 0 }], () => 0.5)).toEqual({ share: 0 })
  })
})
