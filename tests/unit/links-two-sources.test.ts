import { describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import type { MaybePromise } from '../../src/lib/base/maybe-promise.ts'
import { type Destination, destinationOf } from '../../src/lib/links/destination.ts'
import { joinLinks, type Links, logBoth, slugsInBoth } from '../../src/lib/links/two-sources.ts'

const leadingTo = (name: string) => (slug: string) =>
  destinationOf({
    ...{ slug, destination_url: `https://${name}.example/${slug}`, utm: {} },
    ...{ pass_parameters: false, click_id_parameter: null },
  })

/** Links to a host of that name; `later` answers for slugs that are not known yet. */
function sourceOf(
  name: string,
  slugs: readonly string[],
  later: (slug: string) => MaybePromise<Destination | undefined> = () => undefined,
) {
  const known = new Map(slugs.map((slug) => [slug, leadingTo(name)(slug)]))
  const asked: string[] = []
  const links: Links = {
    peek: (slug) => known.get(slug),
    get(slug) {
      asked.push(slug)
      return known.get(slug) ?? later(slug)
    },
    size: known.size,
    values: () => known.values(),
  }
  return { links, asked }
}

const locationIn = async (links: Links, slug: string) => (await links.get(slug))?.location

describe('links of two sources', () => {
  test('are known at once if either has them, and the first one’s if both do', () => {
    const [first, second] = [sourceOf('first', ['a', 'both']), sourceOf('second', ['b', 'both'])]
    const links = joinLinks(first.links, second.links)
    for (const [slug, location] of [
      ['a', 'https://first.example/a'],
      ['b', 'https://second.example/b'],
      ['both', 'https://first.example/both'],
    ] as const) {
      expect(links.get(slug)).toMatchObject({ location })
      expect(links.peek(slug)).toMatchObject({ location })
    }
    expect([first.asked, second.asked]).toEqual([[], []])
    expect([links.peek('c'), links.get('c')]).toEqual([undefined, undefined])
  })

  test('are listed once, although both are counted', () => {
    const links = joinLinks(sourceOf('first', ['a', 'both']).links, sourceOf('second', ['both', 'b']).links)
    expect([...links.values()].map(({ location }) => location)).toEqual([
      'https://first.example/a',
      'https://first.example/both',
      'https://second.example/b',
    ])
    expect(links.size).toBe(4)
  })

  const [first, second] = [leadingTo('first'), leadingTo('second')]
  const none = () => undefined
  const atOnce = (found: Destination | undefined): MaybePromise<Destination | undefined> => found
  const later = async (found: Destination | undefined) => found
  test.each([
    ['the first one’s if both find it', first, second, 'https://first.example/late'],
    ['the first one’s if only that finds it', first, none, 'https://first.example/late'],
    ['the second one’s if only that finds it', none, second, 'https://second.example/late'],
    ['none if neither finds it', none, none, undefined],
  ])('are looked up in both at once: %s', async (_, ofFirst, ofSecond, location) => {
    for (const wait of [atOnce, later]) {
      const one = sourceOf('first', [], (slug) => wait(ofFirst(slug)))
      const other = sourceOf('second', [], (slug) => wait(ofSecond(slug)))
      const found = locationIn(joinLinks(one.links, other.links), 'late')
      expect([one.asked, other.asked]).toEqual([['late'], ['late']])
      expect(await found).toBe(location)
    }
  })
})

describe('slugs that both have', () => {
  test('are named in alphabetical order', () => {
    const [first, second] = [
      sourceOf('first', ['c', 'a', 'x', 'b']),
      sourceOf('second', ['b', 'y', 'c', 'a']),
    ]
    expect(slugsInBoth(first.links, second.links)).toEqual(['a', 'b', 'c'])
  })

  test('are logged whenever they are others, and not while there are none', () => {
    const log = createLog('silent')
    const warn = vi.spyOn(log, 'warn')
    const note = logBoth(log)
    const told = (slugs: readonly string[]) => {
      warn.mockClear()
      note(slugs)
      return warn.mock.calls
    }
    const text = 'slugs are both in Strapi and in the table: Strapi wins; remove them from the table'
    expect(told([])).toEqual([])
    expect(told(['a', 'b'])).toEqual([[{ slugs: ['a', 'b'], count: 2 }, text]])
    expect(told(['a', 'b'])).toEqual([])
    expect(told(['a'])).toEqual([[{ slugs: ['a'], count: 1 }, text]])
    expect(told([])).toEqual([])
    expect(told(['a'])).toEqual([[{ slugs: ['a'], count: 1 }, text]])
  })

  test.each([19, 20, 21])('are logged up to twenty by name, and counted, of %i', (count) => {
    const log = createLog('silent')
    const warn = vi.spyOn(log, 'warn')
    const slugs = Array.from({ length: count }, (_, index) => `s${index}`)
    logBoth(log)(slugs)
    expect(warn.mock.lastCall?.[0]).toEqual({ slugs: slugs.slice(0, 20), count })
  })
})
