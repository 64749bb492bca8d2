import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'
import { createPace } from '../pace/flusher-rest.ts'
import type { Batch, WriteBuffer } from './batch.ts'
import type { Damaged } from './damaged.ts'
import type { KeepAt, Keeper } from './keeper.ts'
import { readSegment } from './read-segment.ts'
import { holdsEvent } from './record.ts'
import { createBatchRecorder, type Progress, type RecordLines, type Settled } from './record-batch.ts'
import type { Rejects } from './rejects.ts'

export type Flusher = {
  /** Reports that an event has arrived; the flusher waits a moment for others to share its statement. */
  arrived(): void
  /**
   * Resolves when the event is in the database or among the rejects, or with `pending` after `wait` milliseconds. If it
   * is called before the event arrives, the event is recorded at once.
   */
  settled(eventId: string, wait: number): Promise<Settled | 'pending'>
  /** Resolves when nothing is left or after `wait` milliseconds, with whether nothing is left. */
  drained(wait: number): Promise<boolean>
  /** Stops after the batch under way. */
  stop(): Promise<void>
  /** When the last batch was committed, in milliseconds since 1970. */
  readonly lastFlush: number | undefined
}

export type FlusherOptions = {
  buffer: WriteBuffer
  record: RecordLines
  rejects: Rejects
  damaged: Damaged
  /** Reports a batch whose segment is no longer there, and was not in memory. */
  onVanished: (batch: Batch) => Promise<void>
  /** Keeps recorded segments, if that is configured. */
  keeper?: Pick<Keeper, 'begin' | 'doubt'> | undefined
  now: () => number
  log: Log
  onFlush: (events: number, seconds: number) => void
}

/** Milliseconds that an event waits for others, unless a caller waits for it. */
const linger = 200
const firstRetry = 100
const slowestRetry = 1_000

/** The current batch; `isAsRead` returns whether its segment still has the same contents. */
type Begun = Progress & { isAsRead: () => Promise<boolean>; keepAt: KeepAt | undefined }

