import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AstroSite, buildAstroSite, buildIn, writeAstroSite } from '../support/astro-site.ts'
import { insertPromos } from '../support/database.ts'
import { ask, type RunningSite, runSite } from './running-site.ts'

/** Every word that is a page or file of one of the sites has a link of the same name, which may not hide it. */
const words = ['about', 'team', 'tool', 'sheet', 'deep', 'old', 'plain', 'notes']

const staticPage = 'A page of the site: plain'
const files = {
  'src/pages/plain.astro': `---\nexport const prerender = true\n---\n<p>${staticPage}</p>`,
  'public/tool/index.html': 'A page of the site: tool',
  'public/sheet.html': 'A page of the site: sheet',
  'public/deep/down.txt': 'A page of the site: down',
  'public/Notes.html': 'A page of the site: Notes',
}

const anyStory = `---
export const prerender = false
const { path } = Astro.params
if (path === 'nope') return new Response('The newsroom knows no such story', { status: 404 })
---
<p>A page of the site: {path}</p>`

const prerenderedStories = `---
export const prerender = true
export const getStaticPaths = () => [{ params: { post: 'about' } }, { params: { post: 'team/ann' } }]
---
<p>A page of the site: {Astro.params.post}</p>`

const prerenderedNotFound = `---\nexport const prerender = true\n---\n<p>Lost on this site</p>`

const sites = [
  {
    name: 'a server-rendered route for any path',
    files: { ...files, 'src/pages/[...path].astro': anyStory },
    pages: { '/tool': 'tool', '/sheet.html': 'sheet', '/plain': 'plain', '/top': 'top', '/a/b': 'a/b' },
    links: ['about', 'team', 'deep'],
    lost: 'The newsroom knows no such story',
    anyWord: '/[...path]',
  },
  {
    name: 'posts at the root that are made ahead, and a 404 page that is',
    files: {
      ...files,
      'src/pages/[...post].astro': prerenderedStories,
      'src/pages/404.astro': prerenderedNotFound,
    },
    pages: {
      '/about': 'about',
      '/about/': 'about',
      '/team/ann': 'team/ann',
      '/tool': 'tool',
      '/plain': 'plain',
    },
    links: ['team', 'deep'],
    lost: 'Lost on this site',
  },
  {
    name: 'no 404 page',
    files,
    pages: { '/plain': 'plain', '/tool': 'tool', '/tool/': 'tool', '/deep/down.txt': 'down' },
    links: ['about', 'deep'],
    lost: '',
  },
]

const refused = [
  { site: { settings: 'adapter: undefined' }, says: 'npx astro add node' },
  {
    site: { files: { 'src/pages/analytics/mine.astro': '<p>mine</p>' } },
    says: "promoTracking({ prefix: '/promo' })",
  },
  { site: { files: { 'public/_promo/mine/index.html': 'mine' } }, says: '/_promo' },
  { site: { options: "{ prefix: 'promo' }" }, says: "for example prefix: '/promo'" },
]
test.each(refused)(
  'a site that does not meet the requirements gets an error with the remedy: $says',
  async ({ site, says }) => {
    const folder = writeAstroSite(site)
    await expect(buildIn(folder)).rejects.toThrow(says)
    rmSync(folder, { recursive: true, force: true })
  },
)

describe.each(sites)('a site with $name', ({ files, pages, links, lost, anyWord }) => {
  let built: AstroSite
  let running: RunningSite
  beforeAll(async () => {
    built = await buildAstroSite({ settings: "redirects: { '/old': '/tool' }", files })
    running = await runSite(
      {},
      {
        program: built.program,
        async prepare(sql) {
          await insertPromos(sql)
          for (const word of words)
            await sql`insert into affiliate_links (slug, destination_url) values (${word}, 'https://merchant.example/')`
        },
      },
    )
  })
  afterAll(async () => {
    await running?.end()
    built?.remove()
  })

  test('shows its own pages before links of their names', async () => {
    for (const [path, text] of Object.entries(pages)) {
      const { status, body } = await ask(running.site, path)
      expect([path, status, body]).toEqual([
        path,
        200,
        expect.stringContaining(`A page of the site: ${text}`),
      ])
      const beside = await ask(running.site, `${path}).`)
      expect(beside.headers.location ?? '').not.toContain('merchant')
    }
    expect((await ask(running.site, '/old')).headers.location).toBe('/tool')
    // Links are found in any case, and pages are not: each has what it is called.
    expect((await ask(running.site, '/Notes.html')).body).toBe('A page of the site: Notes')
    expect((await ask(running.site, '/notes')).headers.location).toContain('merchant')
  })

  test('answers all other links', async () => {
    for (const word of [...links, 'nocodemba']) {
      const { status, headers } = await ask(running.site, `/${word}?promo_var=42`)
      expect([word, status, headers.location]).toEqual([
        word,
        307,
        expect.stringContaining('merchant.example'),
      ])
    }
  })

  test('names in health the links that its pages hide, and the pages that links may hide', async () => {
    const { hints } = JSON.parse((await ask(running.site, '/api/v1/promo/health')).body)
    expect(hints).toContainEqual(expect.stringMatching(/pages of the site come before links .*\/plain/))
    expect(hints.filter((hint: string) => hint.includes('made on demand'))).toEqual(
      anyWord ? [expect.stringContaining(`pages of ${anyWord},`)] : [],
    )
  })

  test('bounds the bodies that are sent to links', async () => {
    const body = 'x'.repeat(20_000)
    for (const method of ['GET', 'POST']) {
      const headers = { 'content-length': String(body.length) }
      expect((await ask(running.site, '/nocodemba', { method, headers, body })).status).toBe(413)
    }
  })

  test('answers an unknown word as the site does', async () => {
    const { status, body } = await ask(running.site, '/nope')
    expect([status, body]).toEqual([404, expect.stringContaining(lost)])
    expect((await ask(running.site, '/nope', { method: 'HEAD' })).status).toBe(404)
  })
})
