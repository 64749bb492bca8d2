import { once } from 'node:events'
import { globSync } from 'node:fs'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import postgres from 'postgres'
import { describe, expect } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { runningServer } from '../../src/lib/database/embedded/server.ts'
import { embeddedUrl, openEmbedded } from '../../src/lib/database/embedded/start.ts'
import { openPromoTracking } from '../../src/lib/index.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { waitUntil } from '../support/wait.ts'
import {
  answers,
  endServer,
  forkSite,
  laterTest,
  started,
  startSite,
  test,
  withClient,
} from './embedded-fixture.ts'

const keep = (url: string) =>
  withClient(url, async (sql) => {
    await sql`create table kept (id integer primary key)`
    await sql`insert into kept values (1)`
  })

const kept = (url: string) =>
  withClient(url, async (sql) => (await sql`select id from kept order by id`).map((row) => row.id))

describe('one site', () => {
  test('the first start gives a safe server that only this machine reaches', async ({ folders, silent }) => {
    const server = await started({ ...folders, ...silent })
    expect(server).toMatchObject({ startedHere: true, notice: undefined })
    expect(new URL(server.url)).toMatchObject({
      hostname: '127.0.0.1',
      username: 'promo',
      pathname: '/promo',
    })
    const names = ['fsync', 'synchronous_commit', 'data_checksums', 'server_encoding', 'TimeZone']
    const reach = ['listen_addresses', 'unix_socket_directories', 'password_encryption']
    const settings = await withClient(
      server.url,
      (sql) => sql`select name, setting from pg_settings where name in ${sql([...names, ...reach])}`,
    )
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      data_checksums: 'on',
      server_encoding: 'UTF8',
      TimeZone: 'UTC',
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      password_encryption: 'scram-sha-256',
    })
    expect(await answers(server.url.replace(/:[^:@]+@/, ':wrong@'))).toBe(false)
    const secret = await stat(join(clusterIn(folders.dataDir), 'promo.json'))
    expect(secret.mode & 0o777).toBe(0o600)
    await server.stop()
    expect(await answers(server.url)).toBe(false)
  })

  test('an app without DATABASE_URL starts it, and stops it when it is closed', async ({ folders }) => {
    const config = readConfig({ PROMO_DATA_DIR: folders.dataDir })
    if (!config.ok) throw new Error('the settings do not hold')
    const app = await openPromoTracking({ config: config.value, log: createLog('silent') })
    if (!app.ok) throw new Error(app.fault.message)
    const url = embeddedUrl(folders.dataDir)
    if (!url.ok) throw new Error(url.fault.message)
    expect(await answers(url.value)).toBe(true)
    await app.value.close()
    expect(await answers(url.value)).toBe(false)
  })

  laterTest('the second start keeps data and address', async ({ folders, silent }) => {
    const first = await started({ ...folders, ...silent })
    await keep(first.url)
    await first.stop()
    const second = await started({ ...folders, ...silent })
    expect(second).toMatchObject({ startedHere: true, url: first.url })
    expect(await kept(second.url)).toEqual([1])
    await second.stop()
    await second.stop()
  })

  laterTest(
    'starting again in the same process finds the server, and one stop suffices',
    async ({ folders, silent }) => {
      const first = await started({ ...folders, ...silent })
      const again = await started({ ...folders, ...silent })
      expect(again).toMatchObject({ startedHere: false, url: first.url })
      await again.stop()
      expect(await answers(first.url)).toBe(false)
      await first.stop()
    },
  )

  laterTest(
    'tools find the server while it runs, and are told when it does not',
    async ({ folders, silent }) => {
      const { dataDir, sharedDir } = folders
      expect(embeddedUrl(dataDir, sharedDir)).toMatchObject({ ok: false, fault: { code: 'start_failed' } })
      const server = await started({ ...folders, ...silent })
      expect(embeddedUrl(dataDir, sharedDir)).toEqual({ ok: true, value: server.url })
      await server.stop()
      expect(embeddedUrl(dataDir, sharedDir)).toMatchObject({ ok: false, fault: { code: 'start_failed' } })
    },
  )
})

describe('several sites', () => {
  test('of two first starts at once one starts and the other adopts', async ({ folders }) => {
    const sites = await Promise.all([startSite(folders), startSite(folders)])
    expect(sites.map((site) => site.startedHere).sort()).toEqual([false, true])
    const [one, other] = sites
    expect(one.url).toBe(other.url)
    await keep(one.url)
    await one.stop()
    expect(await kept(other.url)).toEqual([1])
    await other.stop()
    expect(await answers(other.url)).toBe(false)
  })

  laterTest('an adopter that leaves does not stop the server of a live site', async ({ folders, silent }) => {
    const site = await startSite(folders)
    const adopter = await started({ ...folders, ...silent })
    expect(adopter).toMatchObject({ startedHere: false, url: site.url })
    await adopter.stop()
    expect(await answers(site.url)).toBe(true)
    await site.stop()
    expect(await answers(site.url)).toBe(false)
  })
})

