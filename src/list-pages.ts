import { writeFile } from 'node:fs/promises'
import type { AstroIntegration } from 'astro'

/** Tells `site.ts`, in `dist/pages.json`, which one-word paths are pages of the site: no promo link hides one. */
export function listPages(): AstroIntegration {
  let pages: string[] = []
  return {
    name: 'list-pages',
    hooks: {
      'astro:routes:resolved': ({ routes }) => {
        pages = routes.map(({ pattern }) => pattern).filter((pattern) => /^\/[^/[]+$/.test(pattern))
      },
      'astro:build:done': async ({ dir }) => {
        await writeFile(new URL('../pages.json', dir), JSON.stringify(pages))
      },
    },
  }
}
