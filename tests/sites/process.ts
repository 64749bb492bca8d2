import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { askHost } from '../pages/running-site.ts'
import type { SiteProcess } from '../support/site.ts'
import { shellEnvironment } from './commands.ts'

/** `astro dev` or `astro preview` of the Astro that a site has, as a program for Node. */
export function astro(folder: string, command: 'dev' | 'preview', port: number): string {
  const program = ['bin/astro.mjs', 'astro.js'].find((path) =>
    existsSync(join(folder, 'node_modules/astro', path)),
  )
  return `node_modules/astro/${program} ${command} --host 127.0.0.1 --port ${port}`
}

/** Starts a site as its owner does, by a program of its own or by Astro's, and resolves once it answers. */
export async function startHost(
  folder: string,
  program: string,
  port: number,
  settings: Record<string, string> = {},
): Promise<SiteProcess> {
  const child = spawn('node', program.split(' '), {
    cwd: folder,
    env: { ...shellEnvironment, HOST: '127.0.0.1', PORT: `${port}`, ...settings },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => log.push(String(text)))
  const exited = once(child, 'exit')
  const site: SiteProcess = {
    url: `http://127.0.0.1:${port}`,
    process: child,
    dataDir: settings.PROMO_DATA_DIR ?? '',
    log,
    async kill() {
      child.kill('SIGKILL')
      await exited
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
      return child.exitCode
    },
  }
  await untilAnswers(site).catch(async (error: unknown) => {
    if (!hasEnded(child)) await site.kill()
    throw error
  })
  return site
}

export const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null

async function untilAnswers(site: SiteProcess): Promise<void> {
  for (let waited = 0; ; waited += 1) {
    if (hasEnded(site.process)) throw new Error(`the site ended:\n${site.log.join('')}`)
    const answered = await askHost(site, '/').then(
      () => true,
      () => false,
    )
    if (answered) return
    if (waited > 600) throw new Error(`the site does not answer:\n${site.log.join('')}`)
    await sleep(50)
  }
}
