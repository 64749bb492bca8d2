import fs from 'node:fs'
import { basename, join } from 'node:path'
import { fail, messageOf, ok, type Result } from '../result.ts'

/** The file operations that the journal needs, so that a test can let each of them fail. */
export type FileLayer = Pick<
  typeof fs,
  'mkdirSync' | 'openSync' | 'writeSync' | 'closeSync' | 'unlink' | 'fdatasync' | 'fsync'
>

export type JournalFault = { code: 'full' | 'unwritable'; message: string }

/** One file of the journal. It is deleted when all its events are in the database or among the rejects. */
export type SegmentFile = { path: string; bytes: number }

export type Journal = {
  /** Appends lines to the newest segment; they have reached the operating system when this returns. */
  append(lines: Uint8Array): Result<void, JournalFault>
  /** Resolves when what was appended before has reached the disk, or with the fault that kept it from doing so. */
  sync(): Promise<Result<void, JournalFault>>
  /** Ends the newest segment; the next append begins another. `undefined` where nothing was appended. */
  seal(): SegmentFile | undefined
  /** Deletes a segment, by and by: a disk that is busy does not hold up the event loop. */
  retire(segment: SegmentFile): void
  /** Resolves when all that was retired is deleted. */
  retired(): Promise<void>
  /** Counts segments that an earlier instance left towards the ceiling. */
  adopt(segments: readonly SegmentFile[]): void
  /** Bytes in segments that are not retired. */
  readonly bytes: number
}

type Segment = {
  fd: number
  path: string
  bytes: number
  /** Whether a line was cut off by a failing write. */
  torn: boolean
  /** Whether the folder knows it for good. */
  named: boolean
  /** Whether something was appended since the last sync began. */
  dirty: boolean
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

/**
 * The append-only files of one instance. `maxBytes` bounds what is not retired yet.
 */
export function openJournal(options: {
  folder: string
  instance: string
  startedAt: number
  maxBytes: number
  /** With `fsync`, each append is followed by a `sync`, and a segment that ends before it waits for it. */
  sync: 'write' | 'fsync'
  /** Called where the folder has to be made, for the writer of its segments to be known by then. */
  onFolder: () => void
  files?: FileLayer
}): Journal {
  const { folder, instance, startedAt, maxBytes, sync, onFolder, files = fs } = options
  let open: Segment | undefined
  /** Ended segments whose last lines no sync has covered yet. */
  let unsynced: Segment[] = []
  let number = 0
  let bytes = 0
  let syncing: Promise<unknown> = Promise.resolve()
  const deletions = new Set<Promise<void>>()

  const begin = () => {
    const path = join(folder, segmentName(startedAt, number, instance))
    open = { fd: openIn(path), path, bytes: 0, torn: false, named: false, dirty: false }
    number += 1
    return open
  }

  const openIn = (path: string): number => {
    try {
      return files.openSync(path, 'a', 0o600)
    } catch {
      files.mkdirSync(folder, { recursive: true, mode: 0o700 })
      onFolder()
      return files.openSync(path, 'a', 0o600)
    }
  }

  /** A new file outlives a power loss only when its folder has been synced as well. */
  const syncFolder = async () => {
    const fd = files.openSync(folder, 'r')
    await called((done) => files.fsync(fd, done)).finally(() => files.closeSync(fd))
  }

  const syncSegment = async (segment: Segment) => {
    segment.dirty = false
    await Promise.all([
      called((done) => files.fdatasync(segment.fd, done)),
      ...(segment.named ? [] : [syncFolder()]),
    ])
    segment.named = true
  }

  const close = (segment: Segment) => {
    try {
      files.closeSync(segment.fd)
    } catch {
      // What a failing close leaves undone is the file system's; the events are in memory as well.
    }
  }

  return {
    get bytes() {
      return bytes
    },

    append(lines) {
      if (bytes + lines.length > maxBytes)
        return fail({ code: 'full', message: `the journal has reached ${maxBytes} bytes` })
      try {
        const segment = open ?? begin()
        // A line that a full disk cut off must not swallow the next one.
        const whole = segment.torn ? Buffer.concat([newline, lines]) : lines
        segment.torn = true
        segment.dirty = true
        for (let sent = 0; sent < whole.length; ) sent += files.writeSync(segment.fd, whole, sent)
        segment.torn = false
        segment.bytes += whole.length
        bytes += whole.length
        return ok(undefined)
      } catch (error) {
        return fail({ code: 'unwritable', message: messageOf(error) })
      }
    },

    async sync() {
      const ended = unsynced
      unsynced = []
      const work = Promise.all([...ended, ...(open ? [open] : [])].map(syncSegment)).finally(() =>
        ended.forEach(close),
      )
      syncing = work.catch(() => {})
      return await work.then(
        () => ok(undefined),
        (error: unknown) => fail({ code: 'unwritable' as const, message: messageOf(error) }),
      )
    },

    seal() {
      const segment = open
      open = undefined
      if (!segment) return undefined
      if (sync === 'fsync' && segment.dirty) unsynced.push(segment)
      else void syncing.then(() => close(segment))
      return { path: segment.path, bytes: segment.bytes }
    },

    retire(segment) {
      bytes -= segment.bytes
      // Another instance may have retired it. One that stays is replayed at the next start, which changes nothing.
      const deletion = called((done) => files.unlink(segment.path, done))
        .catch(() => {})
        .finally(() => deletions.delete(deletion))
      deletions.add(deletion)
    },

    async retired() {
      await Promise.all(deletions)
    },

    adopt(segments) {
      for (const segment of segments) bytes += segment.bytes
    },
  }
}

const called = (call: (done: (error: Error | null) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => call((error) => (error ? reject(error) : resolve())))
