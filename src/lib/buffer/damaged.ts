import { statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { Log } from '../operations/log.ts'
import { messageOf } from '../result.ts'

/** What could not be read back from the journal, kept beside it byte for byte. */
export type Damaged = {
  /** Appends lines that were read from a segment; answers whether they are on disk. */
  keep(lines: readonly Buffer[], segment: string | undefined): Promise<boolean>
  /** Size of the file. */
  bytes(): number
}

export const damagedFile = (folder: string): string => join(folder, 'damaged.lines')

const lineBreak = Buffer.from('\n')

/**
 * The file may grow to `maxBytes`: beyond, segments with damaged lines stay in the journal, which has a ceiling of its
 * own. A line can be in it twice, where the process ended between keeping it and deleting its segment.
 */
export function openDamaged(options: {
  folder: string
  maxBytes: number
  log: Log
  onDamaged: (lines: number) => void
}): Damaged {
  const { folder, maxBytes, log, onDamaged } = options
  const path = damagedFile(folder)

  const append = async (lines: readonly Buffer[]): Promise<void> => {
    const file = await open(path, 'a', 0o600)
    try {
      const { size } = await file.stat()
      const whole = Buffer.concat(lines.flatMap((line) => [line, lineBreak]))
      if (size + whole.length > maxBytes)
        throw new Error(`the file has reached ${maxBytes} bytes: move it away`)
      await file.appendFile(whole)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  return {
    async keep(lines, segment) {
      if (lines.length === 0) return true
      onDamaged(lines.length)
      const told = { segment, damaged: lines.length, file: path }
      try {
        await append(lines)
        log.warn(told, 'journal lines could not be read and are kept aside')
        return true
      } catch (error) {
        const reason = messageOf(error)
        log.error({ ...told, reason }, 'journal lines could not be read, nor kept aside: their segment stays')
        return false
      }
    },
    bytes() {
      try {
        return statSync(path).size
      } catch {
        return 0
      }
    },
  }
}
