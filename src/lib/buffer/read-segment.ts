import { readFile, stat } from 'node:fs/promises'
import type { Log } from '../operations/log.ts'
import { messageOf } from '../result.ts'
import { type ReadLines, readLines } from './read-lines.ts'

/** What a segment held when it was read. */
export type ReadSegment = ReadLines & {
  /** Whether its file still holds nothing else: then it may be deleted once its events are recorded. */
  isAsRead(): Promise<boolean>
}

/** `undefined` where the segment cannot be read now. One that is gone was replayed and retired by another instance. */
export async function readSegment(path: string, log: Log): Promise<ReadSegment | undefined> {
  try {
    const { ino } = await stat(path)
    const file = await readFile(path)
    const isAsRead = async () => {
      const later = await stat(path).catch(() => undefined)
      return later === undefined || (later.ino === ino && later.size === file.length)
    }
    return { ...readLines(file), isAsRead }
  } catch (error) {
    if (isAbsent(error)) return { ...readLines(Buffer.alloc(0)), isAsRead: async () => true }
    log.error({ segment: path, reason: messageOf(error) }, 'a journal segment cannot be read')
    return undefined
  }
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'
