import { existsSync, type NoParamCallback, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { instanceOfSegment, openJournal } from '../../src/lib/buffer/journal.ts'
import { failingFiles } from '../support/failing-files.ts'
import { temporaryFolder } from '../support/folders.ts'

const open = (maxBytes = 1_000_000, sync: 'write' | 'fsync' = 'write') => {
  const folder = join(temporaryFolder(), 'journal')
  const files = failingFiles()
  let begun = 0
  const journal = openJournal({
    folder,
    instance: 'abc123',
    startedAt: 1_795_000_000_000,
    maxBytes,
    sync,
    files,
    onFolder: () => {
      begun += 1
    },
  })
  const segments = () => (existsSync(folder) ? readdirSync(folder).sort() : [])
  const read = () => segments().map((name) => readFileSync(join(folder, name), 'utf8'))
  return { folder, files, journal, segments, read, begun: () => begun }
}

test('lines are in the file when append returns, in segments whose names sort by time', () => {
  const { journal, segments, read, begun } = open()
  expect(journal.append(Buffer.from('one\n')).ok).toBe(true)
  expect(journal.append(Buffer.from('two\n')).ok).toBe(true)
  expect(read()).toEqual(['one\ntwo\n'])
  const sealed = journal.seal()
  journal.append(Buffer.from('three\n'))
  expect(read()).toEqual(['one\ntwo\n', 'three\n'])
  expect(begun()).toBe(1)
  expect(segments().map(instanceOfSegment)).toEqual(['abc123', 'abc123'])
  expect(sealed).toEqual({ path: expect.stringContaining(segments()[0] ?? '?'), bytes: 8 })
  expect(instanceOfSegment('/somewhere/rejects.ndjson')).toBeUndefined()
})

test('a folder that has vanished is made again, and its writer told', () => {
  const { folder, journal, read, begun } = open()
  journal.append(Buffer.from('one\n'))
  journal.seal()
  rmSync(folder, { recursive: true })
  expect(journal.append(Buffer.from('two\n')).ok).toBe(true)
  expect(read()).toEqual(['two\n'])
  expect(begun()).toBe(2)
})

test('nothing appended, nothing sealed', () => {
  expect(open().journal.seal()).toBeUndefined()
})

test('a retired segment is gone, and gives its room back; twice does no harm', async () => {
  const { journal, segments } = open()
  journal.append(Buffer.from('one\n'))
  const sealed = journal.seal()
  expect(journal.bytes).toBe(4)
  if (sealed) journal.retire(sealed)
  expect(journal.bytes).toBe(0)
  await journal.retired()
  expect(segments()).toEqual([])
  if (sealed) journal.retire(sealed)
  await journal.retired()
})

test('a full journal takes nothing more; adopted segments count', () => {
  const { journal } = open(10)
  journal.adopt([{ path: '/gone', bytes: 5 }])
  expect(journal.append(Buffer.from('1234\n')).ok).toBe(true)
  expect(journal.append(Buffer.from('5\n'))).toEqual({
    ok: false,
    fault: { code: 'full', message: 'the journal has reached 10 bytes' },
  })
})

test('a disk that fills within a line does not spoil the next line', () => {
  const { journal, files, read } = open()
  journal.append(Buffer.from('first\n'))
  files.room = 3
  expect(journal.append(Buffer.from('second\n'))).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
  files.room = 100
  journal.append(Buffer.from('third\n'))
  journal.append(Buffer.from('fourth\n'))
  expect(read()).toEqual(['first\nsec\nthird\nfourth\n'])
})

test('a folder that cannot be written is a fault, and is tried again', () => {
  const { journal, files, read } = open()
  files.fail.openSync = 'EACCES'
  expect(journal.append(Buffer.from('one\n'))).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
  files.fail = {}
  expect(journal.append(Buffer.from('two\n')).ok).toBe(true)
  expect(read()).toEqual(['two\n'])
})

test('sync reaches the disk, once with the folder; without a segment there is nothing to do', async () => {
  const { journal, files } = open()
  expect(await journal.sync()).toEqual({ ok: true, value: undefined })
  journal.append(Buffer.from('one\n'))
  expect(await journal.sync()).toEqual({ ok: true, value: undefined })
  expect(await journal.sync()).toEqual({ ok: true, value: undefined })
  files.fail.fdatasync = 'EIO'
  expect(await journal.sync()).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
})

test.runIf(existsSync('/proc/self/fd'))(
  'the last lines of a segment that ended during a sync are reached by the next one',
  async () => {
    const { journal, files } = open(1_000, 'fsync')
    const synced: string[] = []
    const real = files.fdatasync
    files.fdatasync = Object.assign(
      (fd: number, done: NoParamCallback) => {
        synced.push(readFileSync(`/proc/self/fd/${fd}`, 'utf8'))
        real(fd, done)
      },
      { __promisify__: real.__promisify__ },
    )
    journal.append(Buffer.from('one\n'))
    const first = journal.sync()
    journal.append(Buffer.from('two\n'))
    journal.seal()
    await first
    journal.append(Buffer.from('three\n'))
    expect(await journal.sync()).toEqual({ ok: true, value: undefined })
    expect(synced).toEqual(['one\n', 'one\ntwo\n', 'three\n'])
    journal.seal()
    expect(await journal.sync()).toEqual({ ok: true, value: undefined })
    expect(synced).toHaveLength(3)
  },
)

test('a close that fails is survived', async () => {
  const { journal, files, read } = open()
  journal.append(Buffer.from('one\n'))
  files.fail.closeSync = 'EIO'
  journal.seal()
  await new Promise((resolve) => setImmediate(resolve))
  files.fail = {}
  journal.append(Buffer.from('two\n'))
  expect(read()).toEqual(['one\n', 'two\n'])
})
