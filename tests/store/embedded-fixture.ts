import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import * as v from 'valibot'
import { test as base } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { locateBinaries } from '../../src/lib/database/embedded/binaries.ts'
import { choosePlace, clusterIn } from '../../src/lib/database/embedded/place.ts'
import { freePort, runningServer } from '../../src/lib/database/embedded/server.ts'
import {
  type EmbeddedOptions,
  type EmbeddedServer,
  openEmbedded,
} from '../../src/lib/database/embedded/start.ts'
import { layCluster } from '../support/made-cluster.ts'
import { quickFolder } from '../support/quick-folder.ts'

export const isRoot = process.getuid?.() === 0

/** Folders of one test, deleted after it together with the servers that still run in them. */
export type Folders = { root: string; dataDir: string; sharedDir: string }

export type Site = {
  url: string
  startedHere: boolean
  kill(): Promise<void>
  end(): Promise<void>
  stop(): Promise<void>
}

const Announced = v.object({ url: v.string(), startedHere: v.boolean() })
/** A process that starts a database and prints the outcome. */
export const SITE = fileURLToPath(new URL('./embedded-site.ts', import.meta.url))

export const test = base.extend<{ folders: Folders; silent: Pick<EmbeddedOptions, 'log'> }>({
  silent: async ({ task: _ }, use) => use({ log: createLog('silent') }),
  folders: async ({ task: _ }, use) => {
    const root = await mkdtemp(join(quickFolder(), 'promo-embedded-'))
    const sharedDir = join(root, 'shared')
    await chmod(root, 0o711)
    await mkdir(sharedDir)
    await use({ root, dataDir: join(root, 'data'), sharedDir })
    const shared = (await readdir(sharedDir)).map((name) => join(sharedDir, name))
    const homes = [...shared, ...(await readdir(root)).map((name) => join(root, name))]
    for (const home of homes) await endServer(clusterIn(home))
    await rm(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 })
  },
})

/** For what comes after the first start: the data folder has a database, which has not run yet. */
export const laterTest = test.extend<{ folders: Folders }>({
  folders: async ({ folders }, use) => {
    const binaries = locateBinaries()
    if (!binaries.ok) throw new Error(binaries.fault.message)
    const place = await choosePlace(folders.dataDir, folders.sharedDir, binaries.value)
    if (!place.ok) throw new Error(place.fault.message)
    await layCluster(place.value, (await freePort(0)) ?? 0)
    await use(folders)
  },
})

/** Kills whatever server runs on the cluster, as a power failure would, and waits until it is gone. */
export async function endServer(cluster: string): Promise<void> {
  const pid = serverPid(cluster)
  if (pid === undefined) return
  process.kill(pid, 'SIGKILL')
  while (serverPid(cluster) === pid) await sleep(20)
}

function serverPid(cluster: string): number | undefined {
  try {
    return runningServer(cluster)?.pid
  } catch {
    return undefined
  }
}

/** Starts in this process, and fails the test where that is refused. */
export async function started(options: EmbeddedOptions): Promise<EmbeddedServer> {
  const server = await openEmbedded(options)
  if (!server.ok) throw new Error(`${server.fault.code}: ${server.fault.message}`)
  return server.value
}

/** Starts in a process of its own. */
export async function startSite({ dataDir, sharedDir }: Folders): Promise<Site> {
  const child = forkSite({ dataDir, sharedDir })
  const [announced] = await once(child, 'message')
  const gone = once(child, 'exit')
  return {
    ...v.parse(Announced, announced),
    kill: async () => {
      child.kill('SIGKILL')
      await gone
    },
    end: async () => {
      child.send('end')
      await gone
    },
    stop: async () => {
      child.send('stop')
      await gone
    },
  }
}

export const forkSite = ({ dataDir, sharedDir }: Omit<Folders, 'root'>): ChildProcess =>
  fork(SITE, [dataDir, sharedDir])

/** Does something over one connection that is closed afterwards. */
export async function withClient<Value>(
  url: string,
  work: (sql: postgres.Sql) => Promise<Value>,
): Promise<Value> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined })
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Whether the server answers. */
export const answers = (url: string): Promise<boolean> =>
  withClient(url, (sql) => sql`select 1`).then(
    () => true,
    () => false,
  )
