import { dirname } from 'node:path'

type Done<Value = void> = (error: Error | null, value: Value) => void

/** The file operations that the journal needs, as `node:fs` has them, so that a test can let each fail or hang. */
export type FileLayer = {
  mkdir(path: string, options: { recursive: true; mode: number }, done: Done<string | undefined>): void
  open(path: string, flags: string, mode: number, done: Done<number>): void
  write(fd: number, lines: Uint8Array, from: number, length: number, position: null, done: Done<number>): void
  close(fd: number, done: Done): void
  unlink(path: string, done: Done): void
  rename(from: string, to: string, done: Done): void
  stat(path: string, done: Done<{ ino: number }>): void
  fdatasync(fd: number, done: Done): void
  fsync(fd: number, done: Done): void
}

export type Files = {
  /** Makes a folder that only its owner may read, and those above it. */
  make(folder: string): Promise<void>
  /** Opens a file for appending. */
  open(path: string): Promise<number>
  /** Resolves when the operating system has all of it. */
  write(fd: number, bytes: Uint8Array): Promise<void>
  /** Resolves when the disk has what was written. */
  sync(fd: number): Promise<void>
  /** A new file outlives a power loss only when its folder has been synced as well. */
  syncFolder(folder: string): Promise<void>
  close(fd: number): Promise<void>
  /** Moves a file to another path, or deletes it if there is none, or where it cannot be moved. */
  remove(path: string, moveTo?: string): Promise<void>
  /** Writes a file of empty lines and deletes it, to find out whether the disk accepts writes. */
  probe(path: string): Promise<void>
  /** The identity of the file at a path; `undefined` if there is none. */
  identify(path: string): Promise<number | undefined>
}

/** As many bytes as a click may need. */
const block = Buffer.alloc(4096, '\n')

/** Uses plain descriptors and callbacks: the file handles of `node:fs/promises` cost more per click. */
export function createFiles(layer: FileLayer): Files {
  const openFile = (path: string, flags: string): Promise<number> =>
    called((done) => layer.open(path, flags, 0o600, done))
  const writeSome = (fd: number, bytes: Uint8Array, from: number): Promise<number> =>
    called((done) => layer.write(fd, bytes, from, bytes.length - from, null, done))
  const close = (fd: number): Promise<void> => called((done) => layer.close(fd, done))
  const write = async (fd: number, bytes: Uint8Array): Promise<void> => {
    for (let sent = 0; sent < bytes.length; ) sent += await writeSome(fd, bytes, sent)
  }
  const unlink = (path: string): Promise<void> => called((done) => layer.unlink(path, done))
  const make = async (folder: string): Promise<void> => {
    await called((done) => layer.mkdir(folder, { recursive: true, mode: 0o700 }, done))
  }
  return {
    make,
    open: (path) => openFile(path, 'a'),
    write,
    async probe(path) {
      const fd = await openFile(path, 'a')
      await write(fd, block)
        .finally(() => close(fd))
        .finally(() => unlink(path))
    },
    sync: (fd) => called((done) => layer.fdatasync(fd, done)),
    async syncFolder(folder) {
      const fd = await openFile(folder, 'r')
      await called<void>((done) => layer.fsync(fd, done)).finally(() => close(fd))
    },
    close,
    async remove(path, moveTo) {
      if (moveTo === undefined) return await unlink(path)
      const move = () => called<void>((done) => layer.rename(path, moveTo, done))
      await move()
        .catch(() => make(dirname(moveTo)).then(move))
        .catch(() => unlink(path))
    },
    async identify(path) {
      try {
        return (await called<{ ino: number }>((done) => layer.stat(path, done))).ino
      } catch (error) {
        if (isAbsent(error)) return undefined
        throw error
      }
    },
  }
}

/** Whether an operation failed because there is no such file or folder. */
export const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT'

const called = <Value>(call: (done: Done<Value>) => void): Promise<Value> =>
  new Promise((resolve, reject) => call((error, value) => (error ? reject(error) : resolve(value))))
