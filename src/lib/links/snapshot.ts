import { mkdirSync, readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import type { Log } from '../operations/log.ts'
import { messageOf } from '../result.ts'

/** The last known rows on disk, for a start while their source is down. */
export type Snapshot<Value> = {
  /** Empty where there is none, or none that can be read. */
  read(): Value[]
  /** Writes in the background, whole or not at all. */
  write(values: Value[]): void
}

export function openSnapshot<Value>(options: {
  path: string
  schema: v.GenericSchema<unknown, Value>
  log: Log
}): Snapshot<Value> {
  const { path, schema, log } = options
  const rows = v.array(schema)
  let written = ''
  let writing = Promise.resolve()

  const replace = async (text: string): Promise<void> => {
    const draft = `${path}.${process.pid}.draft`
    try {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(draft, text, { mode: 0o600 })
      await rename(draft, path)
    } catch (error) {
      written = ''
      log.warn({ path, reason: messageOf(error) }, 'snapshot not written')
    }
  }

  return {
    read() {
      try {
        written = readFileSync(path, 'utf8')
        return v.parse(rows, JSON.parse(written))
      } catch {
        written = ''
        return []
      }
    },
    write(values) {
      const text = JSON.stringify(values)
      if (text === written) return
      written = text
      writing = writing.then(() => replace(text))
    },
  }
}
