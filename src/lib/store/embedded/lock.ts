import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { isMarkAlive, processMark } from '../../operations/process-mark.ts'
import { fileErrorCode } from './fault.ts'

const RETRY_MS = 100
const UNWRITTEN_MS = 10_000

/**
 * Takes a lock that only one live process holds, waiting at most `waitMs`. Answers the function that gives
 * it back, or undefined when another process kept it. Throws when the file cannot be written.
 */
export async function takeLock(file: string, waitMs: number): Promise<(() => void) | undefined> {
  const deadline = performance.now() + waitMs
  while (!create(file)) {
    if (isAbandoned(file)) rmSync(file, { force: true })
    else if (performance.now() > deadline) return undefined
    else await sleep(RETRY_MS)
  }
  return () => rmSync(file, { force: true })
}

function create(file: string): boolean {
  try {
    writeFileSync(file, processMark(process.pid) ?? '', { flag: 'wx' })
    return true
  } catch (error) {
    if (fileErrorCode(error) === 'EEXIST') return false
    throw error
  }
}

function isAbandoned(file: string): boolean {
  try {
    const mark = readFileSync(file, 'utf8')
    return mark ? !isMarkAlive(mark) : Date.now() - statSync(file).mtimeMs > UNWRITTEN_MS
  } catch {
    return false
  }
}