describe('a site elsewhere', () => {
  laterTest('keeps its server, and is waited for', async ({ folders, silent }) => {
    const site = await startSite(folders)
    const far = { ...folders, ...silent, life: { place: 'far' } }
    const refused = await openEmbedded({ ...far, elsewhereWait: 1_200 })
    expect(refused).toMatchObject({ ok: false, fault: { code: 'in_use' } })
    expect(refused.ok ? '' : refused.fault.message).toMatch(
      /host .+, last sign \d+ s ago.*PROMO_DATA_DIR.*DATABASE_URL/,
    )
    expect(await answers(site.url)).toBe(true)
    const waiting = started(far)
    await sleep(300)
    await site.stop()
    const next = await waiting
    expect(next.startedHere).toBe(true)
    await next.beat()
    await next.stop()
  })
})

describe('a process that ends without stopping its server', () => {
  laterTest('takes the server with it, unless another site uses it', async ({ folders }) => {
    const [one, other] = await Promise.all([startSite(folders), startSite(folders)])
    await one.end()
    await sleep(200)
    expect(await answers(other.url)).toBe(true)
    await other.end()
    await waitUntil(async () => !(await answers(other.url)))
    const next = await startSite(folders)
    expect(next.startedHere).toBe(true)
    await next.stop()
  })

  test('in the middle of a start ends the server, too', async ({ folders }) => {
    const child = forkSite(folders)
    const programs = () => globSync(join(folders.dataDir, 'postgres{,.new-*}', 'postmaster.pid'))
    await waitUntil(() => programs().length > 0, 5)
    const gone = once(child, 'exit')
    child.send('end')
    await gone
    await waitUntil(() => runningServer(clusterIn(folders.dataDir)) === undefined)
    await sleep(500)
    expect(runningServer(clusterIn(folders.dataDir))).toBeUndefined()
  })
})

describe('kill -9', () => {
  laterTest(
    'of the site leaves the server running, the next start adopts and stops it',
    async ({ folders, silent }) => {
      const site = await startSite(folders)
      await keep(site.url)
      await site.kill()
      expect(await kept(site.url)).toEqual([1])
      const next = await started({ ...folders, ...silent })
      expect(next).toMatchObject({ startedHere: false, url: site.url })
      await next.stop()
      expect(await answers(site.url)).toBe(false)
    },
  )

  laterTest(
    'of site and server while a client writes loses nothing committed',
    async ({ folders, silent }) => {
      const site = await startSite(folders)
      await keep(site.url)
      const committed = [1]
      const sql = postgres(site.url, { max: 1, connect_timeout: 1, onnotice: () => undefined })
      const writing = (async () => {
        for (let id = 2; ; id++) {
          await sql`insert into kept values (${id})`
          committed.push(id)
        }
      })().catch(() => 'interrupted')
      // A backend that computes does not notice the end of its server, and holds its memory for a while.
      const computing = withClient(
        site.url,
        (busy) => busy`select max(md5(n::text)) from generate_series(1, 2000000) n`,
      ).catch(() => undefined)
      await waitUntil(() => committed.length > 50)
      await site.kill()
      await endServer(clusterIn(folders.dataDir))
      expect(await writing).toBe('interrupted')
      await sql.end({ timeout: 1 })

      const next = await started({ ...folders, ...silent })
      expect(next).toMatchObject({ startedHere: true, url: site.url })
      expect(await kept(next.url)).toEqual(expect.arrayContaining(committed))
      await computing
      await next.stop()
    },
  )

  test('in the middle of the first start does not hinder the next', async ({ folders, silent }) => {
    const child = forkSite(folders)
    const unfinished = async () =>
      (await readdir(folders.dataDir).catch(() => [])).find((name) => name.startsWith('postgres.new-'))
    await waitUntil(unfinished, 5)
    await sleep(100)
    child.kill('SIGKILL')
    expect(await readdir(folders.dataDir)).toContain('postgres.lock')
    expect(await readdir(folders.dataDir)).not.toContain('postgres')
    await mkdir(join(folders.dataDir, 'postgres.new-older'))
    await writeFile(join(folders.dataDir, 'postgres.new-older', 'PG_VERSION'), '18\n')

    const next = await started({ ...folders, ...silent })
    expect(next.startedHere).toBe(true)
    expect(await answers(next.url)).toBe(true)
    expect(await readdir(folders.dataDir)).not.toContain('postgres.new-older')
    await next.stop()
  })
})
