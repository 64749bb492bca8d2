import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  base: '/club',
  build: { format: 'file' },
  adapter: node({ mode: 'standalone' }),
})
