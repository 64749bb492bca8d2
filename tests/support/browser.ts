import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium, type Page } from 'playwright'
import * as v from 'valibot'
import { processEnvironment } from './environment.ts'
import { patience } from './patience.ts'

/** Names resolve to nothing, so that no test reaches beyond this machine. */
const offline = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'

/**
 * A headless Chromium: on Linux x64 the one that comes as a package, elsewhere Playwright's own, which
 * `npx playwright install chromium` fetches.
 */
export async function launchBrowser(): Promise<Browser> {
  const packaged = process.platform === 'linux' && process.arch === 'x64'
  // The package's own arguments are for a cloud function: one process, and web security off.
  const browser = await chromium.launch({
    timeout: patience,
    ...(packaged
      ? { executablePath: await unpackedBrowser(), args: ['--no-sandbox', offline] }
      : { args: [offline] }),
  })
  browser.on('context', (context) => context.setDefaultTimeout(patience))
  return browser
}

const manifest = 'node_modules/@sparticuz/chromium/package.json'
const ManifestSchema = v.object({ version: v.string() })

/**
 * The packaged browser, unpacked once for each version. Several processes may need it at the same time, and one may
 * be killed while it unpacks: the folder gets its name when all of it is there, and the first to name it wins.
 */
async function unpackedBrowser(): Promise<string> {
  const { version } = v.parse(ManifestSchema, JSON.parse(readFileSync(manifest, 'utf8')))
  const folder = resolve('node_modules/.cache', `chromium-${version}`)
  const program = join(folder, 'chromium')
  if (existsSync(program)) return program
  await mkdir(dirname(folder), { recursive: true })
  const own = await mkdtemp(`${folder}-`)
  try {
    await unpackInto(own)
    await rename(own, folder)
  } catch (error) {
    await rm(own, { recursive: true, force: true })
    if (!existsSync(program)) throw error
  }
  return program
}

const unpack =
  "const { default: chromium } = await import('@sparticuz/chromium'); await chromium.executablePath()"

/**
 * In a process of its own: the package unpacks into the folder for temporary files, and Linux runs no program that a
 * process still has open for writing, be it a child that was started meanwhile.
 */
async function unpackInto(folder: string): Promise<void> {
  const args = ['--input-type=module', '--eval', unpack]
  await promisify(execFile)(process.execPath, args, { env: { ...processEnvironment, TMPDIR: folder } })
}

/** A person's browser: Chromium says of itself that it is headless, which counts as a machine. */
export const personsUserAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/**
 * A picture for people to look at, where `PICTURES` asks for it: nothing is tested by it, and one of a whole page takes
 * a second of both processors. On a busy machine the browser cannot take one now and then, but can the next.
 */
export async function takePicture(page: Page, path: string, fullPage = true): Promise<void> {
  if (!process.env.PICTURES) return
  const take = () => page.screenshot({ path, fullPage })
  await take().catch(take)
}
