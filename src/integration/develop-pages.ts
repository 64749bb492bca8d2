import { globSync } from 'node:fs'
import { join } from 'node:path'
import type { AstroIntegration } from 'astro'
import sirv from 'sirv'

const source = join(import.meta.dirname, '..')

/** Puts our pages into `astro dev` of this repository as they are in `src/pages`, so that an edit is seen at once. */
export const developPages = (): AstroIntegration => ({
  name: 'develop-pages',
  hooks: {
    'astro:config:setup': ({ injectRoute, addMiddleware }) => {
      for (const file of globSync('**/*.{astro,ts}', { cwd: join(source, 'pages') })) {
        const pattern = `/${file.replace(/\.\w+$/, '').replace(/(^|\/)index$/, '')}`
        injectRoute({ pattern, entrypoint: join(source, 'pages', file), prerender: false })
      }
      addMiddleware({ entrypoint: join(source, 'middleware.ts'), order: 'pre' })
    },
    'astro:server:setup': ({ server }) => {
      server.middlewares.use(sirv(join(source, 'public'), { dev: true }))
    },
  },
})
