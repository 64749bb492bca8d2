import type { Connect } from '../server/connect.ts'

type DevServer = { middlewares: { stack: { route: string; handle: Connect }[] } }

/**
 * Puts what answers promo links before all that answers in `astro dev`: Astro takes the base off addresses and
 * refuses those without its trailing slash. Its own parts go first with what their `configureServer` returns, so
 * ours has to do so after them.
 */
export const devPlugin = (front: Connect) => ({
  name: 'promo-tracking:dev',
  enforce: 'post' as const,
  configureServer:
    ({ middlewares }: DevServer) =>
    () => {
      middlewares.stack.unshift({ route: '', handle: front })
    },
})
