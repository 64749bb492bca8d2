import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { expect, onTestFinished } from 'vitest'
import { migrate } from '../../src/lib/database/migrate.ts'
import { createLedger, expectExactlyOnce } from '../crash/ledger.ts'
import { insertPromos } from '../support/database.ts'
import { temporaryFolder } from '../support/folders.ts'
import { startStandby, startTestServer, type TestServer } from '../support/postgres-server.ts'
import { type SiteProcess, startSiteProcess } from '../support/site.ts'
import { steadyPort } from '../support/steady-port.ts'
import { waitFor } from '../support/wait.ts'

/** Why the cluster cannot be set up here, or `undefined`. */
export const missing =
  spawnSync('haproxy', ['-v']).status === 0 ? undefined : 'haproxy is not installed (apt-get install haproxy)'

const quiet = { max: 1, onnotice: () => {} }

/** Two PostgreSQL servers of which one follows the other, three sites, and HAProxy before them, under load. */
export async function openCluster({ synchronous = false, keepMinutes = 10 } = {}) {
  const primary = await startTestServer()
  onTestFinished(() => primary.remove())
  const sql = postgres(primary.url, quiet)
  await migrate(sql)
  await insertPromos(sql)
  const standby = await startStandby(primary)
  onTestFinished(() => standby.remove())
  const after = postgres(standby.url, { ...quiet, backoff: () => 0.1 })
  onTestFinished(() => after.end({ timeout: 1 }))
  await waitFor(async () => expect(await sql`select from pg_stat_replication`).toHaveLength(1))
  if (synchronous) {
    await sql`alter system set synchronous_standby_names = 'standby'`
    await sql`select pg_reload_conf()`
    await waitFor(async () =>
      expect(await sql`select sync_state from pg_stat_replication`).toEqual([{ sync_state: 'sync' }]),
    )
  }
  await sql.end()

  const { username, password, pathname } = new URL(primary.url)
  const hosts = `127.0.0.1:${standby.port},127.0.0.1:${primary.port}`
  const settings = await Promise.all(
    [0, 1, 2].map(async () => ({
      DATABASE_URL: `postgres://${username}:${password}@${hosts}${pathname}?target_session_attrs=read-write`,
      PORT: `${await steadyPort()}`,
      PROMO_DATA_DIR: temporaryFolder(),
      PROMO_FLOOD_PER_MINUTE: '1000000000',
      PROMO_TRUSTED_PROXIES: '127.0.0.1',
      PROMO_JOURNAL_KEEP_MINUTES: `${keepMinutes}`,
    })),
  )
  const sites: SiteProcess[] = []
  const startSite = async (n: number): Promise<void> => {
    const environment = settings[n]
    if (!environment) throw new Error(`no site ${n}`)
    const site = await startSiteProcess(environment)
    sites[n] = site
    onTestFinished(() => (site.process.exitCode === null ? site.kill() : undefined))
  }
  await Promise.all([0, 1, 2].map(startSite))
  const port = await steadyPort()
  const ports = settings.map(({ PORT }) => Number(PORT))
  let balancer = await startBalancer(port, ports)
  onTestFinished(() => void balancer.kill('SIGKILL'))

  const ledger = createLedger()
  const load = new AbortController()
  const under = { signal: load.signal, pause: 10 }
  const visits = ledger.load('visit', { url: `http://127.0.0.1:${port}`, connections: 8, ...under })
  const reports = ledger.load('impression', { url: sites[2]?.url ?? '', connections: 1, ...under, pause: 50 })
  await waitFor(() => expect(ledger.answered.size).toBeGreaterThan(100))

  return {
    primary,
    standby,
    ledger,
    startSite,
    killSite: async (n: number) => await sites[n]?.kill(),
    killBalancer: async () => {
      balancer.kill('SIGKILL')
      await once(balancer, 'exit')
    },
    startBalancer: async () => {
      balancer = await startBalancer(port, ports)
    },
    /** Has the standby get nothing more: what is committed from now on is lost with the primary. */
    async cut() {
      await after`alter system set primary_conninfo = ''`
      await after`select pg_reload_conf()`
      await waitFor(async () => expect(await after`select from pg_stat_wal_receiver`).toEqual([]))
    },
    /** What a cluster manager does. Answers after how many milliseconds something was recorded there. */
    async promote(): Promise<number> {
      await after`select pg_promote()`
      const promoted = performance.now()
      const [before] = await after<{ id: string }[]>`select max(id) as id from promo_click_tracking`
      await waitFor(
        async () =>
          expect(
            await after`select from promo_click_tracking where id > ${before?.id ?? 0} limit 1`,
          ).toHaveLength(1),
        20,
      )
      return performance.now() - promoted
    },
    /** Ends the load. All that was answered is in the database once; answers the requests that failed. */
    async finish(server: TestServer) {
      load.abort()
      const results = await Promise.all([visits, reports])
      const failed = ledger.strange.splice(0)
      expect(failed.map(({ status }) => status).filter((status) => status !== 502 && status !== 503)).toEqual(
        [],
      )
      const counted = postgres(server.url, quiet)
      // A site looks every ten seconds which timeline it is.
      await waitFor(() => expectExactlyOnce(counted, ledger), 1_000)
      await counted.end()
      return {
        answered: ledger.answered.size,
        failed: failed.length + results[0].failures + results[1].failures,
      }
    },
  }
}

/**
 * Each request goes to one site only: one that is sent again may be counted twice. A site that is killed refuses the
 * check at once; one that is slow, as on a busy machine, is not to be left out.
 */
async function startBalancer(port: number, ports: readonly number[]): Promise<ChildProcess> {
  const file = join(temporaryFolder(), 'haproxy.cfg')
  const servers = ports.map(
    (each, n) => `  server site${n} 127.0.0.1:${each} check inter 500ms fall 1 rise 1`,
  )
  writeFileSync(
    file,
    `defaults
  mode http
  option forwardfor
  option redispatch 1
  retry-on conn-failure
  timeout connect 10s
  timeout check 20s
  timeout client 60s
  timeout server 60s
listen sites
  bind 127.0.0.1:${port}
  option httpchk GET /api/v1/promo/health/live
${servers.join('\n')}
`,
  )
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: 'ignore' })
  await waitFor(() => opens(port), 20)
  return child
}

const opens = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })
