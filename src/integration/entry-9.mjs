// The program of a host's site, in place of the adapter's own up to version 9, which is called with what the site is.
import { createExports as createSite } from '@astrojs/node/server.js'
import { putInFront } from 'promo-tracking/server'

export function createExports(manifest, options) {
  const { handler } = createSite(manifest, options)
  const starts = options.mode === 'standalone' && process.env.ASTRO_NODE_AUTOSTART !== 'disabled'
  return { options, ...putInFront({ moduleUrl: import.meta.url, handler, options, starts }) }
}
