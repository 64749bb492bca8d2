import node from '@astrojs/node'
import { defineConfig } from 'astro/config'

export default defineConfig({
  output: 'server',
  outDir: './build',
  build: { client: './browser', server: './program', assets: 'static', serverEntry: 'site.mjs' },
  trailingSlash: 'ignore',
  adapter: node({ mode: 'standalone' }),
  server: { host: true, port: 3456 },
  redirects: { '/old/[...rest]': '/new/[...rest]', '/promo-of-old': 'https://elsewhere.example/' },
  vite: { ssr: { noExternal: process.argv.includes('build') ? true : [] } },
})
