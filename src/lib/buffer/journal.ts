import fs from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { InTurn } from '../base/queue.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import { createFiles, type FileLayer } from './files.ts'
import type { Append, Journal, JournalFault, Segment, SegmentFile } from './segments.ts'
import { replayedSign, segmentName } from './segments.ts'

const newline = Buffer.from('\n')
/** Not a valid file descriptor. */
const noFile = -1
/** Milliseconds until a failed disk is tried again, unless a caller asks for it earlier. */
const retryAfter = 500

/**
 * The append-only files of one instance. `maxBytes` limits what is not retired yet. Files are written one operation at
 * a time, and closed and deleted `inTurn`, in a second queue: a disk that hangs blocks at most two threads of Node's
 * pool, and never the event loop.
 */
export function openJournal(options: {
  folder: string
  instance: string
  startedAt: number
  maxBytes: number
  /** With `fsync`, an append resolves once it is on disk. */
  sync: 'write' | 'fsync'
  /** Called if the folder has to be created, so that the owner file is there before its segments. */
  onFolder: () => Promise<void>
  inTurn: InTurn
  files?: FileLayer
}): Journal {
  const { folder, instance, startedAt, maxBytes, sync, onFolder, inTurn } = options
  const files = createFiles(options.files ?? fs)
  let open: Segment | undefined
  /** Own segments that are not retired, or not closed. */
  const own = new Map<SegmentFile, Segment>()
  let appends: Append[] = []
  let underWay: Append | undefined
  let working = false
  let fault: JournalFault | undefined
  let tryAgain = () => {}
  let number = 0
  let bytes = 0

  const begin = (): Segment => {
    const flags = { torn: false, named: false, ended: false, retired: false, keepAt: undefined }
    const segment = { path: nextPath(), bytes: 0, fd: undefined, ino: undefined, held: 0, ...flags }
    own.set(segment, segment)
    return segment
  }

  const nextPath = (): string => join(folder, segmentName(startedAt, number++, instance))

  const work = async (): Promise<void> => {
    working = true
    while (appends[0] || fault) {
      underWay = appends[0]
      if (!underWay) {
        fault = await probe(fault)
        if (fault) await pause()
        continue
      }
      const taken = await take(underWay)
      fault = taken.ok ? undefined : taken.fault
      const { segment, resolve } = underWay
      underWay = undefined
      if (taken.ok) {
        appends.shift()
        segment.held -= 1
        resolve(taken)
        if (segment.ended) release(segment)
      } else {
        for (const append of appends) append.resolve(taken)
        if (segment.retired) forget(segment)
        await pause()
      }
    }
    working = false
  }

  /** If nothing is waiting to be written, only this shows whether the disk accepts writes again. */
  const probe = async (last: JournalFault | undefined): Promise<JournalFault | undefined> => {
    if (last?.code === 'full') return bytes < maxBytes ? undefined : last
    try {
      await files.make(folder)
      await files.probe(nextPath())
      return undefined
    } catch (error) {
      return { code: 'unwritable', message: messageOf(error) }
    }
  }

  const pause = async (): Promise<void> => {
    const asked = new AbortController()
    tryAgain = () => asked.abort()
    await sleep(retryAfter, undefined, { signal: asked.signal, ref: false }).catch(() => {})
  }

  const take = async (append: Append): Promise<Result<void, JournalFault>> => {
    const { segment, lines } = append
    if (append.anew) beginAnew(segment)
    append.anew = false
    if (!append.written && bytes + lines.length > maxBytes)
      return fail({ code: 'full', message: `the journal has reached ${maxBytes} bytes` })
    try {
      segment.fd ??= await openSegment(segment.path)
      segment.ino ??= (await files.identify(segment.path)) ?? noFile
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
    // A line that a full disk cut off must not be joined with the next one.
    const whole = segment.torn ? Buffer.concat([newline, lines]) : lines
    segment.torn = true
    await files.write(fd, whole)
    segment.torn = false
    append.written = true
    segment.bytes += whole.length
    if (!segment.retired) bytes += whole.length
  }

  const beginAnew = (segment: Segment): void => {
    const { fd } = segment
    if (fd !== undefined) tidy(() => files.close(fd))
    bytes -= segment.bytes
    const unwritten = { bytes: 0, fd: undefined, ino: undefined, torn: false, named: false }
    Object.assign(segment, { path: nextPath(), ...unwritten })
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

  /** Closes an ended segment once nothing is left to write, and deletes it if it is retired. */
  const release = (segment: Segment): void => {
    if (segment.held > 0) return
    const { fd, path, keepAt } = segment
    segment.fd = undefined
    if (fd !== undefined) tidy(() => files.close(fd))
    if (!segment.retired) return
    own.delete(segment)
    if (fd !== undefined || segment.ino !== undefined) tidy(() => files.remove(path, keepAt))
  }

  const enqueue = (append: Pick<Append, 'segment' | 'lines' | 'anew'>) => {
    const { promise, resolve } = Promise.withResolvers<Result<void, JournalFault>>()
    append.segment.held += 1
    appends.push({ ...append, written: false, resolve })
    if (working) tryAgain()
    else void work()
    return promise
  }

  /** A failure is harmless: a file that stays is replayed at the next start, one that is gone was deleted. */
  const tidy = (step: () => Promise<void>): void => {
    inTurn(step).catch(() => {})
  }

  /** Drops the lines held for a retired segment, except those being written. */
  const forget = (segment: Segment): void => {
    const dropped = appends.filter((append) => append.segment === segment && append !== underWay)
    appends = appends.filter((append) => !dropped.includes(append))
    segment.held -= dropped.length
    for (const { resolve } of dropped) resolve(ok(undefined))
    release(segment)
  }

  return {
    get bytes() {
      return bytes
    },
    get newest() {
      return open
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
      return enqueue({ segment: open, lines, anew: false })
    },

    async find(file) {
      const segment = own.get(file)
      if (!segment || segment.ino === undefined || appends.some((one) => one.anew && one.segment === segment))
        return 'unknown'
      const { ino, path } = segment
      const found = await inTurn(() => files.identify(path)).catch(() => null)
      if (found === null || path !== segment.path) return 'unknown'
      if (found !== ino) return 'vanished'
      return segment.held > 0 ? 'unknown' : 'whole'
    },

    async writeAgain(file, lines) {
      const segment = own.get(file)
      return segment && !segment.retired ? enqueue({ segment, lines, anew: true }) : ok(undefined)
    },

    seal() {
      const segment = open
      open = undefined
      if (!segment) return undefined
      segment.ended = true
      release(segment)
      return segment
    },

    retire(file, keepAt) {
      bytes -= file.bytes
      const segment = own.get(file)
      if (!segment) {
        if (file.mayLive) tidy(async () => files.close(await files.open(replayedSign(file.path))))
        return tidy(() => files.remove(file.path, keepAt))
      }
      Object.assign(segment, { retired: true, keepAt })
      forget(segment)
    },

    adopt(segments) {
      for (const segment of segments) bytes += segment.bytes
    },
  }
}
