import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/lib/base/queue.ts'
import { openJournal } from '../../src/lib/buffer/journal.ts'
import {
  instanceOfSegment,
  type Journal,
  replayedSign,
  segmentName,
  startOfSegment,
} from '../../src/lib/buffer/segments.ts'
import { failingFiles } from '../support/failing-files.ts'
import { temporaryFolder } from '../support/folders.ts'
import { atThisPace } from '../support/pace.ts'
import { fewestTimers, timers } from '../support/timers.ts'
import { quickestOf, waitFor } from '../support/wait.ts'

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
    inTurn: createQueue(),
    onFolder: async () => {
      begun += 1
    },
  })
  const segments = () => (existsSync(folder) ? readdirSync(folder).sort() : [])
  const read = () => segments().map((name) => readFileSync(join(folder, name), 'utf8'))
  return { folder, files, journal, segments, read, begun: () => begun }
}

const line = (text: string) => Buffer.from(`${text}\n`)

test('lines are in the file when append resolves, in segments whose names sort by time', async () => {
  const { files, journal, segments, read, begun } = open()
  expect(await journal.append(line('one'))).toEqual({ ok: true, value: undefined })
  await journal.append(line('two'))
  expect(read()).toEqual(['one\ntwo\n'])
  const sealed = journal.seal()
  await journal.append(line('three'))
  expect(read()).toEqual(['one\ntwo\n', 'three\n'])
  expect(begun()).toBe(1)
  expect(segments().map(instanceOfSegment)).toEqual(['abc123', 'abc123'])
  expect(sealed).toMatchObject({ path: expect.stringContaining(segments()[0] ?? '?'), bytes: 8 })
  await journal.retired()
  expect(files.calls).toMatchObject({ write: 3, open: 3, close: 1 })
})

test('names tell segments, their instance and its start, and nothing else is a segment', () => {
  const path = `/there/${segmentName(1_795_000_000_000, 7, 'ab-c')}`
  expect(path).toBe('/there/001795000000000-000007.ab-c.journal')
  expect([instanceOfSegment(path), startOfSegment(path)]).toEqual(['ab-c', 1_795_000_000_000])
  expect(replayedSign(path)).toBe('/there/001795000000000-000007.ab-c.replayed')
  expect(replayedSign('/a.journal/b.journal')).toBe('/a.journal/b.replayed')
  const others = ['rejects.ndjson', `x${path.slice(7)}`, `${path.slice(7)}.old`, path.slice(8)]
  expect(others.map((name) => instanceOfSegment(`/there/${name}`))).toEqual(Array(4).fill(undefined))
})

test('a folder that has vanished is created again, and its owner file written', async () => {
  const { folder, journal, read, begun } = open()
  await journal.append(line('one'))
  journal.seal()
  rmSync(folder, { recursive: true })
  expect(await journal.append(line('two'))).toMatchObject({ ok: true })
  expect(read()).toEqual(['two\n'])
  expect(begun()).toBe(2)
})

test('nothing is sealed if nothing was appended', () => {
  expect(open().journal.seal()).toBeUndefined()
})

test('a retired segment is deleted, and frees its room; twice does no harm', async () => {
  const { journal, segments, files } = open()
  await journal.append(line('one'))
  const sealed = journal.seal()
  expect(journal.bytes).toBe(4)
  if (sealed) journal.retire(sealed)
  expect(journal.bytes).toBe(0)
  await journal.retired()
  expect(segments()).toEqual([])
  if (sealed) journal.retire(sealed)
  await journal.retired()
  expect(files.calls).toMatchObject({ close: 1, unlink: 2 })
})

