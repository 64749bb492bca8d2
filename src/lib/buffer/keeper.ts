import type { Log } from '../base/log.ts'
import { messageOf, type Result } from '../base/result.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { type Kept, type KeptFile, type ServerTimeline, unknownTimeline } from './kept.ts'
import type { ReadLines } from './read-lines.ts'
import { readSegment } from './read-segment.ts'
import { createBatchRecorder, type RecordLines } from './record-batch.ts'
import type { Rejects } from './rejects.ts'
import type { SegmentFile } from './segments.ts'

export type KeepOptions = {
  /** Minimum time in milliseconds for which recorded segments are kept; 0 keeps none. */
  keepFor: number
  /** Milliseconds after which they are deleted without being recorded again, whatever the database says. */
  longest: number
  /** Answers one. */
  readTimeline: () => Promise<Result<ServerTimeline[], DatabaseFault>>
  /** As the flusher's, for events that were counted before. */
  record: RecordLines
}

/** The path for a segment whose recording has begun. */
export type KeepAt = (file: SegmentFile) => string | undefined

/**
 * Keeps recorded segments, and records them again if the database has lost its latest history: a standby that was
 * behind has taken over, or it was restored to an earlier state. Since events are recorded exactly once, this is
 * harmless for all that was not lost.
 */
export type Keeper = {
  /** To be called before a segment is recorded, so that a later failover is noticed. */
  begin(): Promise<KeepAt>
  /** Reports that the database did not answer: when it does, it may be another one. */
  doubt(): void
  /** Checks the timeline, records again what the database may have lost, and deletes what was kept long enough. */
  look(): Promise<void>
  stop(): void
}

/** How many bytes of segments are recorded again at a time. */
const groupBytes = 1024 * 1024
/** The errors of a server that does not reveal its timeline, or not to this role. */
const hidesTimeline = /\((42501|42883|0A000)\)$/
const nothing = { lines: Buffer.alloc(0), count: 0 }
const firstTime = /"at":(-?\d+)/

export function openKeeper(
  { keepFor, longest, readTimeline, record }: KeepOptions,
  parts: { kept: Kept; rejects: Rejects; now: () => number; log: Log },
): Keeper {
  const { kept, rejects, now, log } = parts
  const wanted = keepFor > 0
  let known: ServerTimeline | undefined
  let isHidden = false
  /** Whether its timeline has not been read since the database last failed to answer. */
  let doubted = true
  let stopped = false
  let looking: Promise<void> | undefined
  const recordAgain = createBatchRecorder({
    record,
    now,
    stopping: () => stopped,
    // Callers have learned of contradictions the first time.
    onPiece: (_, outcomes) => new Set(outcomes.keys()),
  })

  const ask = async (): Promise<ServerTimeline | undefined> => {
    if (isHidden) return undefined
    const read = await readTimeline()
    if (read.ok) {
      known = read.value[0]
      doubted = false
      return known
    }
    isHidden = hidesTimeline.test(read.fault.message)
    if (isHidden)
      log.warn(
        { reason: read.fault.message },
        'the database does not say its timeline: nothing is recorded again after a failover',
      )
    return undefined
  }

  const look = async (): Promise<void> => {
    const before = now()
    const current = wanted ? await ask() : undefined
    const files = await kept.list()
    const expired = files.filter(({ at }) => !wanted || before - at > longest)
    await kept.remove(expired)
    if (current) {
      const left = files.filter((file) => !expired.includes(file))
      const doubtful = left.filter((file) => mayLack(current, file))
      if (doubtful.length > 0) await recordFiles(doubtful, current)
      await kept.remove(left.filter((file) => !doubtful.includes(file) && before - file.at > keepFor))
    }
    await kept.trim()
  }

  const recordFiles = async (files: readonly KeptFile[], current: ServerTimeline): Promise<void> => {
    let events = 0
    for (const group of inGroups(files)) {
      const read = await Promise.all(group.map(readKept))
      const count = read.reduce((sum, one) => sum + one.count, 0)
      const lines = Buffer.concat(read.map((one) => one.lines))
      const progress = { lines, waiting: count, count, rejects: [], left: true, unreadable: [] }
      const recorded = await recordAgain(progress)
      if (!recorded.ok || !(await rejects.appendNew(progress.rejects)).ok) return
      events += count
      await kept.move(group, current)
    }
    log.warn({ events, ...current }, 'the database has a new timeline: recorded again what it may have lost')
  }

  /** Older events could be among those that the purge has deleted. */
  const readKept = async ({ path }: KeptFile): Promise<Pick<ReadLines, 'lines' | 'count'>> => {
    const read = await readSegment(path, log)
    if (!read || read === 'absent') return nothing
    const [, time] = firstTime.exec(read.lines.toString('latin1', 0, 65_536)) ?? []
    return now() - Number(time) > longest ? nothing : read
  }

  return {
    async begin() {
      if (wanted && doubted) await ask()
      const timeline = known ?? unknownTimeline
      return (file) => (wanted && !isHidden ? kept.place(file, timeline) : undefined)
    },
    doubt() {
      doubted = true
    },
    look() {
      looking ??= look()
        .catch((error: unknown) =>
          log.error({ reason: messageOf(error) }, 'recording again failed unexpectedly'),
        )
        .finally(() => {
          looking = undefined
        })
      return looking
    },
    stop() {
      stopped = true
    },
  }
}

const mayLack = (current: ServerTimeline, { database, timeline }: KeptFile): boolean =>
  database === unknownTimeline.database || (database === current.database && timeline !== current.timeline)

function* inGroups(files: readonly KeptFile[]): Generator<KeptFile[]> {
  let group: KeptFile[] = []
  let bytes = 0
  for (const file of files) {
    if (group.length > 0 && bytes + file.bytes > groupBytes) {
      yield group
      group = []
      bytes = 0
    }
    group.push(file)
    bytes += file.bytes
  }
  yield group
}
