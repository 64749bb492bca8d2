import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { run } from './commands.ts'
import type { HostSite } from './sites.ts'

/** Sites and their packages stay here from one run to the next. */
const cache = process.env.PROMO_SITES_DIR ?? join(tmpdir(), 'promo-sites')

/** The one line of the guide, in a configuration as its owner has it. */
export function withPromoTracking(config: string): string {
  const added = config.includes('integrations: [')
    ? config.replace(/integrations: \[(.*?)\]/s, 'integrations: [$1, promoTracking()]')
    : config.replace('defineConfig({', 'defineConfig({ integrations: [promoTracking()],')
  if (added === config) throw new Error(`there is no place for the line in:\n${config}`)
  // The comment that has the configuration checked stays the first line.
  return added.replace(/^(\/\/ @ts-check\n)?/, "$1import promoTracking from 'promo-tracking'\n")
}

/** The site with its own packages and nothing else, not built yet. Answers its folder. */
export async function prepareFolder({ name, manager }: HostSite): Promise<string> {
  const folder = join(cache, name)
  mkdirSync(folder, { recursive: true })
  for (const entry of readdirSync(folder))
    if (entry !== 'node_modules') rmSync(join(folder, entry), { recursive: true })
  cpSync(join(import.meta.dirname, name), folder, { recursive: true })
  await run(
    folder,
    manager === 'npm' ? 'npm install --no-audit --no-fund --prefer-offline' : `${pnpm} install`,
  )
  return folder
}

/** pnpm comes from npm, as it does on an owner's machine. */
export const pnpm = 'npx --yes pnpm@12'

export function addLine(folder: string): void {
  const path = join(folder, 'astro.config.mjs')
  writeFileSync(path, withPromoTracking(readFileSync(path, 'utf8')))
}

/** What a build has made for browsers, each file with its digest. */
export function readOutput(folder: string, { output }: HostSite): Record<string, string> {
  const client = join(folder, output, 'client')
  const root = existsSync(client) ? client : join(folder, output)
  return Object.fromEntries(
    readdirSync(root, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => {
        const path = join(parentPath, name)
        return [path.slice(root.length), createHash('sha256').update(readFileSync(path)).digest('hex')]
      }),
  )
}
