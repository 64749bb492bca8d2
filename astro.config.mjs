import node from '@astrojs/node'
import { defineConfig } from 'astro/config'
import promoTracking from 'promo-tracking'
import { developPages } from './src/integration/develop-pages.ts'

/** The sample site. It is a site like any other into which the package is put. */
export default defineConfig({
  srcDir: './src/sample-site',
  output: 'server',
  adapter: node({ mode: 'standalone' }),
  // `astro dev` shows our pages as they are edited, and not as they were built.
  integrations: [process.argv.includes('dev') ? developPages() : promoTracking({ strict: true })],
  server: { host: '127.0.0.1' },
  build: { inlineStylesheets: 'never' },
  // No page has an image that is converted when somebody asks for it.
  image: { endpoint: { route: '/_image', entrypoint: './src/astro/no-images.ts' } },
  devToolbar: { enabled: false },
})
