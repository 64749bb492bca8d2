import { basename } from 'node:path'
import type { Result } from '../base/result.ts'

/** `full` is the journal's ceiling; a disk that `hangs` has not answered for longer than a visitor may wait. */
export type JournalFault = { code: 'full' | 'unwritable' | 'hangs'; message: string }

/** One file of the journal. It is deleted when all its events are in the database or among the rejects. */
export type SegmentFile = {
  path: string
  bytes: number
  /** Of another instance of which it is not certain that it is gone. */
  mayLive?: boolean
}

export type Journal = {
  /**
   * Appends lines to the newest segment. Resolves when they have reached the operating system, with `fsync` the
   * disk; or with the fault that keeps them from it, and then they are held and written as soon as the disk
   * takes them.
   */
  append(lines: Uint8Array): Promise<Result<void, JournalFault>>
  /** Tries at once, and not in a moment, what the disk has not taken. */
  retry(): void
  /** Whether a segment is on disk, whole and where it was written. */
  find(segment: SegmentFile): Promise<'whole' | 'vanished' | 'unknown'>
  /** Starts the file of a segment of this instance again, under another name, with all lines that it has had so far. */
  writeAgain(segment: SegmentFile, lines: Uint8Array): Promise<Result<void, JournalFault>>
  /** Ends the newest segment; the next append begins another. `undefined` where nothing was appended. */
  seal(): SegmentFile | undefined
  /** Deletes a segment, by and by, and what is held of it; its file is moved where there is a path to keep it at. */
  retire(segment: SegmentFile, keepAt?: string): void
  /** Resolves when all that was retired is deleted. */
  retired(): Promise<void>
  /** Counts segments that an earlier instance left towards the ceiling. */
  adopt(segments: readonly SegmentFile[]): void
  /** The segment that the next append goes to. */
  readonly newest: SegmentFile | undefined
  /** Bytes in segments that are not retired. */
  readonly bytes: number
  /** Appends that have not reached the operating system. */
  readonly held: number
  /** Why the newest lines are not on disk; `undefined` while they are. */
  readonly fault: JournalFault | undefined
}

export type Segment = SegmentFile & {
  /** `undefined` until its first line is written, and when it is closed. */
  fd: number | undefined
  /** Which file it is, once it was opened. */
  ino: number | undefined
  /** Whether a line was cut off by a failing write. */
  torn: boolean
  /** Whether the folder knows it for good. */
  named: boolean
  ended: boolean
  retired: boolean
  /** The path to keep its file at when it is retired. */
  keepAt: string | undefined
  /** Appends of it that have not been written. */
  held: number
}

export type Append = {
  segment: Segment
  lines: Uint8Array
  /** Whether its segment's file must first be started again. */
  anew: boolean
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

/** The file with which a taker informs a writer that may still be alive that a segment was recorded. */
export const replayedSign = (path: string): string => path.replace(/\.journal$/, '.replayed')

/** When the instance that wrote a segment was started, in milliseconds since 1970. */
export const startOfSegment = (path: string): number => Number(basename(path).slice(0, 15))
