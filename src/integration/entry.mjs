// The program of a host's site, in place of the adapter's own from version 10 on; bundled with the site.
// First, since the adapter starts as soon as it is loaded.
import './autostart.mjs'
import { options, handler as site } from '@astrojs/node/server.js'
import { putInFront } from 'promo-tracking/server'
import { autostart } from './autostart.mjs'

// Workers have the environment of their supervisor, and start by themselves.
if (autostart) delete process.env.ASTRO_NODE_AUTOSTART

export { options }
export const { handler, startServer, built } = putInFront({
  moduleUrl: import.meta.url,
  handler: site,
  options,
  starts: options.mode === 'standalone' && autostart,
})
