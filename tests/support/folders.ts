import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { processPlace } from '../../src/lib/processes/process-mark.ts'

/** A folder that is deleted when the test has ended; what is being closed then may still write a last file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'promo-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** The owner file of a process of this place that has ended. */
export const ownerThatDied = JSON.stringify({ process: `${process.pid}:long ago`, place: processPlace() })

/** Makes every instance that has written to a journal look as after `kill -9`. */
export function buryInstances(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.owner')))
    writeFileSync(join(folder, name), ownerThatDied)
}

/** How many descriptors of this process a file has, if the system shows them. */
export function openFiles(path: string): number {
  const folder = '/proc/self/fd'
  if (!existsSync(folder)) return 0
  const isOf = (fd: string): boolean => {
    try {
      return readlinkSync(join(folder, fd)) === path
    } catch {
      return false
    }
  }
  return readdirSync(folder).filter(isOf).length
}
