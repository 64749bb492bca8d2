import { fileURLToPath } from 'node:url'
import node from '@astrojs/node'
import { defineConfig } from 'astro/config'
import manifest from '../package.json' with { type: 'json' }

/** What is installed with the package anyway; charts are drawn by the pages only. */
const installed = Object.keys(manifest.dependencies).filter((name) => !/^(@?astro|d3-|node$)/.test(name))

/** The pages and endpoints of the product, built once for every site that it is put into. */
export default defineConfig({
  srcDir: './src',
  publicDir: './src/public',
  outDir: './build/pages',
  cacheDir: './node_modules/.astro/pages',
  output: 'server',
  adapter: node({ mode: 'middleware' }),
  session: false,
  build: { assets: '_promo', inlineStylesheets: 'never' },
  // Believes no X-Forwarded-Host, and lets the server (src/server/public-address.ts) say that the public
  // address has TLS.
  security: { checkOrigin: true, allowedDomains: [{ protocol: 'https', hostname: 'localhost' }] },
  // No page has an image that is converted when somebody asks for it.
  image: { endpoint: { route: '/_image', entrypoint: './src/astro/no-images.ts' } },
  devToolbar: { enabled: false },
  // A host has an Astro of its own version, or none where it runs: what the pages need of Astro comes with them.
  vite: {
    // Astro's adapter brings it for files, which the server (src/server/prerendered.ts) sends by itself here; its
    // table of media types is a twentieth of the package.
    resolve: { alias: { send: fileURLToPath(new URL('./astro/no-files.ts', import.meta.url)) } },
    ssr: { noExternal: true, external: installed },
    environments: { ssr: { build: { rolldownOptions: { output: { minify: true } } } } },
  },
})