/** Moves batches from the buffer to the database, one at a time and in order, as long as the process runs. */
export function openFlusher(options: FlusherOptions): Flusher {
  const { buffer, record, rejects, damaged, keeper, onVanished, now, log, onFlush } = options
  /** Callers by event id: a retry may wait for the same event. */
  const waiters = new Map<string, Set<(outcome: Settled) => void>>()
  /** Batches that were not finished. */
  const begun = new WeakMap<Batch, Begun>()
  let stopping = false
  let draining = 0
  let idle: boolean
  let lastFlush: number | undefined
  let interruptible = new AbortController()
  let retry = firstRetry
  const restAfter = createPace(() => performance.now())

  const wake = (): void => interruptible.abort()

  const asleep = async (milliseconds?: number): Promise<void> => {
    interruptible = new AbortController()
    const { signal } = interruptible
    if (milliseconds === undefined) {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    } else {
      await sleep(milliseconds, undefined, { signal }).catch(() => {})
    }
  }

  const settle = (lines: Buffer, outcomes: ReadonlyMap<string, Settled>): ReadonlySet<string> => {
    const informed = new Set<string>()
    lastFlush = now()
    retry = firstRetry
    for (const [id, settlers] of waiters) {
      if (!holdsEvent(lines, id)) continue
      informed.add(id)
      for (const settled of settlers) settled(outcomes.get(id) ?? 'committed')
    }
    return informed
  }

  const recordBatch = createBatchRecorder({ record, now, stopping: () => stopping, onPiece: settle })

  const begin = async (batch: Batch): Promise<Begun | 'absent' | undefined> => {
    const taken = batch.lines
      ? { lines: batch.lines.bytes, count: batch.count, damaged: [], isAsRead: async () => true }
      : await readSegment(batch.file.path, log)
    if (!taken || taken === 'absent') return taken
    const { lines, count, damaged: unreadable, isAsRead } = taken
    const left = batch.left === true
    const keepAt = await keeper?.begin()
    return { lines, count, waiting: count, rejects: [], left, unreadable: [...unreadable], isAsRead, keepAt }
  }

  /** Returns how many events wait no longer, or `undefined` if the next try has to wait. */
  const flush = async (batch: Batch): Promise<number | undefined> => {
    const started = performance.now()
    const progress = begun.get(batch) ?? (await begin(batch))
    if (progress === undefined) {
      buffer.setAside(batch)
      return 0
    }
    if (progress === 'absent') {
      await onVanished(batch)
      buffer.remove(batch, true)
      return batch.count
    }
    begun.set(batch, progress)
    const recorded = await recordBatch(progress)
    if (!recorded.ok) {
      keeper?.doubt()
      log.warn(
        { fault: recorded.fault.code, reason: recorded.fault.message, waiting: buffer.depth },
        'flush failed',
      )
      return undefined
    }
    if (!(await progress.isAsRead())) {
      begun.delete(batch)
      log.warn(
        { segment: batch.file.path },
        'a journal segment has changed since it was read: its writer is alive',
      )
      buffer.setAside(batch)
      return 0
    }
    const kept = await rejects.append(progress.rejects)
    if (!kept.ok)
      log.error({ reason: kept.fault.message }, 'rejects could not be written, the segment is kept')
    const keptAside = await damaged.keep(progress.unreadable, batch.file.path)
    buffer.remove(batch, kept.ok && keptAside, progress.keepAt?.(batch.file))
    onFlush(progress.count, (performance.now() - started) / 1000)
    return batch.count
  }

  const work = async (): Promise<void> => {
    while (!stopping) {
      idle = buffer.ready === 0
      if (idle) {
        await asleep()
        continue
      }
      if (buffer.collected === buffer.ready && waiters.size === 0) await asleep(linger)
      const batch = stopping ? undefined : buffer.next()
      if (!batch) continue
      const started = performance.now()
      void buffer.restore()
      const flushed = await flush(batch).catch(broken)
      if (flushed === undefined) {
        await sleepThroughArrivals(retry)
        retry = Math.min(retry * 2, slowestRetry)
      } else {
        await rest(restAfter({ flushed, took: performance.now() - started, waiting: buffer.depth }))
      }
    }
  }

  /** No exception here may end flushing for good. */
  const broken = (error: unknown): undefined => {
    log.error({ reason: messageOf(error) }, 'a flush failed unexpectedly')
  }

  const rest = async (milliseconds: number): Promise<void> => {
    const until = performance.now() + milliseconds
    while (!stopping && draining === 0 && waiters.size === 0 && performance.now() < until) {
      await asleep(Math.max(1, until - performance.now()))
    }
  }

  const sleepThroughArrivals = async (milliseconds: number): Promise<void> => {
    const until = performance.now() + milliseconds
    while (!stopping && performance.now() < until) await asleep(Math.max(1, until - performance.now()))
  }

  const working = work()

  return {
    get lastFlush() {
      return lastFlush
    },
    arrived() {
      if (idle || waiters.size > 0) wake()
    },
    settled(eventId, wait) {
      return new Promise((resolve) => {
        const settle = (outcome: Settled | 'pending') => {
          clearTimeout(timer)
          waiting.delete(settle)
          if (waiting.size === 0) waiters.delete(eventId)
          resolve(outcome)
        }
        const timer = setTimeout(() => settle('pending'), wait)
        const waiting = waiters.get(eventId) ?? new Set()
        waiters.set(eventId, waiting.add(settle))
      })
    },
    async drained(wait) {
      const until = performance.now() + wait
      draining += 1
      while (buffer.ready > 0 && performance.now() < until) {
        wake()
        await sleep(5)
      }
      draining -= 1
      return buffer.depth === 0
    },
    async stop() {
      stopping = true
      wake()
      await working
    },
  }
}
