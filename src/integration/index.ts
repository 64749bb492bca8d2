import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { AstroConfig, AstroIntegration } from 'astro'
import type { Connect } from '../server/connect.ts'
import { type HostSite, siteFile } from '../server/host-site.ts'
import { isOwnPath, ownPaths, wordsOf } from '../server/own-paths.ts'
import { adapterFault, entryPlugin } from './adapter.ts'
import { devPlugin } from './dev-plugin.ts'
import { siteFirst } from './site-first.ts'
import { wordOf, wordOfRest, wordsIn } from './site-words.ts'

export type PromoTrackingOptions = {
  /** What the paths of the analytics, of signing in and of the API begin with, such as `/promo`; nothing by default. */
  prefix?: string
  /**
   * Protects the site's own pages as ours are: bodies of more than 16 KiB and addresses that cannot be read are
   * refused. Off by default, since nothing of a site changes.
   */
  strict?: boolean
}

/** Puts promo links, their tracking and the analytics into a site. */
export default function promoTracking({
  prefix = '',
  strict = false,
  ...unknown
}: PromoTrackingOptions = {}): AstroIntegration {
  const [misspelt] = Object.keys(unknown)
  if (misspelt !== undefined)
    throw new Error(`promoTracking({ ${misspelt} }): there is no such option. It has prefix and strict.`)
  const site: Omit<HostSite, 'pages'> = { base: '', prefix: prefix.replace(/\/$/, ''), strict }
  const pages = new Set<string>()
  /** Routes with parameters whose pages a build makes ahead. */
  let madeAhead: RegExp[] = []
  let config: AstroConfig
  let front: Connect | undefined
  return {
    name: 'promo-tracking',
    hooks: {
      'astro:config:setup': ({ config: { root, integrations }, command, updateConfig }) => {
        checkPrefix(prefix)
        if (integrations.filter(({ name }) => name === 'promo-tracking').length > 1)
          throw new Error('integrations in astro.config has promoTracking() twice: remove one of them.')
        const plugin =
          command === 'build'
            ? entryPlugin(root)
            : devPlugin((request, response, next) => (front ? front(request, response, next) : next()))
        if (command !== 'preview') updateConfig({ vite: { plugins: [plugin] } })
      },
      'astro:config:done': (done) => {
        config = done.config
        const fault = adapterFault(config.adapter?.name)
        if (fault !== undefined) throw new Error(fault)
        site.base = config.base.replace(/\/$/, '')
      },
      'astro:routes:resolved': ({ routes }) => {
        madeAhead = routes
          .filter(({ isPrerendered, params }) => isPrerendered && params.length > 0)
          .map(({ patternRegex }) => patternRegex)
        for (const { pattern, isPrerendered, type } of routes) {
          refuseOwnPath(pattern, site.prefix)
          const word = wordOf(pattern) ?? (isPrerendered ? undefined : wordOfRest(pattern))
          if (word !== undefined) pages.add(word)
          if (!isPrerendered && type === 'page' && /^\/\[[^/]*\]$/.test(pattern)) site.anyWord = pattern
        }
      },
      'astro:server:setup': async () => {
        const { lazyHandler } = await import('promo-tracking/server')
        for (const word of wordsIn(fileURLToPath(config.publicDir))) pages.add(word)
        const links = lazyHandler({ ...site, pages: [] }, { pages, defaults: listensAt(config) })
        front = siteFirst(links, (target) => {
          const word = target.startsWith(site.base) ? linkWord(target.slice(site.base.length)) : undefined
          const paths = word === undefined || wordsOf(site).includes(word) ? [] : [`/${word}`, `/${word}/`]
          const path = paths.find((one) => madeAhead.some((route) => route.test(one)))
          return path === undefined ? undefined : `${site.base}${path}`
        })
      },
      'astro:server:done': async () => (await import('promo-tracking/server')).closeHandlers(),
      'astro:build:done': async ({ dir, pages: built }) => {
        for (const { pathname } of built) {
          const word = wordOf(pathname)
          if (word !== undefined) pages.add(word)
        }
        for (const path of ownPaths)
          if ([path, `${path}.html`].some((file) => existsSync(new URL(`.${site.prefix}${file}`, dir))))
            refuseOwnPath(`${site.prefix}${path}`, site.prefix)
        for (const word of wordsIn(fileURLToPath(dir))) pages.add(word)
        const written: HostSite = { ...site, pages: [...pages] }
        await writeFile(new URL(siteFile, config.build.server), JSON.stringify(written))
      },
    },
  }
}

function checkPrefix(prefix: string): void {
  if (/^(\/[\w.~-]+)*\/?$/.test(prefix) && prefix !== '/') return
  throw new Error(`promoTracking({ prefix: '${prefix}' }): must begin with "/", for example prefix: '/promo'`)
}

/** Neither the site's page nor ours could be hidden without somebody missing it. */
function refuseOwnPath(path: string, prefix: string): void {
  if (!path.startsWith(prefix) || !isOwnPath(path.slice(prefix.length))) return
  throw new Error(
    `The site has a page at ${path}, where promo-tracking has one. ` +
      "Rename it, or give ours other paths: promoTracking({ prefix: '/promo' }).",
  )
}

/** The word of a path, as it is written, where a promo link may have it. */
const linkWord = (target: string): string | undefined => /^\/\/?([^/?#]+)\/?(?:[?#]|$)/.exec(target)?.[1]

const listensAt = ({ server: { port } }: AstroConfig) => ({ PORT: String(port) })
