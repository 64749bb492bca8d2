import fs from 'node:fs'
import type { FileLayer } from '../../src/lib/buffer/journal.ts'

export type FailingFiles = FileLayer & {
  /** The operations that fail from now on, and with what. */
  fail: Partial<Record<keyof FileLayer, string>>
  /** After so many bytes a write takes no more: a disk that fills in the middle of a line. */
  room: number
  /** Whether a sync never ends. */
  hang: boolean
}

/** The real file system, with a disk that can be broken at will. */
export function failingFiles(): FailingFiles {
  const broken = (operation: keyof FileLayer): void => {
    const code = files.fail[operation]
    if (code) throw Object.assign(new Error(`${code}: ${operation}`), { code })
  }
  const files: FailingFiles = {
    ...fs,
    fail: {},
    room: Number.POSITIVE_INFINITY,
    hang: false,
    mkdirSync: Object.assign(fs.mkdirSync),
    openSync(...parameters: Parameters<typeof fs.openSync>) {
      broken('openSync')
      return fs.openSync(...parameters)
    },
    writeSync(fd: number, data: NodeJS.ArrayBufferView | string, from?: number | null) {
      broken('writeSync')
      if (files.room <= 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
      const bytes =
        typeof data === 'string'
          ? Buffer.from(data)
          : Buffer.from(data.buffer, data.byteOffset, data.byteLength).subarray(from ?? 0)
      const fits = bytes.subarray(0, files.room)
      files.room -= fits.length
      return fs.writeSync(fd, fits)
    },
    closeSync(fd: number) {
      fs.closeSync(fd)
      broken('closeSync')
    },
    fdatasync: Object.assign(
      (fd: number, done: fs.NoParamCallback) => {
        if (files.hang) return
        const code = files.fail.fdatasync
        if (code) done(Object.assign(new Error(code), { code }))
        else fs.fdatasync(fd, done)
      },
      { __promisify__: fs.fdatasync.__promisify__ },
    ),
  }
  return files
}
