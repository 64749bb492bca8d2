import type { RawRequest } from '../pages/running-site.ts'

export type HostRequest = RawRequest & { path: string }

/** A site as somebody else has set it up: its files are in the folder of its name. */
export type HostSite = {
  name: string
  /** What it does that another site does not. */
  habit: string
  /** The path below which it lies, without a slash at its end. */
  base: string
  manager: 'npm' | 'pnpm'
  /** Whether it has a server already; the others are files, and get the adapter first. */
  rendered: boolean
  /** What starts it. */
  program: string
  /** The folder that its build writes. */
  output: string
  /** Whether its owner checks its types. */
  checked?: true
  /** What is asked of it without us and with us: pages, files, redirects, forms, and what it does not have. */
  requests: HostRequest[]
  /** Words that its build shows to be paths of its own: a link of the same name must not hide them. */
  words: string[]
}

const gets = (...paths: string[]): HostRequest[] => paths.map((path) => ({ path }))

const form = (path: string, body: string, headers: Record<string, string> = {}): HostRequest => ({
  path,
  method: 'POST',
  headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
  body,
})

const usual = {
  base: '',
  manager: 'npm',
  rendered: true,
  program: 'dist/server/entry.mjs',
  output: 'dist',
} as const

/** Requests that each site answers in its own way. */
export const always: HostRequest[] = [
  ...gets('/%ff', '//nope', '/index.html', '/nope?promo_var=42', '/favicon.ico'),
  { path: '/', method: 'HEAD' },
  { path: '/', method: 'OPTIONS' },
  { path: '/nope', method: 'DELETE' },
  { path: '/nope', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
  { path: '/', headers: { range: 'bytes=0-3', 'accept-encoding': 'gzip', cookie: 'theirs=1' } },
]

/** What most sites do not have. */
const missing = gets('/nope', '/nope/', '/no/such/page', '/nope.html', '/api/nope', '/nocodemba/deeper')

export const sites: HostSite[] = [
  {
    ...usual,
    name: 'static-blog',
    habit: 'a blog of files, without an adapter and without a 404 page',
    rendered: false,
    requests: [
      ...gets('/', '/about/', '/posts/first/', '/posts/second/', '/favicon.svg', '/feed.xml', '/imprint/'),
      ...missing,
    ],
    words: ['about', 'imprint'],
  },
  {
    ...usual,
    name: 'catch-all',
    habit: 'a route at the root that renders any path',
    requests: [
      ...gets('/', '/front', '/weather', '/weather/', '/sport/results', '/robots.txt', '/gone', '/a/b/c'),
      ...gets('/analyst', '/sign-in-help', '/api/echo', '/%C3%BCber', '/weather?promo_var=42'),
      { path: '/weather', method: 'HEAD' },
      { path: '/api/echo', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' },
      {
        path: '/api/echo',
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: 'x'.repeat(40_000),
      },
    ],
    words: [],
  },
  {
    ...usual,
    name: 'starlight',
    habit: 'Starlight, with its own 404 page, its search and its sitemap',
    rendered: false,
    requests: [
      ...gets(
        '/',
        '/setup/',
        '/guides/daily/',
        '/sitemap-index.xml',
        '/sitemap-0.xml',
        '/pagefind/pagefind.js',
      ),
      ...missing,
    ],
    words: ['setup', 'guides', 'pagefind'],
  },
  {
    ...usual,
    name: 'own-slug-prerendered',
    habit: 'its own [slug] route, made ahead',
    requests: [
      ...gets(
        '/',
        '/pricing',
        '/pricing/',
        '/team',
        '/imprint',
        '/contact',
        '/terms.html',
        '/terms',
        '/former',
      ),
      ...missing,
      form('/contact', 'name=Ann', { origin: 'https://foreign.example' }),
    ],
    words: ['pricing', 'team', 'imprint', 'contact', 'former'],
  },
  {
    ...usual,
    name: 'own-slug-server',
    habit: 'its own [slug] route, rendered on demand, and a proxy whose host it believes',
    requests: [
      ...gets('/', '/bread', '/soup', '/soup/', '/burns', '/404', '/500', '/where'),
      ...missing,
      ...['kitchen.example', 'foreign.example'].map((host) => ({
        path: '/where',
        headers: {
          'x-forwarded-host': host,
          'x-forwarded-proto': 'https',
          'x-forwarded-for': '203.0.113.7',
        },
      })),
    ],
    words: ['burns', 'where'],
  },
  {
    ...usual,
    name: 'i18n',
    habit: 'middleware with its own locals, and languages with a prefix for each',
    requests: [
      ...gets('/', '/en', '/en/', '/de', '/de/', '/en/join', '/en/offers', '/de/offers', '/en/members'),
      ...gets('/de/members', '/fr', '/en/nope'),
      ...missing,
      { path: '/en/members', headers: { cookie: 'member=1' } },
    ],
    words: ['en', 'de'],
  },
  {
    ...usual,
    name: 'base-slash',
    habit: "base and trailingSlash: 'always'",
    base: '/magazine',
    requests: gets(
      ...['/', '/magazine', '/magazine/', '/magazine/issues', '/magazine/issues/', '/magazine/latest/'],
      ...[
        '/magazine/latest',
        '/magazine/data.json',
        '/magazine/cover.txt',
        '/magazine/nope/',
        '/magazine/nope',
      ],
      ...['/issues/', '/nope', '/nocodemba', '/analytics', '/sign-in', '/api/v1/promo/health'],
    ),
    words: ['issues', 'latest'],
  },
  {
    ...usual,
    name: 'astro-5',
    habit: 'Astro 5 with version 9 of the adapter',
    checked: true,
    requests: [
      ...gets('/', '/vote', '/old', '/old/', ...missing.map(({ path }) => path)),
      form('/vote', 'vote=yes', { origin: 'https://foreign.example' }),
    ],
    words: ['vote', 'old'],
  },
  {
    ...usual,
    name: 'astro-6',
    habit: "Astro 6 with version 10 of the adapter, base, and build.format: 'file'",
    base: '/club',
    requests: gets(
      ...['/', '/club', '/club/', '/club/rules', '/club/rules.html', '/club/today', '/club/logo.svg'],
      ...['/club/nope', '/club/no/such/page', '/rules', '/nope', '/nocodemba', '/analytics'],
    ),
    words: ['rules', 'today'],
  },
  {
    ...usual,
    name: 'hono',
    habit: 'a pipeline of its own in src/fetch.ts, with Hono',
    requests: gets('/', '/menu', '/menu/', '/teapot', ...missing.map(({ path }) => path)),
    words: ['menu'],
  },
  {
    ...usual,
    name: 'pnpm',
    habit: 'installed with pnpm',
    manager: 'pnpm',
    requests: [...gets('/', '/about', '/about/'), ...missing],
    words: ['about'],
  },
  {
    ...usual,
    name: 'tailwind',
    habit: 'Tailwind, whose styles depend on what it finds in the project',
    requests: [...gets('/', '/live'), ...missing],
    words: ['live'],
  },
  {
    ...usual,
    name: 'client-router',
    habit: 'ClientRouter, prefetching and a content security policy',
    checked: true,
    requests: [...gets('/', '/gallery'), ...missing],
    words: ['gallery'],
  },
  {
    ...usual,
    name: 'islands',
    habit: 'Svelte islands, a server island, actions, sessions and uploads',
    requests: [
      ...gets('/', '/stream', '/_image?href=x', '/_actions/greet', '/_server-islands/Later'),
      { path: '/later', method: 'HEAD' },
      {
        path: '/_actions/greet',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{"name":"Ann"}',
      },
      {
        path: '/upload',
        method: 'POST',
        headers: { 'content-type': 'application/octet-stream' },
        body: 'x'.repeat(300_000),
      },
      ...missing,
    ],
    words: ['later', 'stream'],
  },
  {
    ...usual,
    name: 'journal',
    habit:
      'content collections at the root, a sitemap, Pagefind after the build, and one page that is rendered',
    requests: gets(
      ...[
        '/',
        '/rivers',
        '/rivers/',
        '/2025/hills',
        '/subscribe',
        '/subscribe/',
        '/sitemap-index.xml',
        '/sitemap-0.xml',
      ],
      ...['/.well-known/security.txt', '/pagefind/pagefind.js', '/rivers.html', '/2025', '/2025/'],
      ...missing.map(({ path }) => path),
    ),
    words: ['rivers', 'subscribe', 'pagefind'],
  },
  {
    ...usual,
    name: 'lost-page',
    habit: 'folders and a program with names of its own, everything bundled, and a 404 page that is rendered',
    program: 'build/program/site.mjs',
    output: 'build/browser',
    requests: [
      ...gets('/', '/short', '/new/here', '/old/a/b', '/promo-of-old', '/404'),
      ...missing,
      { path: '/nope', headers: { cookie: 'guide=Ann' } },
      { path: '/nope', method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    ],
    words: ['promo-of-old'],
  },
  {
    ...usual,
    name: 'own-server',
    habit: 'a server of its own around the adapter in middleware mode',
    program: 'server.mjs',
    requests: [...gets('/', '/shop'), ...missing],
    words: ['shop'],
  },
]
