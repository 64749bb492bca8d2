import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { processEnvironment } from './environment.ts'

/** This project's site as somebody else has set Astro up, built in a folder of its own. */
export type AstroSite = { folder: string; program: string; remove: () => void }

/** Astro's own command line. */
export const astro = resolve('node_modules/astro/bin/astro.mjs')

const copied = ['src', 'public', 'db', 'package.json', 'tsconfig.json']

/** `settings` is what stands in the braces of Astro's configuration, beside this project's own; `files` are written by path, and those `removed` are none of it. */
export async function buildAstroSite(
  settings: string,
  files: Record<string, string> = {},
  removed: readonly string[] = [],
): Promise<AstroSite> {
  const folder = copyAstroSite(settings, files, removed)
  // The test runner's own environment says that this is no build for production.
  const env = { ...processEnvironment, HOME: process.env.HOME }
  await promisify(execFile)(process.execPath, [astro, 'build', '--silent'], { cwd: folder, env })
  return {
    folder,
    program: join(folder, 'src/server/start.ts'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** The same before it is built. */
export function copyAstroSite(
  settings = '',
  files: Record<string, string> = {},
  removed: readonly string[] = [],
): string {
  const folder = mkdtempSync(join(tmpdir(), 'promo-astro-'))
  for (const path of copied) cpSync(path, join(folder, path), { recursive: true })
  cpSync('astro.config.mjs', join(folder, 'own.config.mjs'))
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'))
  const config = `import own from './own.config.mjs'\nexport default { ...own, cacheDir: './.cache', ${settings} }\n`
  for (const [path, text] of Object.entries({ ...files, 'astro.config.mjs': config })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  for (const path of removed) rmSync(join(folder, path))
  return folder
}
