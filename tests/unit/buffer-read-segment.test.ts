import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { readSegment } from '../../src/lib/buffer/read-segment.ts'
import { temporaryFolder } from '../support/folders.ts'

const log = createLog('silent')

async function readOf(text: string) {
  const path = join(temporaryFolder(), 'a.journal')
  writeFileSync(path, text)
  const read = await readSegment(path, log)
  if (!read || read === 'absent') return expect.fail('not read')
  return { path, read }
}

test('a segment has the same contents until its writer appends to it', async () => {
  const { path, read } = await readOf('one\n')
  expect(await read.isAsRead()).toBe(true)
  appendFileSync(path, 'two\n')
  expect(await read.isAsRead()).toBe(false)
})

test('a segment that was replaced by one of the same size is not the one that was read', async () => {
  const { path, read } = await readOf('one\n')
  writeFileSync(`${path}.new`, 'two\n')
  renameSync(`${path}.new`, path)
  expect(await read.isAsRead()).toBe(false)
})

test('a segment that another process has deleted since counts as it was read', async () => {
  const { path, read } = await readOf('one\n')
  rmSync(path)
  expect(await read.isAsRead()).toBe(true)
  expect(await readSegment(path, log)).toBe('absent')
})

test('a segment that cannot be read is logged with the reason', async () => {
  const path = join(temporaryFolder(), 'a.journal')
  mkdirSync(path)
  const error = vi.spyOn(log, 'error')
  expect(await readSegment(path, log)).toBeUndefined()
  expect(error).toHaveBeenCalledExactlyOnceWith(
    { segment: path, reason: expect.stringContaining('EISDIR') },
    'a journal segment cannot be read',
  )
})
