import { readdirSync, readFileSync, readlinkSync, realpathSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { isAlive, processMark } from '../../processes/process-mark.ts'
import type { PostgresBinaries } from './binaries.ts'
import { fileErrorCode } from './fault.ts'
import { type Account, type Ran, run } from './run.ts'

export type Running = { pid: number; port: number; ready: boolean }

/** What starts and stops a server: its cluster, its programs, and the account that they run as. */
export type Controlled = { cluster: string; binaries: PostgresBinaries; account: Account | undefined }

const startSeconds = 120
const stopSeconds = 8
const logLines = 15

/** The server that runs on the cluster, from its `postmaster.pid`; undefined if there is none. */
export function runningServer(cluster: string): Running | undefined {
  const lines = pidFile(cluster)
  const pid = Number(lines[0])
  if (!(pid > 0) || !isServer(pid, cluster)) return undefined
  return { pid, port: Number(lines[3] ?? 0), ready: lines[7]?.trim() === 'ready' }
}

function pidFile(cluster: string): string[] {
  try {
    return readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n')
  } catch (error) {
    if (fileErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Whether a live process is the cluster's server, whose working directory is the cluster's folder. */
function isServer(pid: number, cluster: string): boolean {
  if (processMark(pid) === undefined) return false
  if (process.platform !== 'linux') return true
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(cluster)
  } catch {
    return commandName(pid) === 'postgres'
  }
}

// If root may not inspect other users' processes (in a container), their name can still be read.
function commandName(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Starts the server so that it outlives this process, and waits until it accepts connections. */
export function startServer({ cluster, binaries, account }: Controlled): Promise<Ran> {
  const startLog = join(cluster, 'start.log')
  rmSync(startLog, { force: true })
  forgetOtherProcess(cluster)
  const args = ['start', '-w', '-s', '-t', `${startSeconds}`, '-D', cluster, '-l', startLog]
  return run(binaries.pgCtl, args, { account })
}

// After a crash, the pid in postmaster.pid can be that of a zombie or of another program. PostgreSQL would take either
// for its predecessor and refuse to start.
function forgetOtherProcess(cluster: string): void {
  const pid = Number(pidFile(cluster)[0])
  if (pid > 0 && isAlive(pid) && !isServer(pid, cluster)) rmSync(join(cluster, 'postmaster.pid'))
}

/** Disconnects the clients, writes everything out and stops the server. */
export const stopServer = ({ cluster, binaries, account }: Controlled): Promise<Ran> =>
  run(binaries.pgCtl, ['stop', '-m', 'fast', '-w', '-s', '-t', `${stopSeconds}`, '-D', cluster], { account })

/**
 * Whether the last start found backends of a killed server that still use its shared memory; they end by themselves.
 */
export const isWaitingForBackends = (cluster: string): boolean =>
  lastLines(join(cluster, 'start.log')).includes('pre-existing shared memory block')

/** The last lines that the server wrote before and after its log was opened. */
export function lastLog(cluster: string): string {
  const folder = join(cluster, 'log')
  const age = (name: string) => statSync(join(folder, name)).mtimeMs
  const [newest] = namesIn(folder).sort((a, b) => age(b) - age(a))
  return [join(cluster, 'start.log'), ...(newest ? [join(folder, newest)] : [])]
    .map(lastLines)
    .filter(Boolean)
    .join('\n')
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function lastLines(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim().split('\n').slice(-logLines).join('\n')
  } catch {
    return ''
  }
}

/** The port itself if nothing listens on it on the loopback address, otherwise undefined; 0 asks for any. */
export function freePort(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(undefined))
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}
