import { existsSync, readFileSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Log } from '../base/log.ts'
import type { InTurn } from '../base/queue.ts'
import { messageOf } from '../base/result.ts'

/** The last known rows on disk, for a start while their source is down. */
export type Snapshot<Value> = {
  /** As they were written, each to be validated by itself. Empty without a readable snapshot. */
  read(): unknown[]
  /** Writes in the background, completely or not at all. */
  write(values: Value[]): void
}

export function createSnapshot<Value>(options: { path: string; log: Log; inTurn: InTurn }): Snapshot<Value> {
  const { path, log, inTurn } = options
  let written: string | undefined

  const replace = async (text: string): Promise<void> => {
    const draft = `${path}.${process.pid}.draft`
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(draft, text, { mode: 0o600 })
      await rename(draft, path)
    } catch (error) {
      written = undefined
      log.warn({ path, reason: messageOf(error) }, 'snapshot not written')
    }
  }

  return {
    read() {
      try {
        if (!existsSync(path)) return []
        const text = readFileSync(path, 'utf8')
        const rows: unknown = JSON.parse(text)
        if (!Array.isArray(rows)) throw new Error('it is not a list')
        written = text
        return rows
      } catch (error) {
        log.warn({ path, reason: messageOf(error) }, 'snapshot not read')
        return []
      }
    },
    write(values) {
      const text = JSON.stringify(values)
      if (text === written) return
      written = text
      void inTurn(() => replace(text))
    },
  }
}
