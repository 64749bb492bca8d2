import { spawnSync } from 'node:child_process'
import { chmodSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { test as base, expect } from 'vitest'
import { readAccess, role } from '../../src/lib/database/embedded/cluster.ts'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { withClient } from '../store/embedded-fixture.ts'
import { insertPromos } from '../support/database.ts'
import { makeDataDir, type SiteProcess, spawnSite } from '../support/site.ts'
import { waitFor } from '../support/wait.ts'
import { createLedger } from './ledger.ts'

/** What a container is: processes, names and host of its own. `--kill-child` ends all of it with its first process. */
const container = ['unshare', '-pfiu', '--mount-proc', '--kill-child=KILL']
export const contained = spawnSync(container[0] ?? '', [...container.slice(1), 'true']).status === 0

export type Contained = SiteProcess & { terminate(): void }

export const test = base.extend<{
  dataDir: string
  start: (settings?: Record<string, string>) => Promise<Contained>
}>({
  dataDir: async ({ task: _ }, use) => {
    const dataDir = makeDataDir()
    // Where root runs this, PostgreSQL's own user has to get in.
    chmodSync(dataDir, 0o711)
    await use(dataDir)
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  },
  start: async ({ task, dataDir }, use) => {
    const sites: SiteProcess[] = []
    await use(async (settings = {}) => {
      const environment = { PROMO_DATA_DIR: dataDir, PROMO_FLOOD_PER_MINUTE: '1000000000', ...settings }
      const { listening, ...starting } = spawnSite(environment, 'dist/server/entry.mjs', [], container)
      const site = { url: await listening, ...starting }
      sites.push(site)
      return { ...site, terminate: () => void process.kill(childOf(site.process.pid ?? 0), 'SIGTERM') }
    })
    for (const site of sites) {
      if (site.process.exitCode === null && site.process.signalCode === null) await site.kill()
      if (task.result?.state === 'fail') console.error(site.log.slice(-15).join('\n'))
    }
  },
})

const childOf = (pid: number): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0])

/** The embedded database, as seen from outside of the containers. */
export const urlOf = (dataDir: string): string => {
  const { password, port } = readAccess(clusterIn(dataDir))
  return `postgres://${role}:${password}@127.0.0.1:${port}/${role}`
}

export const postmaster = (dataDir: string): string =>
  readFileSync(join(clusterIn(dataDir), 'postmaster.pid'), 'utf8')

/** The first container on a data folder, whose links lead on, and the ledger of clicks on whichever container. */
export async function startFirst(start: () => Promise<Contained>, dataDir: string) {
  const ledger = createLedger()
  const visit = ({ url }: SiteProcess, requests: number) =>
    ledger.load('visit', { url, connections: 4, requests })
  const first = await start()
  await withClient(urlOf(dataDir), insertPromos)
  await waitFor(async () =>
    expect((await fetch(`${first.url}/nocodemba`, { redirect: 'manual' })).status).toBe(307),
  )
  return { ledger, visit, first }
}
