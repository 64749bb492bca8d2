import node from '@astrojs/node'
import { defineConfig } from 'astro/config'
import { listPages } from './src/list-pages.ts'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  integrations: [listPages()],
  build: { inlineStylesheets: 'never' },
  devToolbar: { enabled: false },
})
