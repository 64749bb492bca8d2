import fs from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InTurn } from '../queue.ts'
import { fail, messageOf, ok, type Result } from '../result.ts'
import { createFiles, type FileLayer } from './files.ts'

/** `full` is the journal's ceiling; a disk that `hangs` has not answered for longer than a visitor may wait. */
export type JournalFault = { code: 'full' | 'unwritable' | 'hangs'; message: string }

/** One file of the journal. It is deleted when all its events are in the database or among the rejects. */
export type SegmentFile = { path: string; bytes: number }

export type Journal = {
  /**
   * Appends lines to the newest segment. Resolves when they have reached the operating system, with `fsync` the disk; or
   * with the fault that keeps them from it, and then they are held and written as soon as the disk takes them.
   */
  append(lines: Uint8Array): Promise<Result<void, JournalFault>>
  /** Tries at once, and not in a moment, what the disk has not taken. */
  retry(): void
  /** Ends the newest segment; the next append begins another. `undefined` where nothing was appended. */
  seal(): SegmentFile | undefined
  /** Deletes a segment, by and by, and what is held of it. */
  retire(segment: SegmentFile): void
  /** Resolves when all that was retired is deleted. */
  retired(): Promise<void>
  /** Counts segments that an earlier instance left towards the ceiling. */
  adopt(segments: readonly SegmentFile[]): void
  /** Bytes in segments that are not retired. */
  readonly bytes: number
  /** Appends that have not reached the operating system. */
  readonly held: number
  /** Why the newest lines are not on disk; `undefined` while they are. */
  readonly fault: JournalFault | undefined
}

type Segment = SegmentFile & {
  /** `undefined` until its first line is written. */
  fd: number | undefined
  /** Whether a line was cut off by a failing write. */
  torn: boolean
  /** Whether the folder knows it for good. */
  named: boolean
  ended: boolean
  retired: boolean
  /** Appends of it that have not been written. */
  held: number
}

type Append = {
  segment: Segment
  lines: Uint8Array
  /** Whether only the sync is left to do. */
  written: boolean
  tell: (result: Result<void, JournalFault>) => void
}

/** Segment names sort by the time at which they were begun, over all instances; the rest names the instance. */
export const segmentName = (startedAt: number, number: number, instance: string): string =>
  `${String(startedAt).padStart(15, '0')}-${String(number).padStart(6, '0')}.${instance}.journal`

/** The instance that wrote a segment, or `undefined` where the file is none. */
export const instanceOfSegment = (path: string): string | undefined =>
  /^\d{15}-\d{6}\.([\w-]+)\.journal$/.exec(basename(path))?.[1]

/** When the instance that wrote a segment was started, in milliseconds since 1970. */
export const startOfSegment = (path: string): number => Number(basename(path).slice(0, 15))

const newline = Buffer.from('\n')
/** Milliseconds until a disk that failed is tried again, unless somebody asks before. */
const retryAfter = 500

/**
 * The append-only files of one instance. `maxBytes` bounds what is not retired yet. Files are written one operation at a
 * time, and closed and deleted `inTurn` beside it: a disk that hangs takes two threads of Node's pool at the most, and
 * never the event loop.
 */
