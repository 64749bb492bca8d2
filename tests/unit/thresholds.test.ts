import { describe, expect, test } from 'vitest'
import { type ClickFacts, createClassifier } from '../../src/lib/classify/classifier.ts'
import { createCrowds } from '../../src/lib/classify/crowds.ts'
import { createRecentClicks } from '../../src/lib/classify/recent-clicks.ts'
import { createRecentSends } from '../../src/lib/classify/recent-sends.ts'
import { isStale } from '../../src/lib/classify/stale-user-agent.ts'
import { readUserAgent } from '../../src/lib/classify/user-agent.ts'
import { createFlood } from '../../src/lib/tracking/flood.ts'
import { aClick } from '../support/events.ts'
import { judgeAll } from '../support/judgement/judge-all.ts'
import type { JudgedClick } from '../support/judgement/judged-click.ts'

/** One table for each threshold: the value itself, and what is just below and just above it. */

const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0'
const noon = Date.UTC(2026, 10, 18, 12)
const second = 1_000

/** `count` texts that differ. */
const names = (count: number) => Array.from({ length: count }, (_, index) => `name ${index}`)

const factsOf = (visitor: string, at: number): ClickFacts => ({
  at,
  variationId: 42,
  header: () => undefined,
  userAgent: firefox,
  direct: true,
  address: undefined,
  insider: null,
  visitor: { visitor, address: visitor },
  hashed: true,
  flooding: () => false,
})

const final = (clicks: readonly Partial<JudgedClick>[], sends: readonly number[] = [], rules = {}) => {
  const all = clicks.map((changes) => aClick({ ip_hash: 'somebody', ...changes }))
  const verdicts = judgeAll(
    all,
    sends.map((at) => ({ variation_id: 42, at })),
    { duplicateSeconds: 10, visitorsPerAddress: 5, ...rules },
  )
  return all.map(({ event_id }) => verdicts.get(event_id)?.reason)
}

describe('a send', () => {
  test.each([
    [-1, false],
    [0, true],
    [1, true],
    [29_999, true],
    [30_000, false],
    [30_001, false],
  ])('%i ms after its first click it is soon: %s', (after, soon) => {
    const sends = createRecentSends()
    sends.note(42, 'daily', noon - 3_600_000)
    expect([sends.isSoonAfter(42, noon), sends.isSoonAfter(42, noon + after)]).toEqual([true, soon])
    const reasons = final([{ at: noon }, { at: noon + after, ip_hash: 'else' }], [noon - 3_600_000])
    expect(reasons).toEqual(['soon_after_send', soon ? 'soon_after_send' : 'none'])
  })

  test('has its first click at its report or after it, and another one after the next', () => {
    const sends = createRecentSends()
    sends.note(42, 'daily', noon)
    expect([-1, 0].map((after) => sends.isSoonAfter(42, noon + after))).toEqual([false, true])
    sends.note(42, 'evening', noon + 60_000)
    expect(sends.isSoonAfter(42, noon + 60_000)).toBe(true)
    expect(sends.isSoonAfter(43, noon)).toBe(false)
  })

  test.each([
    [9_999, noon],
    [10_000, Number.NEGATIVE_INFINITY],
    [10_001, Number.NEGATIVE_INFINITY],
  ])('is remembered beside those of %i other texts: %d', (others, at) => {
    const sends = createRecentSends()
    sends.note(1, 'daily', noon)
    for (let text = 2; text < others + 2; text += 1) sends.note(text, 'daily', noon)
    expect(sends.newestOf(1)).toBe(at)
  })
})

describe('links of one visitor', () => {
  /** Whether a click on a third text is one of many, `away` after two others. */
  const isMany = (away: number, from = noon) => {
    const clicks = createRecentClicks(0).of('somebody', noon)
    for (const text of [42, 43]) clicks.add(text, from, true)
    return clicks.hasMany(44, from + away)
  }
  const many = (away: number, from = noon) =>
    final([{ at: from }, { at: from, variation_id: 43 }, { at: from + away, variation_id: 44 }]).at(-1) ===
    'many_links'

  test.each([
    [-10_001, false],
    [-10_000, true],
    [-9_999, true],
    [10_000, true],
    [10_999, true],
    [11_000, false],
    [11_001, false],
  ])('at the beginning of a second, %i ms apart, are together: %s', (away, together) => {
    expect([isMany(away), many(away)]).toEqual([together, together])
  })

  test.each([
    [-11_000, false],
    [-10_999, true],
    [-10_998, true],
    [9_999, true],
    [10_000, true],
    [10_001, false],
  ])('at the end of a second, %i ms apart, are together: %s', (away, together) => {
    expect([isMany(away, noon + 999), many(away, noon + 999)]).toEqual([together, together])
  })

  test.each([
    [1, false],
    [2, false],
    [3, true],
    [4, true],
  ])('are many if there are %i: %s', (texts, expected) => {
    const clicks = createRecentClicks(0).of('somebody', noon)
    for (let text = 1; text < texts; text += 1) clicks.add(text, noon, true)
    expect(clicks.hasMany(texts, noon)).toBe(expected)
    const all = Array.from({ length: texts }, (_, index) => ({ at: noon, variation_id: index + 1 }))
    expect(final(all)).toEqual(Array(texts).fill(expected ? 'many_links' : 'none'))
  })
})

