import { writeFile } from 'node:fs/promises'
import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

/** Tells `src/server.ts` which one-word paths are pages of the site, so that no promo link hides one. */
const listPages = () => {
  let pages = []
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

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  integrations: [listPages()],
  build: { inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
})
