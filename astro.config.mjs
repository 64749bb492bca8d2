import node from '@astrojs/node'
import { defineConfig } from 'astro/config'
import { listPages } from './src/integration/list-pages.ts'

export default defineConfig({
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  integrations: [listPages()],
  build: { inlineStylesheets: 'never' },
  // Believes no X-Forwarded-Host, and lets the server (src/server/public-address.ts) say that the public address has TLS.
  security: { checkOrigin: true, allowedDomains: [{ protocol: 'https', hostname: 'localhost' }] },
  // No page of this site has an image that is converted when somebody asks for it.
  image: { endpoint: { route: '/_image', entrypoint: './src/astro/no-images.ts' } },
  devToolbar: { enabled: false },
})
