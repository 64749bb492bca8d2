import node from '@astrojs/node'
import { defineConfig } from 'astro/config'
import { listPages } from './src/list-pages.ts'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  integrations: [listPages()],
  build: { inlineStylesheets: 'never' },
  // A form's origin is compared with the address in the request. What that address is, the proxy in front knows.
  security: { checkOrigin: true, allowedDomains: [{}] },
  devToolbar: { enabled: false },
})