test('a full journal accepts nothing until there is room again; adopted segments count', async () => {
  const { journal, read } = open(10)
  const adopted = { path: '/gone', bytes: 5 }
  journal.adopt([adopted])
  expect(await journal.append(line('1234'))).toMatchObject({ ok: true })
  const full = { code: 'full', message: 'the journal has reached 10 bytes' }
  expect(await journal.append(line('5'))).toEqual({ ok: false, fault: full })
  expect(journal).toMatchObject({ fault: full, held: 1 })
  journal.retire(adopted)
  expect(await journal.append(line('6'))).toMatchObject({ ok: true })
  expect(read()).toEqual(['1234\n5\n6\n'])
  expect(journal).toMatchObject({ fault: undefined, held: 0, bytes: 9 })
})

test('a disk that fills within a line does not spoil the next line', async () => {
  const { journal, files, read } = open()
  await journal.append(line('first'))
  files.room = 3
  expect(await journal.append(line('second'))).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
  files.room = 100
  await journal.append(line('third'))
  expect(read()).toEqual(['first\nsec\nsecond\nthird\n'])
})

test('lines that a disk refuses are held in order, and written as soon as possible', async () => {
  const { journal, files, read } = open()
  files.fail.open = 'EACCES'
  expect(await journal.append(line('one'))).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
  expect(await journal.append(line('two'))).toMatchObject({ ok: false })
  expect(journal.held).toBe(2)
  files.fail = {}
  await waitFor(() => expect(journal).toMatchObject({ held: 0, fault: undefined }))
  expect(read()).toEqual(['one\ntwo\n'])
})

test.each([
  ['request', (journal: Journal) => journal.retry()],
  ['another append', (journal: Journal) => void journal.append(line('two'))],
])('a failed disk is tried at once on %s, and does not keep the process from ending', async (_, ask) => {
  const { journal, files } = open()
  const before = timers()
  files.fail.write = 'EIO'
  await journal.append(line('one'))
  expect(await fewestTimers()).toBeLessThanOrEqual(before)
  const recover = async () => {
    files.fail = { write: 'EIO' }
    await journal.append(line('one'))
    files.fail = {}
    ask(journal)
    await waitFor(() => expect(journal.held).toBe(0), 5)
  }
  // Unasked, it is tried after half a second.
  expect(await quickestOf(400, recover)).toBeLessThan(atThisPace(400))
})

test('a segment of which the disk has no line is deleted all the same', async () => {
  const { journal, files, segments } = open()
  files.fail.stat = 'EIO'
  expect(await journal.append(line('one'))).toMatchObject({ ok: false })
  expect(segments()).toHaveLength(1)
  const sealed = journal.seal()
  if (sealed) journal.retire(sealed)
  await journal.retired()
  expect([segments(), files.calls.close]).toEqual([[], 1])
})

test('a segment that is written again leaves no file open, and its folder is synced again', async () => {
  const { journal, files, folder, read } = open(1_000, 'fsync')
  await journal.append(line('one'))
  const segment = journal.newest ?? { path: '', bytes: 0 }
  rmSync(folder, { recursive: true })
  await journal.writeAgain(segment, line('one'))
  await journal.retired()
  // Each sync of the folder closes the folder, too.
  expect(files.calls).toMatchObject({ fsync: 2, close: 3 })
  expect([read(), journal.bytes, await journal.find(segment)]).toEqual([['one\n'], 4, 'whole'])
})

test('the state of a segment is unknown while it is written, or written again, or cannot be seen', async () => {
  const { journal, files } = open()
  await journal.append(line('one'))
  const segment = journal.seal() ?? { path: '', bytes: 0 }
  await journal.append(line('two'))
  const settled = journal.seal() ?? { path: '', bytes: 0 }
  await journal.append(line('other'))
  const other = journal.newest ?? { path: '', bytes: 0 }
  files.fail.stat = 'EIO'
  expect(await journal.find(segment)).toBe('unknown')
  files.fail = { write: 'EIO' }
  await journal.append(line('more'))
  expect([await journal.find(other), await journal.find(segment)]).toEqual(['unknown', 'whole'])
  void journal.writeAgain(segment, line('one'))
  expect([await journal.find(segment), await journal.find(settled)]).toEqual(['unknown', 'whole'])
  files.fail = {}
  await waitFor(() => expect(journal.held).toBe(0), 5)
  expect([await journal.find(other), await journal.find(segment)]).toEqual(['whole', 'whole'])
})

