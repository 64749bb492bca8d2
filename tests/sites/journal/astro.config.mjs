import node from '@astrojs/node'
import sitemap from '@astrojs/sitemap'
import { defineConfig } from 'astro/config'

export default defineConfig({
  site: 'https://journal.example',
  output: 'static',
  trailingSlash: 'never',
  adapter: node({ mode: 'standalone' }),
  integrations: [sitemap()],
})
