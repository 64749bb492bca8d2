import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { processEnvironment } from './environment.ts'
import { quickFolder } from './quick-folder.ts'

/** A site of somebody else into which the package is put. */
export type AstroSite = { folder: string; program: string; remove: () => void }

/** Astro's own command line. */
export const astro = resolve('node_modules/astro/bin/astro.mjs')

type Site = {
  /** The rest of Astro's configuration, besides the adapter and the integration. */
  settings?: string | undefined
  /** What `promoTracking` is called with. */
  options?: string | undefined
  mode?: 'standalone' | 'middleware'
  /** By path. */
  files?: Record<string, string> | undefined
}

/** A site in a folder of its own, with this project's source as its package. */
export function writeAstroSite({
  settings = '',
  options = '',
  mode = 'standalone',
  files = {},
}: Site): string {
  const folder = mkdtempSync(join(quickFolder(), 'promo-astro-'))
  linkPackages(folder)
  const config = `
import node from '@astrojs/node'
import promoTracking from 'promo-tracking'
export default {
  adapter: node({ mode: '${mode}' }), integrations: [promoTracking(${options})],
  devToolbar: { enabled: false }, cacheDir: './.cache', ${settings}
}
`
  const written = {
    'package.json': '{ "type": "module" }',
    'src/pages/index.astro': '<p>A page of the site: home</p>',
    ...files,
    'astro.config.mjs': config,
  }
  writeFiles(folder, written)
  return folder
}

/** The same, built. */
export async function buildAstroSite(site: Site): Promise<AstroSite> {
  const folder = writeAstroSite(site)
  await buildIn(folder)
  return {
    folder,
    program: join(folder, 'dist/server/entry.mjs'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Rejects with what `astro build` has said. */
export async function buildIn(folder: string): Promise<void> {
  // The test runner's own environment says that this is no build for production.
  const env = { ...processEnvironment, HOME: process.env.HOME }
  await promisify(execFile)(process.execPath, [astro, 'build', '--silent'], { cwd: folder, env })
}

const copied = ['src', 'public', 'db', 'build', 'package.json', 'tsconfig.json', 'astro.config.mjs']

/** This repository in a folder of its own. */
export function copyRepository(files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(quickFolder(), 'promo-astro-'))
  for (const path of copied) cpSync(path, join(folder, path), { recursive: true })
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  writeFiles(folder, files)
  return folder
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}

function linkPackages(folder: string): void {
  const packages = join(folder, 'node_modules')
  mkdirSync(packages)
  for (const name of readdirSync('node_modules'))
    symlinkSync(resolve('node_modules', name), join(packages, name))
  symlinkSync(resolve('.'), join(packages, 'promo-tracking'))
}
