import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, dirname, join, normalize } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anyOf } from '../../src/lib/classify/any-of.ts'

type Source = { path: string; text: string }

/** `check` returns what violates the rule in a file. */
type Rule = { says: string; check: (source: Source) => string[]; broken: Source[]; kept: Source[] }

const read = (pattern: string): Source[] =>
  globSync(pattern).map((path) => ({ path, text: readFileSync(path, 'utf8') }))

const within = (path: string, ...folders: string[]): boolean =>
  folders.some((folder) => path.startsWith(folder))

/** What a file imports: package names, and paths from the root of the project. */
function importsOf({ path, text }: Source): string[] {
  const specifiers = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*['"]([^'"]+)['"]/g)].map(
    ([, name = '']) => name,
  )
  return specifiers.map((name) => (name.startsWith('.') ? normalize(join(dirname(path), name)) : name))
}

const linesLike = (text: string, pattern: RegExp): string[] =>
  text.split('\n').filter((line) => pattern.test(line))

/** Targets of a document's relative links, as paths from the root of the project. */
const linkedFiles = ({ path, text }: Source): string[] =>
  [...text.matchAll(/\]\((?!\w+:|#)([^)#\s]+)/g)].map(([, link = '']) => join(dirname(path), link))
const lineCount = (text: string): number => text.trimEnd().split('\n').length

/** From top to bottom. */
const rooms = [
  'index.ts',
  'app.ts',
  'open',
  'openapi',
  'sample',
  'operations',
  'mautic',
  'webhooks',
  'catalogue',
  'selection',
  'reports',
  'charts',
  'wording',
  'redirect',
  'conversions',
  'tracking',
  'auth',
  'privacy',
  'buffer',
  'matomo',
  'outbox',
  'links',
  'strapi',
  'neighbours',
  'store',
  'database',
  'stats',
  'classify',
  'pace',
  'http',
  'settings',
  'processes',
  'model',
  'base',
]

/** The index of a file's room in this order; -1 if there is none. */
const floorOf = (path: string): number => rooms.indexOf(path.split('/')[2] ?? '')

const rules: Rule[] = [
  {
    says: 'a room imports only from rooms below it',
    check: (source) => {
      if (!within(source.path, 'src/lib/') || !source.path.endsWith('.ts')) return []
      if (floorOf(source.path) === -1) return ['a room that is not in the order']
      return importsOf(source).filter(
        (name) => within(name, 'src/lib/') && floorOf(name) < floorOf(source.path),
      )
    },
    broken: [
      { path: 'src/lib/store/a.ts', text: "import type { B } from '../reports/b.ts'" },
      { path: 'src/lib/base/a.ts', text: "import { b } from '../model/b.ts'" },
      { path: 'src/lib/cellar/a.ts', text: '' },
      { path: 'src/lib/a.ts', text: '' },
    ],
    kept: [
      { path: 'src/lib/app.ts', text: "import { openClicks } from './open/clicks.ts'" },
      { path: 'src/lib/store/a.ts', text: "import { b } from './b.ts'" },
      { path: 'src/lib/reports/a.ts', text: "import { b } from '../base/b.ts'" },
    ],
  },
  {
    says: 'what uses the promo tracking as a whole uses its interface',
    check: (source) =>
      within(source.path, 'src/') && source.path !== 'src/lib/index.ts'
        ? importsOf(source).filter((name) => name === 'src/lib/app.ts')
        : [],
    broken: [{ path: 'src/server/a.ts', text: "import { assemble } from '../lib/app.ts'" }],
    kept: [
      { path: 'src/server/a.ts', text: "import { openPromoTracking } from '../lib/index.ts'" },
      { path: 'src/lib/index.ts', text: "import { assemble } from './app.ts'" },
    ],
  },
  {
    says: 'the library does not import Astro',
    check: (source) =>
      within(source.path, 'src/lib/')
        ? importsOf(source).filter((name) => /^(@?astro)(js)?([:/]|$)/.test(name))
        : [],
    broken: [
      { path: 'src/lib/a.ts', text: "import { defineMiddleware } from 'astro:middleware'" },
      { path: 'src/lib/a.ts', text: "import type { APIRoute } from 'astro'" },
      { path: 'src/lib/a.ts', text: "const node = await import('@astrojs/node')" },
    ],
    kept: [
      { path: 'src/pages/a.ts', text: "import type { APIRoute } from 'astro'" },
      { path: 'src/lib/a.ts', text: "import { a } from './astronomy.ts'" },
    ],
  },
  {
    says: 'SQL is only in store and database',
    check: ({ path, text }) =>
      within(path, 'src/') && !within(path, 'src/lib/store/', 'src/lib/database/')
        ? linesLike(text, /\bsql(<[^`]*>)?`|\.unsafe\(/)
        : [],
    broken: [
      { path: 'src/lib/tracking/a.ts', text: 'await sql`select 1`' },
      { path: 'src/cli/a.ts', text: 'await sql<{ id: number }[]>`\n  select 1`' },
      { path: 'src/server/site.ts', text: "await database.unsafe('select 1')" },
    ],
    kept: [
      { path: 'src/lib/store/a.ts', text: 'sql`select 1`' },
      { path: 'src/lib/app.ts', text: 'database.run((sql) => migrate(sql))' },
    ],
  },
  {
    says: 'the library does not import the code around it',
    check: (source) =>
      within(source.path, 'src/lib/')
        ? importsOf(source).filter((name) => within(name, 'src/') && !within(name, 'src/lib/'))
        : [],
    broken: [
      { path: 'src/lib/http/a.ts', text: "import { createSite } from '../../site.ts'" },
      { path: 'src/lib/a.ts', text: "import '../pages/index.ts'" },
      { path: 'src/lib/a.ts', text: "export { run } from '../cli/promo.ts'" },
    ],
    kept: [
      { path: 'src/lib/http/a.ts', text: "import { ok } from '../result.ts'" },
      { path: 'src/cli/a.ts', text: "import { loadConfig } from '../load-config.ts'" },
    ],
  },
  {
    says: 'server and command line do not import pages, and our pages nothing of the sample site',
    check: (source) => {
      const above = ['src/pages/', 'src/components/', 'src/layouts/', 'src/astro/', 'src/sample-site/']
      const below = within(source.path, 'src/server/', 'src/integration/', 'src/cli/', 'src/lib/')
      if (within(source.path, 'src/sample-site/')) return []
      return importsOf(source).filter((name) => within(name, ...(below ? above : above.slice(-1))))
    },
    broken: [
      { path: 'src/server/a.ts', text: "import { enter } from '../astro/enter.ts'" },
      { path: 'src/pages/a.astro', text: "import Site from '../sample-site/layouts/Site.astro'" },
    ],
    kept: [
      { path: 'src/pages/a.ts', text: "import { enter } from '../astro/enter.ts'" },
      { path: 'src/sample-site/pages/a.astro', text: "import Site from '../layouts/Site.astro'" },
    ],
  },
  {
    // PostgreSQL's own programs are given the system's search paths.
    says: 'the library gets its settings as values',
    check: ({ path, text }) =>
      within(path, 'src/lib/') && path !== 'src/lib/database/embedded/run.ts'
        ? linesLike(text, /\bprocess\.env\b|import\.meta\.env/)
        : [],
    broken: [{ path: 'src/lib/a.ts', text: 'const port = process.env.PORT' }],
    kept: [{ path: 'src/server/load-config.ts', text: 'readConfig(process.env)' }],
  },
  {
    says: 'the library has no module state',
    check: ({ path, text }) =>
      within(path, 'src/lib/')
        ? linesLike(
            text,
            anyOf(
              /^(export )?(let|var)\s/,
              /^(export )?const \w+(: [^=]+)? = (new (Map|Set|WeakMap|LRUCache|Registry)\b(?!.*\(\[)|\[\]|\{\})/,
            ),
          )
        : [],
    broken: [
      { path: 'src/lib/a.ts', text: 'let opened = false' },
      { path: 'src/lib/a.ts', text: 'export let opened = false' },
      { path: 'src/lib/a.ts', text: 'const known = new Map<string, number>()' },
      { path: 'src/lib/a.ts', text: 'const waiting: string[] = []' },
    ],
    kept: [
      { path: 'src/lib/a.ts', text: 'export function open() {\n  let opened = false\n}' },
      { path: 'src/lib/a.ts', text: "const reserved = new Set(['api'])" },
      { path: 'src/server/development-app.ts', text: 'let opened' },
    ],
  },
  {
    says: 'time and randomness are passed into the library',
    check: ({ path, text }) =>
      within(path, 'src/lib/') && !['src/lib/base/clock.ts', 'src/lib/base/random.ts'].includes(path)
        ? linesLike(text, /^(?! *(?:\/\/|\/?\*)).*(?:\bDate\.now\b|\bMath\.random\b|\bnew Date\(\))/)
        : [],
    broken: [
      { path: 'src/lib/a.ts', text: 'const at = Date.now()' },
      { path: 'src/lib/a.ts', text: 'open({ now: Date.now })' },
      { path: 'src/lib/a.ts', text: 'const today = new Date()' },
      { path: 'src/lib/a.ts', text: 'const id = Math.random()' },
    ],
    kept: [
      { path: 'src/lib/base/clock.ts', text: 'export const systemClock: Clock = () => Date.now()' },
      { path: 'src/lib/a.ts', text: 'const at = new Date(now())' },
      { path: 'src/cli/a.ts', text: 'const at = Date.now()' },
    ],
  },
  {
    // The examples are what a site has answered, and nobody's writing; a client is one file, to be copied.
    says: 'a file has at most 250 lines',
    check: ({ path, text }) =>
      within(path, 'src/') &&
      path !== 'src/lib/openapi/examples.json' &&
      !within(path, 'src/clients/') &&
      lineCount(text) > 250
        ? [`${lineCount(text)} lines`]
        : [],
    broken: [{ path: 'src/styles/a.css', text: 'a\n'.repeat(251) }],
    kept: [{ path: 'src/lib/a.ts', text: 'a\n'.repeat(250) }],
  },
  {
    says: 'a route has at most 30 lines',
    check: ({ path, text }) =>
      /^src\/pages\/.*\.ts$/.test(path) && lineCount(text) > 30 ? [`${lineCount(text)} lines`] : [],
    broken: [{ path: 'src/pages/api/a.ts', text: 'a\n'.repeat(31) }],
    kept: [
      { path: 'src/pages/api/a.ts', text: 'a\n'.repeat(30) },
      { path: 'src/pages/index.astro', text: 'a\n'.repeat(31) },
    ],
  },
  {
    says: 'names say what is in a file',
    check: ({ path }) =>
      path
        .split('/')
        .filter((part) => /^(utils?|helpers?|managers?|common|misc|shared)\b/i.test(basename(part))),
    broken: [
      { path: 'src/lib/utils/a.ts', text: '' },
      { path: 'tests/support/helpers.ts', text: '' },
    ],
    kept: [{ path: 'src/lib/commonwealth.ts', text: '' }],
  },
  {
    // A part is closed through its own function, or through a part that it has opened and returns.
    says: 'what open… returns has to be closed, what create… returns does not',
    check: ({ path, text }) => {
      if (!within(path, 'src/lib/')) return []
      const makers = (kind: string) =>
        [...text.matchAll(new RegExp(`^export (?:async )?(?:function|const) (${kind}[A-Z]\\w*)`, 'gm'))].map(
          ([, name = '']) => name,
        )
      const opened = makers('open').filter((name) => !name.startsWith('openApi'))
      const closes = /^\s+(?:async )?(?:close|stop|seal)(?:\(\)|\((?:grace|wait)\b|: )/m.test(text)
      const opensOthers = [...text.matchAll(/\bopen[A-Z]\w*(?=[(<])/g)].some(
        ([name]) => !opened.includes(name),
      )
      return [
        ...(opened.length > 0 && !closes && !opensOthers ? opened : []),
        ...(opened.length === 0 && closes ? makers('create') : []),
        ...makers('start').filter((name) => !/^start(Of|Server)/.test(name)),
      ]
    },
    broken: [
      { path: 'src/lib/a.ts', text: 'export function openAnswers() {\n  return { read: () => 1 }\n}' },
      { path: 'src/lib/a.ts', text: 'export function createTimer() {\n  return {\n    stop() {},\n  }\n}' },
      { path: 'src/lib/a.ts', text: 'export async function startTimer() {}' },
    ],
    kept: [
      { path: 'src/lib/a.ts', text: 'export function openTimer() {\n  return {\n    stop() {},\n  }\n}' },
      { path: 'src/lib/a.ts', text: 'export function openAll() {\n  return { timer: openTimer() }\n}' },
      { path: 'src/lib/a.ts', text: 'export const createAnswers = () => ({ read: () => 1 })' },
    ],
  },
  {
    says: 'nothing is left for later',
    check: ({ text }) =>
      linesLike(
        text,
        new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].map((word) => `\\b${word}\\b`).join('|')),
      ),
    broken: [{ path: 'src/lib/a.ts', text: `// ${'TO' + 'DO'}: later` }],
    kept: [{ path: 'src/lib/a.ts', text: '// says what to do' }],
  },
  {
    says: 'the links of a document lead to files',
    check: (source) =>
      source.path.endsWith('.md') ? linkedFiles(source).filter((path) => !existsSync(path)) : [],
    broken: [{ path: 'src/lib/README.md', text: 'See [the rules](classify/RULES.md#all).' }],
    kept: [
      { path: 'src/lib/README.md', text: '[The rules](classify/README.md#all), [MIT](https://a.example)' },
    ],
  },
  {
    // The formatter aligns tables, and an address cannot be broken.
    says: 'a guide has lines of at most 120 characters',
    check: ({ path, text }) =>
      /^(src\/sample-site\/pages\/docs\/.*|README|TESTING_GUIDE)\.md$/.test(path)
        ? linesLike(text, /^.{121,}$/u).filter((line) => !/^\s*\||https?:\/\/\S{80,}/.test(line))
        : [],
    broken: [{ path: 'src/sample-site/pages/docs/a.md', text: 'a '.repeat(61) }],
    kept: [
      { path: 'README.md', text: 'a'.repeat(120) },
      { path: 'README.md', text: `| ${'a '.repeat(61)}|` },
    ],
  },
  {
    says: 'lines have at most 120 characters',
    check: ({ path, text }) =>
      /\.(json|snap|md)$|^db\/(migrations\/|schema)|\/fixtures\//.test(path)
        ? []
        : linesLike(text, /^.{121,}$/u),
    broken: [
      { path: 'src/pages/a.astro', text: `<p>${'a '.repeat(60)}</p>` },
      { path: 'src/lib/a.ts', text: `  /** ${'a '.repeat(60)}*/` },
      { path: 'tests/a.ts', text: `const a = '${'a '.repeat(60)}'` },
    ],
    kept: [
      { path: 'src/pages/a.astro', text: `<p>${'a '.repeat(55)}</p>` },
      { path: 'db/schema.sql', text: 'a '.repeat(61) },
    ],
  },
  {
    // They are pages as well, and a page has only its neighbours.
    says: 'a guide links to guides only',
    check: (source) =>
      within(source.path, 'src/sample-site/pages/docs/')
        ? linkedFiles(source).filter((path) => !/^src\/sample-site\/pages\/docs\/[\w-]+\.md$/.test(path))
        : [],
    broken: [{ path: 'src/sample-site/pages/docs/a.md', text: 'See [tables](../../../db/README.md).' }],
    kept: [{ path: 'src/sample-site/pages/docs/a.md', text: 'See [settings](settings.md#all).' }],
  },
  {
    says: 'a migration says whether the former version still works with it',
    check: ({ path, text }) =>
      /^db\/migrations\/(?!0[01]\d|020)/.test(path) &&
      !/^-- (?:Keeps the former version right|The former version is wrong beside it): \S/m.test(text)
        ? [path]
        : [],
    broken: [{ path: 'db/migrations/099_more.sql', text: '-- More.\ncreate table more ();' }],
    kept: [
      { path: 'db/migrations/099_more.sql', text: '-- Keeps the former version right: it knows no more.\n' },
      {
        path: 'db/migrations/099_less.sql',
        text: '-- The former version is wrong beside it: it wants more.\n',
      },
      { path: 'db/migrations/020_surplus_clicks.sql', text: '-- Machine clicks.\n' },
    ],
  },
  {
    // A limit that suits a quick machine ends what a slow one is still at.
    says: 'a test that waits does so for as long as tests/support/patience.ts says',
    check: ({ path, text }) =>
      within(path, 'tests/') && path !== 'tests/support/wait.ts' && path !== 'tests/unit/house.test.ts'
        ? [
            ...linesLike(text, /\bvi\.(?:wait(?:For|Until)|setConfig)\b|\btimeout: \d+_\d/),
            ...linesLike(text, /\bdrained\([\d_]+\)\)\.toBe\(true\)/),
            ...(text.match(/^ *\},\s+\d+_000,?\s*\)$/gm) ?? []),
          ]
        : [],
    broken: [
      { path: 'tests/store/a.test.ts', text: 'await vi.waitFor(() => expect(a).toBe(1))' },
      { path: 'tests/store/a.test.ts', text: 'vi.setConfig({ testTimeout: 60_000 })' },
      { path: 'tests/store/a.test.ts', text: 'await expect.poll(read, { timeout: 2_000 }).toBe(1)' },
      { path: 'tests/store/a.test.ts', text: "test('a', async () => {\n}, 60_000)" },
      { path: 'tests/store/a.test.ts', text: 'expect(await flusher.drained(3_000)).toBe(true)' },
      { path: 'tests/store/a.test.ts', text: "test(\n  'a',\n  async () => {\n  },\n  60_000,\n)" },
    ],
    kept: [
      { path: 'tests/store/a.test.ts', text: 'await waitFor(() => expect(a).toBe(1))' },
      { path: 'tests/store/a.test.ts', text: 'await sql.end({ timeout: 1 })' },
      { path: 'tests/store/a.test.ts', text: 'expect(await flusher.drained(250)).toBe(false)' },
      { path: 'src/lib/a.ts', text: 'const options = { timeout: 2_000 }' },
    ],
  },
  {
    // Where opening fails, closing what was not opened would be reported in its place.
    says: 'afterAll closes only what was opened',
    check: ({ path, text }) => {
      const opened = new Set([...text.matchAll(/^ *let (\w+): [^=\n]+$/gm)].map(([, name]) => name))
      return within(path, 'tests/')
        ? [...text.matchAll(/^( *)afterAll\((?:.*\)|[\s\S]*?\n\1\}\))$/gm)].flatMap(([block]) =>
            [...block.matchAll(/\b(\w+)\.\w+\(/g)].flatMap(([call, name]) =>
              opened.has(name) ? [call] : [],
            ),
          )
        : []
    },
    broken: [
      { path: 'tests/pages/a.test.ts', text: 'let api: ApiSite\nafterAll(() => api.end())\n' },
      {
        path: 'tests/store/a.test.ts',
        text: '  let a: A | undefined\n  afterAll(async () => {\n    await a.close()\n  })\n',
      },
    ],
    kept: [
      { path: 'tests/pages/a.test.ts', text: 'let api: ApiSite\nafterAll(() => api?.end())\n' },
      { path: 'tests/pages/a.test.ts', text: 'const server = create()\nafterAll(() => server.close())\n' },
      {
        path: 'tests/store/a.test.ts',
        text: 'let a: A\nafterAll(async () => {\n  await a?.close()\n})\ntest("b", () => a.b())\n',
      },
    ],
  },
]

const sources = ['src', 'tests', 'db']
  .flatMap((folder) => read(`${folder}/**/*.{ts,mts,mjs,js,astro,css,py,html,sh,sql,md,json}`))
  .concat(read('*.md'))

test('the checks read all files', () => {
  const paths = sources.map(({ path }) => path)
  for (const path of [
    'src/lib/app.ts',
    'src/pages/[slug].ts',
    'src/sample-site/pages/404.astro',
    'tests/unit/house.test.ts',
  ]) {
    expect(paths).toContain(path)
  }
})

test('README.md is short, and links every guide', () => {
  const [readme = { path: '', text: '' }] = read('README.md')
  expect(lineCount(readme.text)).toBeLessThanOrEqual(150)
  expect(linkedFiles(readme)).toEqual(expect.arrayContaining(globSync('src/sample-site/pages/docs/*.md')))
})

test('the map of the code lists the rooms in their order', () => {
  const [map = ''] = readFileSync('src/lib/README.md', 'utf8').split('## Rooms')[1]?.split('\n## ') ?? []
  const listed = [...map.matchAll(/^\| `([\w.]+)\/?` /gm)].map(([, room]) => room)
  expect(listed).toEqual(rooms)
})

describe.each(rules)('$says', ({ check, broken, kept }) => {
  test('a violation is found', () => {
    for (const source of broken) expect(check(source), source.text.slice(0, 80)).not.toEqual([])
    for (const source of kept) expect(check(source), source.text.slice(0, 80)).toEqual([])
  })

  test('there is none', () => {
    const found = sources
      .map((source) => [source.path, check(source)] as const)
      .filter(([, faults]) => faults.length > 0)
    expect(Object.fromEntries(found)).toEqual({})
  })
})

/** The files of a circular import that begins at `path`; empty if there is none. */
function circleFrom(path: string, imports: ReadonlyMap<string, string[]>): string[] {
  const seen = new Set<string>()
  const walk = (at: string, way: string[]): string[] => {
    if (at === path && way.length > 0) return [...way, at]
    if (seen.has(at)) return []
    seen.add(at)
    for (const next of imports.get(at) ?? []) {
      const circle = walk(next, [...way, at])
      if (circle.length > 0) return circle
    }
    return []
  }
  return walk(path, [])
}

test('the library has no circular imports', () => {
  const made = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['b']],
  ])
  expect(circleFrom('a', made)).toEqual([])
  expect(circleFrom('b', made)).toEqual(['b', 'c', 'b'])
  const library = sources.filter(({ path }) => /^src\/lib\/.*\.ts$/.test(path))
  const imports = new Map(library.map((source) => [source.path, importsOf(source)]))
  expect(library.map(({ path }) => circleFrom(path, imports)).filter(({ length }) => length > 0)).toEqual([])
})

/** Files of the library that no code outside of it imports, directly or indirectly. */
function unused(files: readonly Source[]): string[] {
  const imports = new Map(files.map((source) => [source.path, importsOf(source)]))
  const reached = new Set<string>()
  const walk = (path: string): void => {
    if (reached.has(path)) return
    reached.add(path)
    for (const next of imports.get(path) ?? []) walk(next)
  }
  for (const { path } of files) if (!within(path, 'src/lib/')) walk(path)
  return files.map(({ path }) => path).filter((path) => !reached.has(path))
}

test('no file of the library is only for tests', () => {
  const made = [
    { path: 'src/cli/a.ts', text: "import { b } from '../lib/base/b.ts'" },
    { path: 'src/lib/base/b.ts', text: "import { c } from './c.ts'" },
    { path: 'src/lib/base/c.ts', text: '' },
    { path: 'src/lib/base/d.ts', text: "import { c } from './c.ts'" },
  ]
  expect(unused(made)).toEqual(['src/lib/base/d.ts'])
  const code = sources.filter(({ path }) => /^src\/.*\.(ts|astro)$/.test(path) && !path.endsWith('.d.ts'))
  expect(unused(code)).toEqual([])
})

/** Names of types that are declared in more than one file. */
function namedTwice(files: readonly Source[]): string[] {
  const names = files.flatMap(({ text }) => [
    ...new Set([...text.matchAll(/^(?:export )?type (\w+)/gm)].map(([, name = '']) => name)),
  ])
  return names.filter((name, index) => names.indexOf(name) !== index)
}

test('no two types of the library have the same name', () => {
  const [one, other] = ['export type Send = 1\ntype Part = 2', 'type Send = 3'].map((text) => ({
    path: '',
    text,
  }))
  expect(namedTwice([one, other].filter((file) => file !== undefined))).toEqual(['Send'])
  expect(namedTwice(sources.filter(({ path }) => within(path, 'src/lib/')))).toEqual([])
})

test('the lock file names no registry', () => {
  const names = (text: string) => linesLike(text, /"resolved":/)
  expect(names('  "resolved": "https://registry.example/a.tgz",')).toHaveLength(1)
  expect(names(readFileSync('package-lock.json', 'utf8'))).toEqual([])
})
