import type { ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import * as v from 'valibot'
import { type StartingSite, spawnSite } from '../../support/site.ts'
import { steadyPort } from '../../support/steady-port.ts'
import type { Plan } from './plan.ts'
import { filledSegmentsIn } from './world.ts'

export type LongSite = StartingSite & { url: string }

const running = new Set<ChildProcess>()
// A run that ends by an error leaves no site behind.
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Maintenance comes so many times as often. */
const haste = 50

/** Starts a site on a port that is known before it listens. */
export async function launch(
  databaseUrl: string,
  folder: string,
  { clock, sync }: Pick<Plan, 'clock' | 'sync'> = { clock: [], sync: 'write' },
): Promise<LongSite> {
  const port = await steadyPort()
  const site = spawnSite(
    {
      DATABASE_URL: databaseUrl,
      PROMO_DATA_DIR: folder,
      PORT: String(port),
      PROMO_FLOOD_PER_MINUTE: '1000000000',
      PROMO_OBSERVATION_MINUTES: '1',
      PROMO_JOURNAL_SYNC: sync,
      LONG_CLOCK: JSON.stringify(clock),
      LONG_HASTE: String(haste),
    },
    'dist/server/entry.mjs',
    ['--import', join(import.meta.dirname, 'preload.ts')],
  )
  running.add(site.process)
  site.process.once('exit', () => running.delete(site.process))
  return { ...site, url: `http://127.0.0.1:${port}` }
}

const healthSchema = v.object({ status: v.string(), journal: v.object({ depth: v.number() }) })

/** Whether the site is well and has recorded everything within so many milliseconds. */
export async function isDrained({ url }: LongSite, wait: number): Promise<boolean> {
  const until = performance.now() + wait
  while (performance.now() < until) {
    const health = await readHealth(url)
    if (health?.status === 'ok' && health.journal.depth === 0) return true
    await sleep(50)
  }
  return false
}

/** Whether no event is left in its folder within so many milliseconds, not even where it has not looked so far. */
export async function hasEmptied(site: LongSite, wait: number): Promise<boolean> {
  const until = performance.now() + wait
  while (performance.now() < until) {
    const drained = await isDrained(site, until - performance.now())
    if (drained && filledSegmentsIn(site.dataDir).length === 0) return true
    await sleep(50)
  }
  return false
}

async function readHealth(url: string): Promise<v.InferOutput<typeof healthSchema> | undefined> {
  try {
    const response = await fetch(`${url}/api/v1/promo/health`, { signal: AbortSignal.timeout(2_000) })
    return v.parse(healthSchema, await response.json())
  } catch {
    return undefined
  }
}

/** The sum of a metric's lines. */
export async function readMetric({ url }: LongSite, name: string): Promise<number> {
  const text = await (await fetch(`${url}/api/v1/promo/metrics`)).text()
  const lines = text.split('\n').filter((line) => line.startsWith(name))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}
