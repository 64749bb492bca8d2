import { globSync, readFileSync } from 'node:fs'
import * as v from 'valibot'
import { describe, expect, test } from 'vitest'
import { planImport } from '../../src/lib/catalogue/plan.ts'
import { catalogueSchema } from '../../src/lib/catalogue/schema.ts'
import { rulesVersion } from '../../src/lib/model/verdict.ts'
import { labelOf, neededClicks, neededSends } from '../../src/lib/stats/label.ts'
import { eventOfClickId } from '../../src/lib/tracking/click-id.ts'
import { reasonWords } from '../../src/lib/wording/words.ts'

const read = (path: string): string => readFileSync(path, 'utf8')
const found = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].map(([, name = '']) => name.trim())

describe('the guide for editors explains', () => {
  const guide = read('src/sample-site/pages/docs/editors.md')
  const pages = globSync('src/{components,pages}/analytics/**/*.astro').map(read).join('\n')

  test.each([
    ['every label', found(read('src/lib/stats/label.ts'), /text: ['`]([^'`$(–]+)/g), 8],
    ['every section', found(pages, /\b(?:heading="|name="|heading: ')([A-Z][^"'{]+)["']/g), 13],
    ['every column', found(pages, /<th scope="col"[^>]*>([^<{]+)<\/th>/g), 20],
    [
      'every reason',
      found(read('src/lib/classify/README.md'), /\*\*`(\w+)`\*\*/g).map((reason) =>
        reasonWords(reason).replace('A person, uncertain: ', ''),
      ),
      19,
    ],
  ])('%s', (_, words, least) => {
    expect(words.length).toBeGreaterThanOrEqual(least)
    expect(words.filter((word) => !guide.includes(word))).toEqual([])
  })

  test('at which chance and with how much data a label changes', () => {
    const meaning = (label: string) => found(guide, new RegExp(`^\\| ${label} +\\| ([^|]+)`, 'gm')).join()
    expect(meaning('Not enough data yet')).toContain(
      `fewer than ${neededSends} sends older than three days, or ${neededClicks} clicks`,
    )
    const enough = { sends: neededSends, clicks: neededClicks }
    const codeOf = (best: number, leads: boolean) =>
      labelOf({
        ...{ leads, own: enough, rival: enough, best, leadersBest: leads ? best : 0.9 },
        ...{ relativeLoss: 0, confirmed: () => false },
      }).code
    const aroundLimit = (label: string, leads: boolean) => {
      const limit = Number(/(\d+) %/.exec(meaning(label))?.[1]) / 100
      return [codeOf(limit - 0.001, leads), codeOf(limit, leads)]
    }
    expect(aroundLimit('Leading', true)).toEqual(['too_close', 'leading'])
    expect(aroundLimit('Probably best, not confirmed', true)).toEqual(['leading', 'probably_best'])
    expect(aroundLimit('Not ruled out', false)).toEqual(['behind', 'too_close'])
    expect(aroundLimit('Behind', false)).toEqual(['behind', 'too_close'])
  })
})

test('the rules for clicks name the edition that clicks are stored with', () => {
  expect(read('src/lib/classify/README.md')).toContain(`\`rules_version\` (now ${rulesVersion})`)
})

describe('the guide to the import file', () => {
  const guide = read('src/sample-site/pages/docs/import-file.md')

  /** The default of each field, or whether it has to be there, below a heading. */
  const fieldsBelow = (heading: string): Record<string, string> =>
    Object.fromEntries(
      [
        ...(guide.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '').matchAll(
          /^\| `(\w+)` +\| ([^|]+?) +\|/gm,
        ),
      ].map(([, field = '', preset = '']) => [field, preset.replaceAll('`', '')]),
    )

  test('has every field with its default', () => {
    const required = {
      links: [{ slug: 'a', destination_url: 'https://merchant.example' }],
      offers: [{ name: 'A', link_slug: 'a', variations: [{ text_content: 'A' }] }],
    }
    const { links, offers } = planImport(v.parse(catalogueSchema, required), {
      links: [],
      offers: [],
      variations: [],
    })
    const written = (row: object, given: object) =>
      Object.fromEntries(
        Object.entries(row).map(([field, preset]) => [
          field,
          Object.hasOwn(given, field) ? 'required' : preset === null ? 'none' : JSON.stringify(preset),
        ]),
      )
    const [link, offer] = [links[0]?.row ?? {}, offers[0]?.change.row ?? {}]
    expect(fieldsBelow('Links')).toEqual(written(link, required.links[0] ?? {}))
    expect(fieldsBelow('Offers')).toEqual({
      ...written(offer, required.offers[0] ?? {}),
      variations: '[]',
    })
    const text = offers[0]?.variations[0]?.change.row ?? {}
    expect(fieldsBelow('Texts')).toEqual(written(text, { text_content: 'A' }))
  })

  test('has examples that can be imported, and errors as they are reported', () => {
    const examples = found(guide, /```json\n([\s\S]*?)```/g)
    expect(examples).not.toEqual([])
    for (const example of examples)
      expect(v.safeParse(catalogueSchema, JSON.parse(example)).issues).toBe(undefined)
    const told = ['schema', 'check', 'plan', 'match', 'import']
      .map((name) => read(`src/lib/catalogue/${name}.ts`))
      .concat(read('src/lib/links/link.ts'))
      .join('\n')
    const faults = found(guide, /^\| `([a-z][^`]{8,})` +\|/gm)
    expect(faults.length).toBeGreaterThan(8)
    expect(faults.filter((fault) => fault.split('…').some((part) => !told.includes(part.trim())))).toEqual([])
  })
})

test('the click ids of all guides are valid', () => {
  const guides = globSync('src/sample-site/pages/docs/*.md').map(read).join('\n')
  const ids = found(guides, /\b((?=[a-z]*\d)[\da-z]{26})\b/g)
  expect(ids.length).toBeGreaterThanOrEqual(4)
  expect(ids.filter((id) => eventOfClickId(id) === undefined)).toEqual([])
})
