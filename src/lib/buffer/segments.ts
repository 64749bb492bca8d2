import { basename } from 'node:path'
import type { Result } from '../base/result.ts'

/** `full`: the journal has reached its limit; `hangs`: the disk has not answered for longer than a visitor may wait. */
export type JournalFault = { code: 'full' | 'unwritable' | 'hangs'; message: string }

/** One file of the journal. It is deleted when all its events are in the database or among the rejects. */
export type SegmentFile = {
  path: string
  bytes: number
  /** Written by another instance that may still be alive. */
  mayLive?: boolean
}

export type Journal = {
  /**
   * Appends lines to the newest segment. Resolves when they have reached the operating system, or with `fsync` the
   * disk; otherwise with the fault, and then they are held and written as soon as the disk accepts them.
   */
  append(lines: Uint8Array): Promise<Result<void, JournalFault>>
  /** Tries at once to write what the disk has not accepted. */
  retry(): void
  /** Whether a segment is on disk, complete and where it was written. */
  find(segment: SegmentFile): Promise<'whole' | 'vanished' | 'unknown'>
  /** Writes a segment of this instance to a new file, with all lines that it has had so far. */
  writeAgain(segment: SegmentFile, lines: Uint8Array): Promise<Result<void, JournalFault>>
  /** Ends the newest segment; the next append begins another. `undefined` if nothing was appended. */
  seal(): SegmentFile | undefined
  /**
   * Deletes a segment in the background, with its held lines; if there is a path to keep it at, its file is moved
   * there.
   */
  retire(segment: SegmentFile, keepAt?: string): void
  /** Resolves when all that was retired is deleted. */
  retired(): Promise<void>
  /** Counts segments that an earlier instance left towards the limit. */
  adopt(segments: readonly SegmentFile[]): void
  /** The segment that the next append goes to. */
  readonly newest: SegmentFile | undefined
  /** Bytes in segments that are not retired. */
  readonly bytes: number
  /** Appends that have not reached the operating system. */
  readonly held: number
  /** Why the newest lines are not on disk; `undefined` if they are. */
  readonly fault: JournalFault | undefined
}

export type Segment = SegmentFile & {
  /** `undefined` until its first line is written, and when it is closed. */
  fd: number | undefined
  /** The identity of the file, once it was opened. */
  ino: number | undefined
  /** Whether a failed write cut off a line. */
  torn: boolean
  /** Whether its directory entry is synced. */
  named: boolean
  ended: boolean
  retired: boolean
  /** The path to keep its file at when it is retired. */
  keepAt: string | undefined
  /** Its appends that have not been written. */
  held: number
}

export type Append = {
  segment: Segment
  lines: Uint8Array
  /** Whether its segment needs a new file first. */
  anew: boolean
  /** Whether only the sync is left. */
  written: boolean
  resolve: (result: Result<void, JournalFault>) => void
}

/** Segment names sort by the time at which segments were begun, across instances; the rest names the instance. */
export const segmentName = (startedAt: number, number: number, instance: string): string =>
  `${String(startedAt).padStart(15, '0')}-${String(number).padStart(6, '0')}.${instance}.journal`

/** The instance that wrote a segment, or `undefined` if the file is not a segment. */
export const instanceOfSegment = (path: string): string | undefined =>
  /^\d{15}-\d{6}\.([\w-]+)\.journal$/.exec(basename(path))?.[1]

/** The marker by which a taker shows a writer that may still be alive that a segment was recorded. */
export const replayedSign = (path: string): string => path.replace(/\.journal$/, '.replayed')

/** When the instance that wrote a segment was started, in milliseconds since 1970. */
export const startOfSegment = (path: string): number => Number(basename(path).slice(0, 15))
