import { readFile, stat } from 'node:fs/promises'
import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'
import { isAbsent } from './files.ts'
import { type ReadLines, readLines } from './read-lines.ts'

/** The contents of a segment when it was read. */
export type ReadSegment = ReadLines & {
  /** Whether its file still has the same contents: then it may be deleted once its events are recorded. */
  isAsRead(): Promise<boolean>
}

/** `undefined` if the segment cannot be read now. */
export async function readSegment(path: string, log: Log): Promise<ReadSegment | 'absent' | undefined> {
  try {
    const { ino } = await stat(path)
    const file = await readFile(path)
    const isAsRead = async () => {
      const later = await stat(path).catch(() => undefined)
      return later === undefined || (later.ino === ino && later.size === file.length)
    }
    return { ...readLines(file), isAsRead }
  } catch (error) {
    if (isAbsent(error)) return 'absent'
    log.error({ segment: path, reason: messageOf(error) }, 'a journal segment cannot be read')
    return undefined
  }
}
