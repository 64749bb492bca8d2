import fs from 'node:fs'
import type { FileLayer } from '../../src/lib/buffer/files.ts'

export type FailingFiles = FileLayer & {
  /** The operations that fail from now on, and with what. */
  fail: Partial<Record<keyof FileLayer, string>>
  /** After so many bytes a write takes no more: a disk that fills in the middle of a line. */
  room: number
  /** Freezes the disk, as `fsfreeze` does: what is asked of it from now on waits until it is thawed. */
  freeze(): void
  thaw(): void
  /** How often each operation was called. */
  calls: Record<keyof FileLayer, number>
}

type Ended = (error: Error | null, value: undefined) => void
const failed = (done: Ended) => (error: Error) => done(error, undefined)
const ended = (done: Ended) => (error: Error | null) => done(error, undefined)

/** The real file system, with a disk that can be broken at will. */
export function failingFiles(): FailingFiles {
  let frozen: (() => void)[] | undefined
  const noCalls = {
    mkdir: 0,
    open: 0,
    write: 0,
    close: 0,
    unlink: 0,
    rename: 0,
    stat: 0,
    fdatasync: 0,
    fsync: 0,
  }
  const state = { fail: {}, room: Number.POSITIVE_INFINITY, calls: noCalls } satisfies Partial<FailingFiles>

  /** Runs an operation, or lets it fail, when the disk is not frozen. */
  const ask = (operation: keyof FileLayer, done: (error: Error) => void, run: () => void): void => {
    files.calls[operation] += 1
    const go = () => {
      const code = files.fail[operation]
      if (code) process.nextTick(done, Object.assign(new Error(`${code}: ${operation}`), { code }))
      else run()
    }
    if (frozen) frozen.push(go)
    else go()
  }

  const files: FailingFiles = {
    ...state,
    freeze() {
      frozen ??= []
    },
    thaw() {
      const waiting = frozen ?? []
      frozen = undefined
      for (const go of waiting) go()
    },
    mkdir: (path, options, done) =>
      ask(
        'mkdir',
        (error) => done(error, undefined),
        () => fs.mkdir(path, options, done),
      ),
    open: (path, flags, mode, done) =>
      ask(
        'open',
        (error) => done(error, 0),
        () => fs.open(path, flags, mode, done),
      ),
    write: (fd, lines, from, length, position, done) =>
      ask(
        'write',
        (error) => done(error, 0),
        () => {
          if (files.room <= 0) {
            done(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' }), 0)
            return
          }
          const fits = Math.min(length, files.room)
          files.room -= fits
          fs.write(fd, lines, from, fits, position, (error, written) => done(error, written))
        },
      ),
    // The file is closed all the same: a test must not use up descriptors.
    close: (fd, done) => fs.close(fd, () => ask('close', failed(done), () => done(null, undefined))),
    unlink: (path, done) => ask('unlink', failed(done), () => fs.unlink(path, ended(done))),
    rename: (from, to, done) => ask('rename', failed(done), () => fs.rename(from, to, ended(done))),
    stat: (path, done) =>
      ask(
        'stat',
        (error) => done(error, { ino: 0 }),
        () => fs.stat(path, done),
      ),
    fdatasync: (fd, done) => ask('fdatasync', failed(done), () => fs.fdatasync(fd, ended(done))),
    fsync: (fd, done) => ask('fsync', failed(done), () => fs.fsync(fd, ended(done))),
  }
  return files
}
