import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { InTurn } from '../base/queue.ts'
import { messageOf } from '../base/result.ts'
import type { SegmentFile } from './segments.ts'

/** The history in which a segment was recorded: the database, and its timeline. */
export type ServerTimeline = { database: string; timeline: string }

/** Recorded before the database has reported its timeline. */
export const unknownTimeline: ServerTimeline = { database: '0-0', timeline: '00000000' }

/** A recorded segment that is kept next to the journal in case the database loses it. */
export type KeptFile = ServerTimeline & {
  path: string
  /** When it was recorded, in milliseconds since 1970. */
  at: number
  bytes: number
  /** The name of the segment. */
  segment: string
}

export type Kept = {
  /** The path for a segment that was just recorded; `undefined` if there is no room at all. */
  place(file: SegmentFile, timeline: ServerTimeline): string | undefined
  /** All, in the order in which they were recorded. */
  list(): Promise<KeptFile[]>
  /** Marks segments as recorded again. */
  move(files: readonly KeptFile[], timeline: ServerTimeline): Promise<void>
  remove(files: readonly KeptFile[]): Promise<void>
  /** Deletes the oldest until the rest fits. */
  trim(): Promise<void>
  readonly bytes: number
  /** When a segment was last deleted early for lack of room, in milliseconds since 1970. */
  readonly cutAt: number | undefined
}

const namePattern = /^(\d{15})\.([\w-]+)\.(\d+-\d+)\.([0-9A-F]{8})\.(\d+)\.kept$/

const nameOf = ({ at, bytes, database, timeline, segment }: Omit<KeptFile, 'path'>): string =>
  `${String(at).padStart(15, '0')}.${segment}.${database}.${timeline}.${bytes}.kept`

/** `room` is the limit for all in bytes, and `keepFor` how long each should be kept in milliseconds. */
export function createKept(options: {
  folder: string
  room: () => number
  keepFor: number
  now: () => number
  inTurn: InTurn
}): Kept {
  const { folder, room, keepFor, now, inTurn } = options
  let bytes = 0
  let cutAt: number | undefined
  let trimming: Promise<void> | undefined

  const list = async (): Promise<KeptFile[]> => {
    const names = await readdir(folder).catch(() => [])
    return names.sort().flatMap((name) => {
      const [, at, segment = '', database, timeline = '', size] = namePattern.exec(name) ?? []
      if (database === undefined) return []
      return [{ path: join(folder, name), at: Number(at), bytes: Number(size), database, timeline, segment }]
    })
  }

  const removeAll = (files: readonly KeptFile[]) =>
    Promise.all(files.map(({ path }) => rm(path).catch(messageOf)))

  /** Deletes an eighth more than necessary, so that it is rare in a rush. */
  const trimNow = async (): Promise<void> => {
    const files = await list()
    bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    if (bytes <= room()) return
    const most = (room() * 7) / 8
    const surplus = files.filter((file) => {
      const goes = bytes > most
      if (goes) bytes -= file.bytes
      return goes
    })
    if (surplus.some(({ at }) => now() - at < keepFor)) cutAt = now()
    await removeAll(surplus)
  }

  const trim = (): Promise<void> => {
    trimming ??= inTurn(trimNow).finally(() => {
      trimming = undefined
    })
    return trimming
  }

  return {
    list: () => inTurn(list),
    trim,
    place(file, timeline) {
      if (room() <= 0) return undefined
      bytes += file.bytes
      if (bytes > room()) void trim()
      const segment = basename(file.path, '.journal').replace('.', '-')
      return join(folder, nameOf({ at: now(), bytes: file.bytes, segment, ...timeline }))
    },
    async move(files, timeline) {
      for (const file of files) {
        const target = join(folder, nameOf({ ...file, ...timeline, at: now() }))
        await inTurn(() => rename(file.path, target)).catch(messageOf)
      }
    },
    async remove(files) {
      for (const file of files) bytes -= file.bytes
      await inTurn(() => removeAll(files))
    },
    get bytes() {
      return bytes
    },
    get cutAt() {
      return cutAt
    },
  }
}
