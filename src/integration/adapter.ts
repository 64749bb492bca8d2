import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import * as v from 'valibot'

const name = '@astrojs/node'
const manifestSchema = v.object({ version: v.string() })

/** What is wrong with a site's adapter, with what to do about it; nothing where it will do. */
export function adapterFault(adapter: string | undefined): string | undefined {
  if (adapter === name) return undefined
  const found = adapter === undefined ? 'the site has no adapter' : `the site's adapter is ${adapter}`
  return (
    `promo-tracking needs ${name}, and ${found}. Run "npx astro add node" (with Astro 5 "npm install ` +
    `${name}@9", with Astro 6 "npm install ${name}@10", and name it in your configuration); your ` +
    'pages may stay static.'
  )
}

/** The major version of the adapter that a site has installed. */
export function adapterVersion(root: URL): number {
  const path = createRequire(new URL('package.json', root)).resolve(`${name}/package.json`)
  const { version } = v.parse(manifestSchema, JSON.parse(readFileSync(path, 'utf8')))
  return Number(version.split('.')[0])
}

/** What Vite asks for a site's program, and what we ask it for. */
type Resolve = (id: string, importer?: string) => Promise<{ id: string } | null>

/**
 * Has Vite take our program for that of the adapter, around which it stands. The library stays outside of the
 * site's code, so that there is one of it in a process.
 */
export function entryPlugin(root: URL) {
  const file = adapterVersion(root) < 10 ? 'entry-9.mjs' : 'entry.mjs'
  const ours = fileURLToPath(new URL(file, import.meta.url))
  return {
    name: 'promo-tracking',
    enforce: 'pre' as const,
    async resolveId(
      this: { resolve: (id: string, importer: string, options: { skipSelf: true }) => ReturnType<Resolve> },
      id: string,
      importer?: string,
    ) {
      if (id === 'promo-tracking/server') return { id, external: true }
      if (id !== `${name}/server.js`) return undefined
      if (importer !== ours) return ours
      return await this.resolve(id, fileURLToPath(new URL('package.json', root)), { skipSelf: true })
    },
  }
}