test('a segment that is written again while its file is looked for does not count as vanished', async () => {
  const { folder, journal } = open()
  await journal.append(line('one'))
  const segment = journal.newest ?? { path: '', bytes: 0 }
  rmSync(folder, { recursive: true })
  const found = journal.find(segment)
  await journal.writeAgain(segment, line('one'))
  expect([await found, await journal.find(segment)]).toEqual(['unknown', 'whole'])
})

test('lines held for a retired segment are forgotten', async () => {
  const { journal, files, segments } = open()
  files.fail.open = 'EROFS'
  await journal.append(line('one'))
  const sealed = journal.seal()
  if (sealed) journal.retire(sealed)
  expect(journal).toMatchObject({ held: 0, bytes: 0 })
  files.fail = {}
  await journal.append(line('two'))
  await journal.retired()
  expect(segments()).toHaveLength(1)
  expect(files.calls.unlink).toBe(0)
})

test('lines held for other segments are written all the same', async () => {
  const { journal, files, read } = open()
  files.fail.open = 'EROFS'
  await journal.append(line('one'))
  const sealed = journal.seal()
  await journal.append(line('two'))
  if (sealed) journal.retire(sealed)
  expect(journal.held).toBe(1)
  files.fail = {}
  journal.retry()
  await waitFor(() => expect(journal.held).toBe(0), 5)
  expect(read()).toEqual(['two\n'])
})

test.each([undefined, 'EIO'])('a segment can be retired while it is being written (%s)', async (fault) => {
  const { journal, files, segments } = open()
  await journal.append(line('one'))
  files.freeze()
  const first = journal.append(line('two'))
  const second = journal.append(line('three'))
  const sealed = journal.seal()
  if (sealed) journal.retire(sealed)
  expect(await second).toMatchObject({ ok: true })
  expect(journal.held).toBe(1)
  if (fault) files.fail.write = fault
  files.thaw()
  expect(await first).toMatchObject({ ok: !fault })
  await journal.retired()
  expect(segments()).toEqual([])
  expect(journal).toMatchObject({ held: 0, bytes: 0 })
})

test('with fsync an append has reached the disk, and the first one of a segment its folder', async () => {
  const { journal, files } = open(1_000, 'fsync')
  await journal.append(line('one'))
  await journal.append(line('two'))
  expect(files.calls).toMatchObject({ write: 2, fdatasync: 2, fsync: 1 })
  journal.seal()
  await journal.append(line('three'))
  expect(files.calls).toMatchObject({ fdatasync: 3, fsync: 2 })
})

test('after a sync that failed the sync is tried again, and nothing is written twice', async () => {
  const { journal, files, read } = open(1_000, 'fsync')
  files.fail.fdatasync = 'EIO'
  expect(await journal.append(line('one'))).toMatchObject({ ok: false, fault: { code: 'unwritable' } })
  files.fail = {}
  expect(await journal.append(line('two'))).toMatchObject({ ok: true })
  expect(read()).toEqual(['one\ntwo\n'])
})

test('a failing close is survived', async () => {
  const { journal, files, read } = open()
  await journal.append(line('one'))
  files.fail.close = 'EIO'
  journal.seal()
  await journal.retired()
  files.fail = {}
  await journal.append(line('two'))
  expect(read()).toEqual(['one\n', 'two\n'])
})

