import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { processEnvironment } from './environment.ts'
import { quickFolder } from './quick-folder.ts'

export type SiteProcess = {
  url: string
  process: ChildProcess
  dataDir: string
  /** How long it took until it listened, if that is known. */
  startMilliseconds?: number
  /** Every line that the site has logged so far. */
  log: string[]
  /** SIGKILL, resolved when the process is gone. */
  kill(): Promise<void>
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>
}

export const makeDataDir = (): string => mkdtempSync(join(quickFolder(), 'promo-site-'))
export const removeDataDir = (dataDir: string): void =>
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })

export type StartingSite = Omit<SiteProcess, 'url'> & {
  /** Where it listens; rejects with its log where it ends before. */
  listening: Promise<string>
}

type SiteEnvironment = Record<string, string> & { PROMO_DATA_DIR: string }

/** The built site, or another `program` that says where it listens, as a second process on a free port. */
export function spawnSite(
  environment: SiteEnvironment,
  program = 'dist/server/entry.mjs',
  nodeOptions: readonly string[] = [],
  /** Runs Node, as in `unshare -p node …`. */
  runner: readonly string[] = [],
): StartingSite {
  const [command = '', ...args] = [...runner, process.execPath, ...nodeOptions, program]
  const child = spawn(command, args, {
    env: { ...processEnvironment, PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log: string[] = []
  const exited = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  child.stderr.on('data', (text) => log.push(String(text)))
  const listening = new Promise<string>((resolve, reject) => {
    lines.on('line', (line) => {
      log.push(line)
      const found = /"url":"(http:[^"]+)".*"listening"/.exec(line)?.[1]
      if (found) resolve(found)
    })
    child.once('exit', (code) => reject(new Error(`the site ended with ${code}:\n${log.join('\n')}`)))
  })
  listening.catch(() => {})
  return {
    listening,
    process: child,
    dataDir: environment.PROMO_DATA_DIR,
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
}

/** The same, once it listens. Rejects with its log where it ends before. */
export async function startSiteProcess(environment: SiteEnvironment, program?: string): Promise<SiteProcess> {
  const begun = performance.now()
  const { listening, ...site } = spawnSite(environment, program)
  return { url: await listening, startMilliseconds: performance.now() - begun, ...site }
}
