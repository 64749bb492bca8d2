import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  site: 'https://publisher.example',
  base: '/magazine',
  trailingSlash: 'always',
  output: 'server',
  adapter: node({ mode: 'standalone' }),
})