test('a frozen disk gets at most two operations at a time, and nothing is lost', async () => {
  const { journal, files, read } = open()
  await journal.append(line('first'))
  const older = journal.seal()
  await journal.append(line('second'))
  await journal.retired()
  files.freeze()
  const before = { ...files.calls }
  if (older) journal.retire(older)
  const appended = ['third', 'fourth', 'fifth'].map((text) => journal.append(line(text)))
  journal.seal()
  const sumOf = (calls: typeof before) => Object.values(calls).reduce((sum, count) => sum + count, 0)
  const asked = () => sumOf(files.calls) - sumOf(before)
  await waitFor(() => expect(asked()).toBe(2), 5)
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(asked()).toBe(2)
  files.thaw()
  await Promise.all(appended)
  await journal.retired()
  expect(read()).toEqual(['second\nthird\nfourth\nfifth\n'])
})

test('retiring the segment of a writer that may be alive leaves a marker', async () => {
  const { folder, journal, segments } = open()
  await journal.append(line('own'))
  const path = join(folder, '000000000000001-000000.other.journal')
  writeFileSync(path, 'line\n')
  journal.retire({ path, bytes: 5, mayLive: true })
  await journal.retired()
  expect(segments()).toContain('000000000000001-000000.other.replayed')
  expect(existsSync(path)).toBe(false)
})

test('a segment that is not written, or is retired, has no state and is not written again', async () => {
  const { files, journal, read } = open()
  files.fail.open = 'EROFS'
  await journal.append(line('one'))
  const segment = journal.newest ?? { path: '', bytes: 0 }
  expect(await journal.find(segment)).toBe('unknown')
  files.fail = {}
  await journal.append(line('two'))
  expect(await journal.find(segment)).toBe('whole')
  journal.seal()
  journal.retire(segment)
  await journal.retired()
  expect(await journal.find(segment)).toBe('unknown')
  expect(await journal.writeAgain(segment, line('one'))).toMatchObject({ ok: true })
  expect(read()).toEqual([])
})

test('a file that vanishes while it is opened is detected, and can be written again', async () => {
  const { folder, files, journal, read } = open()
  files.fail.stat = 'ENOENT'
  await journal.append(line('one'))
  files.fail = {}
  const segment = journal.newest ?? { path: '', bytes: 0 }
  expect(await journal.find(segment)).toBe('vanished')
  rmSync(folder, { recursive: true })
  const again = journal.writeAgain(segment, line('one'))
  journal.seal()
  await again
  expect([read(), journal.bytes]).toEqual([['one\n'], 4])
})

test('a segment can be retired while it has to be written again', async () => {
  const { journal, files, segments } = open()
  await journal.append(line('one'))
  files.freeze()
  void journal.append(line('two'))
  const segment = journal.seal() ?? { path: '', bytes: 0 }
  const again = journal.writeAgain(segment, line('one'))
  journal.retire(segment)
  files.thaw()
  await again
  await waitFor(() => expect(segments()).toEqual([]))
  expect(journal).toMatchObject({ held: 0, bytes: 0 })
})

test('the recovery of a disk is detected, even if nothing is waiting to be written', async () => {
  const { journal, files, segments } = open()
  await journal.append(line('one'))
  files.fail.write = 'ENOSPC'
  await journal.append(line('two'))
  const segment = journal.seal()
  if (segment) journal.retire(segment)
  const fault = { code: 'unwritable', message: 'ENOSPC: write' }
  await waitFor(() => expect(files.calls.write).toBe(4))
  expect(journal).toMatchObject({ held: 0, fault })
  files.fail = {}
  await waitFor(() => expect(journal.fault).toBeUndefined())
  await journal.retired()
  expect(segments()).toEqual([])
})

test('a journal that was full is healthy as soon as it has room, even if nothing is waiting', async () => {
  const { journal } = open(5)
  const adopted = { path: '/gone', bytes: 5 }
  journal.adopt([adopted])
  await journal.append(line('one'))
  const segment = journal.seal()
  if (segment) journal.retire(segment)
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(journal).toMatchObject({ held: 0, fault: { code: 'full' } })
  journal.retire(adopted)
  await waitFor(() => expect(journal.fault).toBeUndefined())
})
