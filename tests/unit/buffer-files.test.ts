import fs, { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createFiles, type FileLayer, isAbsent } from '../../src/lib/buffer/files.ts'
import { failingFiles } from '../support/failing-files.ts'
import { openFiles, temporaryFolder } from '../support/folders.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777

test('folders and files are for their owner alone, and lines are appended', async () => {
  const files = createFiles(fs)
  const folder = join(temporaryFolder(), 'a', 'b')
  await files.make(folder)
  const path = join(folder, 'file')
  for (const text of ['one\n', 'two\n']) {
    const fd = await files.open(path)
    await files.write(fd, Buffer.from(text))
    await files.close(fd)
  }
  expect([modeOf(folder), modeOf(path), readFileSync(path, 'utf8')]).toEqual([0o700, 0o600, 'one\ntwo\n'])
  expect(await files.identify(path)).toBe(statSync(path).ino)
})

test('a probe is a block of empty lines, which is deleted, and closed even if the disk takes nothing', async () => {
  const layer = failingFiles()
  const files = createFiles(layer)
  const path = join(temporaryFolder(), 'probe')
  await files.probe(path)
  expect(existsSync(path)).toBe(false)
  layer.fail = { unlink: 'EIO' }
  await expect(files.probe(path)).rejects.toThrow('EIO')
  expect(readFileSync(path, 'utf8')).toBe('\n'.repeat(4096))
  layer.fail = { write: 'ENOSPC' }
  await expect(files.probe(path)).rejects.toThrow('ENOSPC')
  expect([existsSync(path), layer.calls.close]).toEqual([false, 3])
})

test('a disk that takes a few bytes at a time gets all of them, once', async () => {
  const asked: number[] = []
  const layer: FileLayer = {
    ...fs,
    write(fd, bytes, from, length, position, done) {
      asked.push(from, length)
      fs.write(fd, bytes, from, Math.min(3, length), position, (error, written) => done(error, written))
    },
  }
  const files = createFiles(layer)
  const path = join(temporaryFolder(), 'file')
  const fd = await files.open(path)
  await files.write(fd, Buffer.from('12345678'))
  await files.close(fd)
  expect([readFileSync(path, 'utf8'), asked]).toEqual(['12345678', [0, 8, 3, 5, 6, 2]])
})

test('a sync is one of the data of a file', async () => {
  const layer = failingFiles()
  const files = createFiles(layer)
  const fd = await files.open(join(temporaryFolder(), 'file'))
  await files.sync(fd)
  layer.fail = { fdatasync: 'EIO' }
  await expect(files.sync(fd)).rejects.toThrow('EIO')
  await files.close(fd)
  expect(layer.calls.fdatasync).toBe(2)
})

test('a folder is closed even if it cannot be synced', async () => {
  const layer = failingFiles()
  const folder = temporaryFolder()
  layer.fail = { fsync: 'EIO' }
  await expect(createFiles(layer).syncFolder(folder)).rejects.toThrow('EIO')
  expect([layer.calls.fsync, openFiles(folder)]).toEqual([1, 0])
})

test('a file is moved into a folder that is made for it, or deleted if that fails', async () => {
  const layer = failingFiles()
  const files = createFiles(layer)
  const folder = temporaryFolder()
  const [path, kept] = [join(folder, 'file'), join(folder, 'kept', 'file')]
  writeFileSync(path, 'one')
  await files.remove(path, kept)
  expect([existsSync(path), readFileSync(kept, 'utf8'), modeOf(join(folder, 'kept'))]).toEqual([
    false,
    'one',
    0o700,
  ])
  writeFileSync(path, 'two')
  layer.fail = { rename: 'EACCES' }
  await files.remove(path, kept)
  expect([existsSync(path), readFileSync(kept, 'utf8')]).toEqual([false, 'one'])
  await files.remove(kept)
  expect(existsSync(kept)).toBe(false)
})

test('a missing file differs from one that cannot be examined', async () => {
  const layer = failingFiles()
  const files = createFiles(layer)
  const path = join(temporaryFolder(), 'file')
  expect(await files.identify(path)).toBeUndefined()
  layer.fail = { stat: 'EACCES' }
  await expect(files.identify(path)).rejects.toThrow('EACCES')
  const errors = [new Error('ENOENT'), { code: 'ENOENT' }, Object.assign(new Error(), { code: 'ENOENT' })]
  expect(errors.map(isAbsent)).toEqual([false, false, true])
})
