import { setTimeout as sleep } from 'node:timers/promises'
import { type SiteProcess, spawnSite } from '../support/site.ts'

/** A site that can be asked for its memory. */
export async function startMeasured(environment: Parameters<typeof spawnSite>[0]): Promise<SiteProcess> {
  const options = ['--import', './tests/bench/tell-memory.ts']
  const { listening, ...site } = spawnSite(environment, undefined, options)
  return { url: await listening, ...site }
}

/** Megabytes after all garbage was collected. */
export async function memoryOf({
  process: { pid },
  log,
}: SiteProcess): Promise<{ rss: number; heap: number }> {
  const known = log.length
  if (pid !== undefined) process.kill(pid, 'SIGUSR2')
  for (;;) {
    const line = log.slice(known).find((one) => one.startsWith('memory '))
    if (line === undefined) await sleep(20)
    else {
      const { rss, heap } = JSON.parse(line.slice('memory '.length))
      return { rss: rss / 2 ** 20, heap: heap / 2 ** 20 }
    }
  }
}
