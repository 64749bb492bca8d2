import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { messageOf } from '../../base/result.ts'

/** The user that PostgreSQL's programs run as; undefined means the site's own user. */
export type Account = { uid: number; gid: number; name: string }

export type RunOptions = { account?: Account | undefined; input?: string }

/** `code` is -1 when the program could not be started or was killed; `output` is the end of what it printed. */
export type Ran = { code: number; output: string }

const longestOutput = 16_384
/** How long output may follow the end of a program, in milliseconds. */
const lateOutputWait = 500

// Where programs find libraries, and the name of a user unknown to the system.
const keptVariables = [
  'SystemRoot',
  'TEMP',
  'TMP',
  'LD_LIBRARY_PATH',
  'LD_PRELOAD',
  'NSS_WRAPPER_PASSWD',
  'NSS_WRAPPER_GROUP',
]

// The server outlives the site and must not inherit its secrets, nor PGDATA and the like.
function environment(): NodeJS.ProcessEnv {
  const { PATH = '' } = process.env
  const path = process.platform === 'win32' ? PATH : `${PATH}:/usr/sbin:/usr/bin:/sbin:/bin`
  const kept = keptVariables.map((name) => [name, process.env[name]]).filter(([, value]) => value)
  return { ...Object.fromEntries(kept), PATH: path, LC_ALL: 'C', TZ: 'UTC' }
}

/**
 * Runs a program to its end, in a folder that every account can enter. It is interrupted where this process ends
 * before it; `pg_ctl` then ends the server that it is starting. Never rejects.
 */
export function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { input } = options
  return new Promise((resolve) => {
    let output = ''
    const child = begin(program, args, options)
    if (child instanceof Error) return resolve({ code: -1, output: child.message })
    const hear = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-longestOutput)
    }
    const interrupt = () => child.kill('SIGINT')
    process.once('exit', interrupt)
    const finish = (code: number | null) => {
      process.off('exit', interrupt)
      resolve({ code: code ?? -1, output: output.trim() })
    }
    child.stdout.on('data', hear)
    child.stderr.on('data', hear)
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
    child.once('error', (error) => {
      output = error.message
      finish(null)
    })
    child.once('close', finish)
    // If the server inherits the pipes, they never close.
    child.once('exit', (code) => setTimeout(finish, lateOutputWait, code).unref())
  })
}

// Node reports some errors by an event and throws others, such as that no program may run as this account.
function begin(
  program: string,
  args: readonly string[],
  { account }: RunOptions,
): ChildProcessWithoutNullStreams | Error {
  try {
    return spawn(program, args, {
      env: environment(),
      windowsHide: true,
      ...(process.platform !== 'win32' && { cwd: '/' }),
      ...(account && { uid: account.uid, gid: account.gid }),
    })
  } catch (error) {
    return new Error(messageOf(error))
  }
}

const differsEachTime =
  /\d{4}-\d\d-\d\d [\d:.]+ (?:UTC|GMT) \[\d+\] |(?<=\.new-)[0-9a-f]{12}|(?<=\/PostgreSQL\.)\d+/g
const complains = /\b(?:ERROR|FATAL|PANIC|HINT|error):/

/** What PostgreSQL's programs say, in the same words at each attempt, so that it is logged once. */
export const sameEachTime = (output: string): string => output.replace(differsEachTime, '')

/** Only what they complain of. */
export function complaintsIn(output: string): string {
  const lines = sameEachTime(output).split('\n').filter(Boolean)
  const complaints = [...new Set(lines.filter((line) => complains.test(line)))]
  return (complaints.length > 0 ? complaints : lines.slice(-3)).join('; ')
}
