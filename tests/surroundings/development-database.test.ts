import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { clusterIn } from '../../src/lib/database/embedded/place.ts'
import { runningServer } from '../../src/lib/database/embedded/server.ts'
import { endServer } from '../store/embedded-fixture.ts'
import { astro, writeAstroSite } from '../support/astro-site.ts'
import { processEnvironment } from '../support/environment.ts'
import { steadyPort } from '../support/steady-port.ts'
import { waitUntil } from '../support/wait.ts'

/** Another program in the process that ends it at once, as many do. */
const hasty = "{ name: 'hasty', configureServer: () => void process.on('SIGUSR2', () => process.exit()) }"
const folder = writeAstroSite({ settings: `vite: { plugins: [${hasty}] }` })
chmodSync(folder, 0o711)
const dataDir = join(folder, '.data')
const cluster = clusterIn(dataDir)
afterAll(async () => {
  await endServer(cluster)
  rmSync(folder, { recursive: true, force: true })
})

async function develop(wait: () => Promise<unknown>) {
  const port = await steadyPort()
  const child = spawn(process.execPath, [astro, 'dev', '--host', '127.0.0.1', '--port', `${port}`], {
    cwd: folder,
    env: { ...processEnvironment, HOME: folder, ASTRO_TELEMETRY_DISABLED: '1', PROMO_DATA_DIR: dataDir },
    stdio: 'ignore',
  })
  const ask = () => fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(60_000) })
  await waitUntil(() => fetch(`http://127.0.0.1:${port}/@vite/client`).catch(() => undefined))
  const asked = ask().catch(() => undefined)
  await Promise.race([asked, wait()])
  return child
}

const gone = () => waitUntil(() => runningServer(cluster) === undefined)

test.each([0, 300, 1_000, 2_000])(
  'astro dev that is interrupted %d ms after its first request leaves no server',
  async (ms) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      rmSync(dataDir, { recursive: true, force: true })
      const child = await develop(() => sleep(ms))
      const ended = once(child, 'exit')
      child.kill(signal)
      await ended
      await sleep(300)
      await gone()
    }
  },
)

test.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2'] as const)(
  'astro dev takes its server with it on %s',
  async (signal) => {
    const child = await develop(() => new Promise(() => {}))
    expect(runningServer(cluster)?.ready).toBe(true)
    const ended = once(child, 'exit')
    child.kill(signal)
    await ended
    await gone()
  },
)

test('the server of an astro dev that was killed is adopted, and ends with the next', async () => {
  const killed = await develop(() => new Promise(() => {}))
  killed.kill('SIGKILL')
  await once(killed, 'exit')
  const left = runningServer(cluster)?.pid
  expect(left).toBeDefined()
  const next = await develop(() => new Promise(() => {}))
  expect(runningServer(cluster)?.pid).toBe(left)
  const ended = once(next, 'exit')
  next.kill('SIGTERM')
  await ended
  await gone()
})
