import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { SiteProcess } from '../support/site.ts'
import { waitFor, waitUntil } from '../support/wait.ts'
import { outageTest, test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce, type Ledger } from './ledger.ts'

/**
 * Ten seconds are promised, and a statement that hangs ends after ten: a stop that waits for it shall fail here. On a
 * machine where a start takes seconds, a stop may take five times these.
 */
const stopLimit = ({ startMilliseconds = 0 }: SiteProcess): number => Math.max(9_500, 5 * startMilliseconds)

test('a stop under load records everything that was answered, even if the database is slow', async ({
  database,
  dataDir,
  start,
}) => {
  const site = await start()
  const ledger = createLedger()
  let unlocked: Promise<unknown> | undefined
  const slow = () =>
    new Promise<void>((locked) => {
      unlocked = database.sql.begin(async (sql) => {
        await sql`lock table promo_click_tracking in access exclusive mode`
        locked()
        await sleep(3_000)
      })
    })
  await stopUnderLoad(site, ledger, slow)
  await unlocked
  expect(segmentsIn(dataDir)).toEqual([])
  await expectExactlyOnce(database.sql, ledger)
})

outageTest(
  'a stop while the database is away leaves the journal to the next start',
  async ({ server, database, dataDir, start }) => {
    const site = await start()
    const ledger = createLedger()
    await server.stop()
    await stopUnderLoad(site, ledger).finally(server.start)
    expect(segmentsIn(dataDir).length).toBeGreaterThan(0)
    await untilDrained(await start())
    await expectExactlyOnce(database.sql, ledger)
  },
)

outageTest(
  'a database that begins to hang as the stop begins does not hold it up',
  async ({ server, database, dataDir, start }) => {
    const site = await start()
    const ledger = createLedger()
    await stopUnderLoad(site, ledger, server.pause).finally(server.resume)
    expect(segmentsIn(dataDir).length).toBeGreaterThan(0)
    await untilDrained(await start())
    await expectExactlyOnce(database.sql, ledger)
  },
)

test('unfinished requests do not delay a stop', async ({ start }) => {
  const site = await start()
  const { hostname, port } = new URL(site.url)
  const begun = [
    'GET /nocodemba?promo_var=42 HTTP/1.1\r\nHost: localhost\r\n',
    'POST /api/v1/promo/track-click HTTP/1.1\r\nHost: localhost\r\nContent-Type: ' +
      'application/json\r\nContent-Length: 99\r\n\r\n{',
  ]
  for (const text of begun) {
    const socket = connect(Number(port), hostname).on('error', () => {})
    await once(socket, 'connect')
    socket.write(text)
  }
  await sleep(100)
  const before = performance.now()
  expect(await site.stop()).toBe(0)
  expect(performance.now() - before).toBeLessThan(stopLimit(site))
})

test('a port in use ends the start with a message that says what to set', async ({ start }) => {
  const taken = createServer()
  const port = await new Promise<number>((resolve) =>
    taken.listen(0, '127.0.0.1', () => {
      const address = taken.address()
      resolve(typeof address === 'object' && address ? address.port : 0)
    }),
  )
  await expect(start({ PORT: String(port) })).rejects.toThrow(
    new RegExp(`ended with 1:.*127\\.0\\.0\\.1:${port}.*Set PORT or HOST`, 's'),
  )
  taken.close()
})

test.for([
  ['SIGINT', 'an interrupt from the keyboard'],
  ['SIGHUP', 'a terminal that is closed'],
] as const)('%s, %s, stops the site, too', async ([signal], { start }) => {
  const { process: site, log } = await start()
  site.kill(signal)
  expect((await once(site, 'exit'))[0]).toBe(0)
  expect(log.join('\n')).toContain('"stopping"')
})

test('npm starts the site itself, so that signals reach it', async ({ database, dataDir }) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
  const child = spawn('sh', ['-c', scripts.start], {
    env: {
      PATH: `${process.cwd()}/node_modules/.bin:${process.env.PATH}`,
      PORT: '0',
      DATABASE_URL: database.url,
      PROMO_DATA_DIR: dataDir,
    },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  let told = ''
  child.stdout.on('data', (text) => {
    told += text
  })
  await waitFor(() => expect(told).toContain('"listening"'))
  expect(told).toMatch(/"version":"\d+\.\d+\.\d+","fast_path":true,.*"listening"/)
  child.kill('SIGTERM')
  expect((await exited)[0]).toBe(0)
  expect(told).toContain('"stopping"')
})

test('idle connections stay open for longer than a balancer keeps its own', async ({ start }) => {
  const site = await start()
  const answer = await fetch(`${site.url}/nocodemba`, { redirect: 'manual' })
  expect(answer.headers.get('keep-alive')).toBe('timeout=65')
})

test('invalid settings end the start and are named', async ({ start }) => {
  const wrong = start({ DATABASE_URL: 'mysql://nonsense', PORT: 'eighty' })
  await expect(wrong).rejects.toThrow(/ended with 1:.*PORT must be.*DATABASE_URL must begin with postgres/s)
})

async function stopUnderLoad(
  site: SiteProcess,
  ledger: Ledger,
  justBefore: () => unknown = () => {},
): Promise<void> {
  const { url } = site
  ledger.watch(site)
  const load = new AbortController()
  const runs = [
    ledger.load('visit', { url, connections: 4, signal: load.signal, pause: 1 }),
    ledger.load('report', { url, connections: 2, signal: load.signal, requests: 400, pause: 5 }),
    ledger.load('impression', { url, connections: 2, signal: load.signal, requests: 150, pause: 5 }),
  ]
  await waitUntil(() => ledger.answered.size > 10)
  await justBefore()
  const before = performance.now()
  const stopped = site.stop()
  const code = await Promise.race([stopped, sleep(stopLimit(site) + 5_000, 'still running' as const)])
  const took = performance.now() - before
  load.abort()
  await Promise.all(runs)
  expect(code).toBe(0)
  expect(took).toBeLessThan(stopLimit(site))
}

const segmentsIn = (dataDir: string): string[] =>
  readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.journal'))
