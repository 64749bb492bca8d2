import { randomUUID } from 'node:crypto'
import { chmodSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  beatEvery,
  changedAt,
  createJudgeLife,
  type JudgeLife,
  type LifeOptions,
  ownProcess,
  readOwner,
} from '../../processes/life-signs.ts'
import { isMarkAlive } from '../../processes/process-mark.ts'
import { fileErrorCode } from './fault.ts'

/** Milliseconds between two attempts. */
const retryEvery = 100

/**
 * Takes a lock that only one live process holds, waiting at most `waitMs`. Returns the function that releases it, or
 * undefined if another process kept it. The holder renews a sign of life for processes that cannot look it up. Throws
 * when the file cannot be written.
 */
export async function takeLock(
  file: string,
  waitMs: number,
  options: LifeOptions = {},
): Promise<(() => void) | undefined> {
  const deadline = performance.now() + waitMs
  const judge = createJudgeLife(options)
  const own = JSON.stringify(ownProcess(options.place))
  while (!create(file, own)) {
    const held = textOf(file)
    if (held !== undefined && (await isAbandoned(file, held, judge))) removeAbandoned(file, held)
    else if (performance.now() > deadline) return undefined
    else await sleep(retryEvery)
  }
  const beating = setInterval(() => beat(file), beatEvery).unref()
  return () => {
    clearInterval(beating)
    rmSync(file, { force: true })
  }
}

function create(file: string, text: string): boolean {
  try {
    writeFileSync(file, text, { flag: 'wx' })
    return true
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}

async function isAbandoned(file: string, held: string, judge: JudgeLife): Promise<boolean> {
  // Earlier versions have written only their mark.
  if (/^\d+:\d*$/.test(held)) return !isMarkAlive(held)
  const clock = await fileClock(file)
  const state = judge(file, await readOwner(file), await changedAt(file), clock)
  return state === 'gone' || state === 'silent'
}

/** The file system's time. */
async function fileClock(beside: string): Promise<number> {
  const probe = `${beside}.${randomUUID()}`
  writeFileSync(probe, '')
  const clock = await changedAt(probe)
  rmSync(probe, { force: true })
  return clock ?? 0
}

/** Another process may have done so meanwhile and hold the lock, which then stays. */
function removeAbandoned(file: string, held: string): void {
  const aside = `${file}.${randomUUID()}`
  try {
    renameSync(file, aside)
    if (textOf(aside) !== held) linkSync(aside, file)
  } catch {
    // Gone already.
  }
  rmSync(aside, { force: true })
}

function beat(file: string): void {
  try {
    chmodSync(file, 0o600)
  } catch {
    // A lock that was taken away is reported by its new holder.
  }
}
