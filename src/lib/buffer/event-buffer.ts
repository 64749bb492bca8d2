import { renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { createQueue } from '../base/queue.ts'
import type { Batch, WriteBuffer } from './batch.ts'
import { createDamaged, type Damaged } from './damaged.ts'
import type { FileLayer } from './files.ts'
import { type Flusher, openFlusher } from './flusher.ts'
import { joinInstances } from './instances.ts'
import { openJournal } from './journal.ts'
import { type KeepOptions, openKeeper } from './keeper.ts'
import { createKept } from './kept.ts'
import { leftBatch } from './left-batch.ts'
import type { RecordLines } from './record-batch.ts'
import { createRejects } from './rejects.ts'
import { type JournalFault, type SegmentFile, segmentName } from './segments.ts'
import { createWriteBuffer } from './write-buffer.ts'

/** Everything between an accepted event and the database, assembled. */
export type EventBuffer = {
  buffer: WriteBuffer
  flusher: Flusher
  /** Takes over what instances that are gone have left in the folder, and renews this one's sign of life. */
  tend(): Promise<void>
  /** Also takes over segments that may have a writer on another machine. What that writes meanwhile is not lost. */
  takeUnknown(): Promise<void>
  /** Segments in the folder whose writers may be alive or gone. */
  readonly undecided: number
  /** Reads the damaged lines again, as a segment. */
  retryDamaged(): Promise<void>
  forgetDamaged: Damaged['forget']
  readings(): BufferReadings
  /** Records what it can within `grace` milliseconds; the rest stays in the journal. */
  close(grace: number): Promise<void>
}

export type BufferReadings = {
  depth: number
  /** Those of the waiting events that are unchecked clicks. */
  unchecked: number
  /** Milliseconds since the oldest waiting event happened. */
  age: number
  bytes: number
  rejects: number
  /** Bytes of damaged lines. */
  damagedBytes: number
  lastFlush: number | undefined
  /** Bytes of recorded segments that are kept, and when there was last no room for one. */
  keptBytes: number
  keptCutAt: number | undefined
  /** When unrecorded segments were last found deleted, in milliseconds since 1970. */
  vanishedAt: number | undefined
  /** Why the journal could not take the newest events. */
  fault: JournalFault | undefined
}

export type EventBufferOptions = {
  folder: string
  sync: 'write' | 'fsync'
  maxBytes: number
  maxEvents: number
  record: RecordLines
  now: () => number
  log: Log
  onFault: (fault: JournalFault, lost: number) => void
  onFlush: (events: number, seconds: number) => void
  onDamaged: (lines: number) => void
  /** Events that were lost because somebody else deleted their segment. */
  onVanished?: (events: number) => void
  /** How long recorded segments are kept in case the database loses them; without it they are deleted at once. */
  keep?: KeepOptions | undefined
  files?: FileLayer | undefined
}

const logFaultsEvery = 10_000
/** Damaged lines are few, unless a disk is dying; then they must not fill it. */
const damagedMaxBytes = 64 * 1024 * 1024
/** The share of the journal's limit that recorded segments may use. */
const keptShare = 1 / 4
/** On a full disk, recorded segments are deleted first. */
const isFull = (fault: JournalFault | undefined): boolean => /^(ENOSPC|EDQUOT)\b/.test(fault?.message ?? '')
/** Milliseconds that a stop waits for the statement under way. */
const stopWait = 1_000

export function openEventBuffer(options: EventBufferOptions): EventBuffer {
  const { folder, sync, maxBytes, maxEvents, record, now, log, onFault, onFlush, onDamaged, keep, files } =
    options
  const inTurn = createQueue()
  const instance = joinInstances(folder)
  const journal = openJournal({
    folder,
    instance: instance.id,
    startedAt: now(),
    maxBytes,
    sync,
    onFolder: instance.beat,
    inTurn,
    ...(files && { files }),
  })
  const rejects = createRejects(folder, inTurn)
  const damaged = createDamaged({ folder, maxBytes: damagedMaxBytes, now, log, onDamaged })
  const kept = createKept({
    folder: join(folder, 'kept'),
    // What waits for the database goes first.
    room: () => (isFull(journal.fault) ? 0 : Math.min(maxBytes * keptShare, maxBytes - journal.bytes)),
    keepFor: keep?.keepFor ?? 0,
    now,
    inTurn,
  })
  const keeper = keep && openKeeper(keep, { kept, rejects, now, log })
  let vanishedAt: number | undefined
  let loggedAt = Number.NEGATIVE_INFINITY

  const buffer: WriteBuffer = createWriteBuffer({
    journal,
    sync,
    maxEvents,
    onArrival: () => flusher.arrived(),
    onRestored: (count) =>
      log.warn({ events: count }, 'journal segments were deleted: written again from memory'),
    onFault(fault, lost) {
      onFault(fault, lost)
      if (isFull(fault)) void kept.trim()
      if (Math.abs(now() - loggedAt) < logFaultsEvery) return
      loggedAt = now()
      log.error({ fault: fault.code, reason: fault.message, lost }, 'the journal cannot take events')
    },
  })
  let closing = false
  const adopt = async (segments: SegmentFile[]): Promise<void> => {
    journal.adopt(segments)
    for (const segment of segments) {
      const batch = await leftBatch(segment)
      if (closing) return
      // Nobody reads an empty segment, and a writer that is gone will not write to it any more.
      if (batch.count === 0 && !segment.mayLive) journal.retire(segment)
      else buffer.adopt([batch])
      flusher.arrived()
    }
  }
  const reportVanished = async ({ file, count }: Batch): Promise<void> => {
    if (await instance.wasReplayed(file.path)) return
    vanishedAt = now()
    options.onVanished?.(count)
    log.error(
      { segment: file.path, lost: count },
      'a journal segment was deleted before its events were recorded',
    )
  }
  const flusher: Flusher = openFlusher({
    buffer,
    record,
    rejects,
    damaged,
    keeper,
    onVanished: reportVanished,
    now,
    log,
    onFlush,
  })
  let tending: Promise<void> | undefined
  const takeOver = async (unknownToo: boolean): Promise<void> => {
    buffer.recall()
    void buffer.restore()
    const orphans = await inTurn(() => instance.orphans(unknownToo))
    if (orphans.length > 0) {
      log.info({ segments: orphans.length }, 'took over the journal of an instance that is gone')
      await adopt(orphans)
    }
    flusher.arrived()
  }
  const tend = (): Promise<void> => {
    tending ??= Promise.all([takeOver(false), keeper?.look()]).then(() => {
      tending = undefined
    })
    return tending
  }
  void tend()

  return {
    buffer,
    flusher,
    tend,
    async takeUnknown() {
      await tend()
      await takeOver(true)
    },
    get undecided() {
      return instance.undecided
    },
    async retryDamaged() {
      const segments = damaged.paths().map((aside, index) => {
        const path = join(folder, segmentName(0, index, instance.id))
        renameSync(aside, path)
        return { path, bytes: statSync(path).size }
      })
      await adopt(segments)
    },
    forgetDamaged: damaged.forget,
    readings: () => ({
      depth: buffer.depth,
      unchecked: buffer.unchecked,
      age: buffer.oldest === undefined ? 0 : Math.max(0, now() - buffer.oldest),
      bytes: journal.bytes,
      rejects: rejects.count(),
      damagedBytes: damaged.bytes(),
      lastFlush: flusher.lastFlush,
      keptBytes: kept.bytes,
      keptCutAt: kept.cutAt,
      vanishedAt,
      fault: buffer.fault,
    }),
    async close(grace) {
      closing = true
      keeper?.stop()
      await flusher.drained(grace)
      // A statement that hangs is left to its fate: its segment stays, and replaying it changes nothing.
      const stopped = flusher.stop().then(journal.retired).then(instance.leave)
      await Promise.race([stopped, sleep(stopWait)])
    },
  }
}