describe('a visitor who clicks the same text again', () => {
  test.each([0, 1, 10, 60])('repeats the click within %i s, before and after', (seconds) => {
    const window = seconds * second
    for (const [away, repeated] of [
      [window - 1, true],
      [window, false],
      [window + 1, false],
    ] as const)
      for (const at of [noon + away, noon - away]) {
        const clicks = createRecentClicks(seconds).of('somebody', noon)
        clicks.add(42, noon, true)
        const expected = repeated && seconds > 0
        expect(clicks.isRepeated(42, at)).toBe(expected)
        expect(final([{ at: noon }, { at }], [], { duplicateSeconds: seconds }).at(-1)).toBe(
          expected ? 'repeated' : 'none',
        )
      }
  })

  test.each([
    [18, true],
    [19, true],
    [20, false],
    [21, false],
  ])('after %i other texts is still known: %s', (others, known) => {
    const clicks = createRecentClicks(10).of('somebody', noon)
    clicks.add(1, noon, true)
    for (let text = 2; text < others + 2; text += 1) clicks.add(text, noon, true)
    expect(clicks.isRepeated(1, noon)).toBe(known)
  })

  test('is still known after 19,999 other visitors, and not after 20,000', () => {
    const recent = createRecentClicks(10)
    recent.of('first', noon).add(42, noon, true)
    for (const name of names(19_999)) recent.of(name, noon)
    expect(recent.of('first', noon).isRepeated(42, noon)).toBe(true)
    recent.of('one more', noon)
    expect(recent.of('first', noon).isRepeated(42, noon)).toBe(false)
  })
})

describe('visitors of one address', () => {
  const approach = (visitor: string, address: string) => ({
    visitor: { visitor, address },
    variationId: 42,
    sentAt: noon,
    at: noon,
  })

  test.each([1, 2, 5, 50])('count as different people up to %i', (most) => {
    const crowds = createCrowds(most)
    for (const name of names(most - 1)) crowds.admit(approach(name, 'office'))
    expect(crowds.standingOf(approach('next', 'office'))).toBe('newcomer')
    crowds.admit(approach('next', 'office'))
    expect(crowds.standingOf(approach('one more', 'office'))).toBe('crowded')
    expect(crowds.standingOf(approach('next', 'office'))).toBe('known')
    const reasons = final(
      names(most + 1).map((ip_hash) => ({ ip_hash, address_hash: 'office' })),
      [],
      { visitorsPerAddress: most },
    )
    expect(reasons).toEqual([...Array(most).fill('none'), 'crowded_address'])
  })

  test('are remembered beside 99,999 other addresses, and not beside 100,000', () => {
    const crowds = createCrowds(5)
    crowds.admit(approach('first', 'first'))
    for (const name of names(99_999)) crowds.admit(approach(name, name))
    expect(crowds.standingOf(approach('first', 'first'))).toBe('known')
    crowds.admit(approach('one more', 'one more'))
    expect(crowds.standingOf(approach('first', 'first'))).toBe('newcomer')
  })
})

describe('a flood', () => {
  test.each([1, 2, 120])('is more than %i clicks a minute', (most) => {
    const flooding = createFlood(most)
    const found = Array.from({ length: most + 2 }, () => flooding('a', noon))
    expect(found).toEqual([...Array(most).fill(false), true, true])
  })

  test.each([
    [-60_001, false],
    [-60_000, false],
    [-59_999, true],
    [59_999, true],
    [60_000, false],
    [60_001, false],
  ])('goes on %i ms after its minute began: %s', (after, goesOn) => {
    const flooding = createFlood(1)
    flooding('a', noon)
    expect(flooding('a', noon + after)).toBe(goesOn)
  })

  test.each([
    [99_999, true],
    [100_000, false],
  ])('is remembered beside %i other addresses: %s', (others, remembered) => {
    const flooding = createFlood(1)
    flooding('first', noon)
    for (const name of names(others)) flooding(name, noon)
    expect(flooding('first', noon)).toBe(remembered)
  })
})

describe('a desktop browser', () => {
  const windows = (program: string) => `Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${program}`

  test.each([
    ['Chrome', 50],
    ['Firefox', 46],
    ['Edge', 14],
    ['MSIE', 10],
  ])('%s is stale below version %i', (name, oldest) => {
    const found = [1, oldest - 1, oldest, oldest + 1, 100].map((version) =>
      isStale(windows(`${name}/${version}.0`)),
    )
    expect(found).toEqual([true, true, false, false, false])
    expect(isStale(windows(`${name} ${oldest - 1}.0`))).toBe(true)
    const on = (system: string) => isStale(`Mozilla/5.0 (${system}) ${name}/${oldest - 1}.0`)
    expect(['X11; Linux x86_64', 'Macintosh; Intel Mac OS X'].map(on)).toEqual([true, true])
    expect(['X11; CrOS x86_64', 'Windows Phone 10', 'Windows CE', 'Linux; Android 9'].map(on)).toEqual(
      Array(4).fill(false),
    )
  })
})

test.each([
  [990, 'mail_gateway'],
  [991, 'mail_gateway'],
  [992, 'none'],
])('a name that begins after %i characters of a user agent is read: %s', (before, expected) => {
  const classifier = createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 })
  const userAgent = `${firefox.padEnd(before)}barracuda`
  expect(classifier.classify({ ...factsOf('a', noon), userAgent }).reason).toBe(expected)
  expect(readUserAgent(userAgent)).toBe('mail_gateway')
})