export function openJournal(options: {
  folder: string
  instance: string
  startedAt: number
  maxBytes: number
  /** With `fsync`, an append has reached the disk when it resolves. */
  sync: 'write' | 'fsync'
  /** Called where the folder has to be made, for the writer of its segments to be known by then. */
  onFolder: () => Promise<void>
  inTurn: InTurn
  files?: FileLayer
}): Journal {
  const { folder, instance, startedAt, maxBytes, sync, onFolder, inTurn } = options
  const files = createFiles(options.files ?? fs)
  let open: Segment | undefined
  /** Own segments that are not closed, by path. */
  const unclosed = new Map<string, Segment>()
  let appends: Append[] = []
  let underWay: Append | undefined
  let working = false
  let fault: JournalFault | undefined
  let tryAgain = () => {}
  let number = 0
  let bytes = 0

  const begin = (): Segment => {
    const path = join(folder, segmentName(startedAt, number++, instance))
    const flags = { torn: false, named: false, ended: false, retired: false }
    const segment = { path, bytes: 0, fd: undefined, held: 0, ...flags }
    unclosed.set(path, segment)
    return segment
  }

  const work = async (): Promise<void> => {
    working = true
    while (appends[0]) {
      underWay = appends[0]
      const taken = await take(underWay)
      fault = taken.ok ? undefined : taken.fault
      const { segment, tell } = underWay
      underWay = undefined
      if (taken.ok) {
        appends.shift()
        segment.held -= 1
        tell(taken)
        if (segment.ended) release(segment)
      } else {
        for (const append of appends) append.tell(taken)
        if (segment.retired) forget(segment)
        await pause()
      }
    }
    working = false
  }

  const pause = async (): Promise<void> => {
    const asked = new AbortController()
    tryAgain = () => asked.abort()
    await sleep(retryAfter, undefined, { signal: asked.signal, ref: false }).catch(() => {})
  }

  const take = async (append: Append): Promise<Result<void, JournalFault>> => {
    const { segment, lines } = append
    if (!append.written && bytes + lines.length > maxBytes)
      return fail({ code: 'full', message: `the journal has reached ${maxBytes} bytes` })
    try {
      segment.fd ??= await openSegment(segment.path)
      await write(append, segment.fd)
      if (sync === 'fsync') await syncSegment(segment, segment.fd)
      return ok(undefined)
    } catch (error) {
      return fail({ code: 'unwritable', message: messageOf(error) })
    }
  }

  const write = async (append: Append, fd: number): Promise<void> => {
    const { segment, lines } = append
    if (append.written) return
    // A line that a full disk cut off must not swallow the next one.
    const whole = segment.torn ? Buffer.concat([newline, lines]) : lines
    segment.torn = true
    await files.write(fd, whole)
    segment.torn = false
    append.written = true
    segment.bytes += whole.length
    if (!segment.retired) bytes += whole.length
  }

  const openSegment = async (path: string): Promise<number> => {
    try {
      return await files.open(path)
    } catch {
      await files.make(folder)
      await onFolder()
      return await files.open(path)
    }
  }

  const syncSegment = async (segment: Segment, fd: number): Promise<void> => {
    await files.sync(fd)
    if (!segment.named) await files.syncFolder(folder)
    segment.named = true
  }

  /** Closes an ended segment of which nothing is left to write, and deletes it where it is retired. */
  const release = (segment: Segment): void => {
    if (segment.held > 0) return
    const { fd, path } = segment
    unclosed.delete(path)
    if (fd !== undefined) tidy(() => files.close(fd))
    if (fd !== undefined && segment.retired) tidy(() => files.unlink(path))
  }

  /** Failing changes nothing: a file that stays is replayed at the next start, one that is gone another has deleted. */
  const tidy = (step: () => Promise<void>): void => {
    inTurn(step).catch(() => {})
  }

  /** Drops what is held of a retired segment, but for what is being written. */
  const forget = (segment: Segment): void => {
    const dropped = appends.filter((append) => append.segment === segment && append !== underWay)
    appends = appends.filter((append) => !dropped.includes(append))
    segment.held -= dropped.length
    for (const { tell } of dropped) tell(ok(undefined))
    release(segment)
  }

  return {
    get bytes() {
      return bytes
    },
    get held() {
      return appends.length
    },
    get fault() {
      return fault
    },
    retired: () => inTurn(async () => {}),
    retry: () => tryAgain(),

    append(lines) {
      open ??= begin()
      open.held += 1
      const { promise, resolve } = Promise.withResolvers<Result<void, JournalFault>>()
      appends.push({ segment: open, lines, written: false, tell: resolve })
      if (working) tryAgain()
      else void work()
      return promise
    },

    seal() {
      const segment = open
      open = undefined
      if (!segment) return undefined
      segment.ended = true
      release(segment)
      return segment
    },

    retire(file) {
      bytes -= file.bytes
      const segment = unclosed.get(file.path)
      if (!segment) return tidy(() => files.unlink(file.path))
      segment.retired = true
      forget(segment)
    },

    adopt(segments) {
      for (const segment of segments) bytes += segment.bytes
    },
  }
}
