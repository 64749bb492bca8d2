import { mkdirSync, readdirSync, readFileSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { createDamaged, forgetDamaged, oldDamaged } from '../../src/lib/buffer/damaged.ts'
import { temporaryFolder } from '../support/folders.ts'

const noon = Date.UTC(2026, 10, 28, 12)
const day = 86_400_000

function open(now = () => noon, maxBytes = 1_000) {
  const folder = temporaryFolder()
  const told: number[] = []
  const onDamaged = (lines: number) => told.push(lines)
  return {
    folder,
    told,
    damaged: createDamaged({ folder, maxBytes, now, log: createLog('silent'), onDamaged }),
  }
}
const names = (folder: string) => readdirSync(folder).sort()
const written = (folder: string, name: string, at: number, text = 'x\n') => {
  writeFileSync(join(folder, name), text)
  utimesSync(join(folder, name), at / 1000, at / 1000)
}

test('lines of an earlier day get a file with its date, and are deleted when they are old', async () => {
  const { folder, told, damaged } = open()
  written(folder, 'damaged.lines', noon - day, 'yesterday\n')
  written(folder, 'damaged-2026-10-01.lines', noon - 58 * day)
  written(folder, 'damaged-of-somebody.lines', noon - 999 * day)
  expect(await damaged.keep([Buffer.from('today')], undefined)).toBe(true)
  expect(told).toEqual([1])
  expect(readFileSync(join(folder, 'damaged.lines'), 'utf8')).toBe('today\n')
  expect(readFileSync(join(folder, 'damaged-2026-11-27.lines'), 'utf8')).toBe('yesterday\n')
  expect(damaged.bytes()).toBe(6 + 10 + 2)
  await damaged.forget(noon - 30 * day)
  expect(names(folder)).toEqual(['damaged-2026-11-27.lines', 'damaged-of-somebody.lines', 'damaged.lines'])
})

test('a file that vanishes while it is checked has no size and no age', async () => {
  const { folder, damaged } = open()
  symlinkSync(join(folder, 'gone'), join(folder, 'damaged-2026-10-01.lines'))
  written(folder, 'damaged.lines', noon, 'four')
  expect(damaged.bytes()).toBe(4)
  await damaged.forget(noon + day)
  expect(names(folder)).toEqual(['damaged-2026-10-01.lines'])
})

test('a file that cannot be deleted does not keep others, and is logged', async () => {
  const { folder } = open()
  const stuck = join(folder, 'damaged-2026-10-01.lines')
  mkdirSync(stuck)
  utimesSync(stuck, noon / 1000, noon / 1000)
  written(folder, 'damaged-2026-10-02.lines', noon)
  const log = createLog('silent')
  const error = vi.spyOn(log, 'error')
  expect(await oldDamaged(folder, noon + 1_000)).toHaveLength(2)
  expect(await oldDamaged(join(folder, 'nowhere'), noon)).toEqual([])
  expect(await forgetDamaged(folder, noon + 1_000, log)).toBe(1)
  expect(names(folder)).toEqual(['damaged-2026-10-01.lines'])
  expect(error).toHaveBeenCalledExactlyOnceWith(
    { file: 'damaged-2026-10-01.lines', reason: expect.any(String) },
    'damaged lines beyond the age limit could not be deleted',
  )
})

test('what exceeds the limit is not kept, nor what cannot be written', async () => {
  const { folder, damaged } = open(() => noon, 10)
  expect(await damaged.keep([Buffer.from('12345678')], undefined)).toBe(true)
  expect(await damaged.keep([Buffer.from('9')], undefined)).toBe(false)
  expect(readFileSync(join(folder, 'damaged.lines'), 'utf8')).toBe('12345678\n')
  expect(await damaged.keep([], undefined)).toBe(true)
  const other = open()
  mkdirSync(join(other.folder, 'damaged.lines'))
  expect(await other.damaged.keep([Buffer.from('1')], 'a.journal')).toBe(false)
})
