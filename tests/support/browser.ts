import { setTimeout as sleep } from 'node:timers/promises'
import sparticuz from '@sparticuz/chromium'
import { type Browser, chromium, type LaunchOptions, type Page } from 'playwright'

/** Names resolve to nothing, so that no test reaches beyond this machine. */
const offline = '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost'

/**
 * A headless Chromium: on Linux x64 the one that comes as a package, elsewhere Playwright's own, which
 * `npx playwright install chromium` fetches.
 */
export async function launchBrowser(): Promise<Browser> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await chromium.launch(await options())
    } catch (error) {
      // Another test file may be unpacking the same browser at this moment.
      if (attempt === 5) throw error
      await sleep(1_000)
    }
  }
}

async function options(): Promise<LaunchOptions> {
  if (process.platform !== 'linux' || process.arch !== 'x64') return { args: [offline] }
  // Its own arguments are for a cloud function: one process, and web security off.
  return { executablePath: await sparticuz.executablePath(), args: ['--no-sandbox', offline] }
}

/** A person's browser: Chromium says of itself that it is headless, which counts as a machine. */
export const personsUserAgent =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36'

/** A picture for people to look at. On a busy machine the browser cannot take one now and then, but can the next. */
export async function takePicture(page: Page, path: string, fullPage = true): Promise<void> {
  const take = () => page.screenshot({ path, fullPage })
  await take().catch(take)
}
