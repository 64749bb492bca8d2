import { addEditor } from '../../src/lib/auth/editor.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { makeDataDir, type SiteProcess, startSiteProcess } from '../support/site.ts'

const editor = { name: 'bench', password: 'a long password of the bench' }

/** A site over a database, and somebody who may read everything there. */
export type ReadersSite = { site: SiteProcess; cookie: string }

export async function openReadersSite(url: string): Promise<ReadersSite> {
  const database = openDatabase({ locate: async () => ok(url), log: createLog('silent'), connections: 1 })
  await addEditor(database, editor)
  await database.close()
  const site = await startSiteProcess({
    DATABASE_URL: url,
    PROMO_DATA_DIR: makeDataDir(),
    // Each request comes from an address of its own, so that no limit gets in the way.
    PROMO_TRUSTED_PROXIES: '127.0.0.1',
    PROMO_FLOOD_PER_MINUTE: '1000000000',
  })
  const answer = await fetch(`${site.url}/sign-in`, {
    method: 'POST',
    headers: { origin: site.url },
    body: new URLSearchParams(editor),
    redirect: 'manual',
  })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0]
  if (cookie === undefined) throw new Error(`nobody could sign in: ${answer.status}`)
  return { site, cookie }
}

let caller = 0

/**
 * Milliseconds until the whole answer is there; by default it is read anew. `cacheControl` is what the request says of
 * answers that are remembered.
 */
export async function timeOf(
  { site, cookie }: ReadersSite,
  path: string,
  cacheControl = 'no-cache',
): Promise<number> {
  caller += 1
  const headers = {
    cookie,
    'cache-control': cacheControl,
    'x-forwarded-for': `10.${caller >> 16}.${(caller >> 8) & 255}.${caller & 255}`,
  }
  const asked = performance.now()
  const answer = await fetch(`${site.url}${path}`, { headers })
  await answer.arrayBuffer()
  if (answer.status !== 200) throw new Error(`${path} answered ${answer.status}`)
  return performance.now() - asked
}
