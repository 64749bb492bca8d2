import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { AstroIntegration } from 'astro'

const promoRoute = 'pages/[slug].ts'

/**
 * Tells `site.ts`, in `dist/pages.json`, which paths of one word are pages and files of the site: no promo link hides one.
 * Where another route of the site takes any word, `[slug].ts` steps aside for it: Astro would never ask the other one.
 */
export function listPages(): AstroIntegration {
  const pages = new Set<string>()
  let stepsAside = false
  return {
    name: 'list-pages',
    hooks: {
      'astro:config:setup': ({ config, updateConfig }) => {
        stepsAside = takesAnyWord(fileURLToPath(new URL('pages', config.srcDir)))
        addWord(pages, config.base)
        if (stepsAside) updateConfig({ vite: { plugins: [withoutPaths] } })
      },
      'astro:route:setup': ({ route }) => {
        if (stepsAside && route.component.endsWith(promoRoute)) route.prerender = true
      },
      'astro:routes:resolved': ({ routes }) => {
        for (const { pattern } of routes) if (!pattern.includes('[')) addWord(pages, pattern)
      },
      'astro:build:done': async ({ dir, pages: prerendered }) => {
        for (const { pathname } of prerendered) addWord(pages, pathname)
        for (const name of filesIn(fileURLToPath(dir))) pages.add(name)
        await writeFile(new URL('../pages.json', dir), JSON.stringify([...pages]))
      },
    },
  }
}

function addWord(pages: Set<string>, path: string): void {
  const word = path.replace(/^\/|\/$/g, '')
  if (word !== '' && !word.includes('/')) pages.add(word)
}

/** Whether a route beside our `[slug].ts` takes any word at the root. */
const takesAnyWord = (folder: string): boolean =>
  existsSync(join(folder, '[slug].ts')) &&
  readFileSync(join(folder, '[slug].ts'), 'utf8').includes('answerPromoLink') &&
  readdirSync(folder).some((name) => /^\[[^\]]+\]\.\w+$/.test(name) && name !== '[slug].ts')

/** A prerendered route without paths takes nothing, and Astro asks the next one. */
const withoutPaths = {
  name: 'promo-route-without-paths',
  transform: (code: string, id: string) =>
    id.split('?')[0]?.endsWith(promoRoute) ? `${code}\nexport const getStaticPaths = () => []` : undefined,
}

/** What the server finds in the output for a path of one word: a file, with or without its extension, or a folder's page. */
const filesIn = (output: string): string[] =>
  readdirSync(output, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory())
      return readdirSync(join(output, entry.name)).some((name) => /^index\.html?$/.test(name))
        ? entry.name
        : []
    const extension = extname(entry.name)
    return /^\.html?$/.test(extension) ? [entry.name, entry.name.slice(0, -extension.length)] : entry.name
  })
