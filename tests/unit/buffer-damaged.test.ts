import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open as openFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { createDamaged, forgetDamaged, oldDamaged } from '../../src/lib/buffer/damaged.ts'
import { openFiles, temporaryFolder } from '../support/folders.ts'

const noon = Date.UTC(2026, 10, 28, 12)
const day = 86_400_000

function open(now = () => noon, maxBytes = 1_000) {
  const folder = temporaryFolder()
  const told: number[] = []
  const logged: unknown[] = []
  const log = pino({ base: null, timestamp: false }, { write: (line) => logged.push(JSON.parse(line)) })
  const onDamaged = (lines: number) => told.push(lines)
  return { folder, told, logged, damaged: createDamaged({ folder, maxBytes, now, log, onDamaged }) }
}
const names = (folder: string) => readdirSync(folder).sort()
const writtenAt = (path: string, at: number) => utimesSync(path, at / 1000, at / 1000)
const written = (folder: string, name: string, at: number, text = 'x\n') => {
  writeFileSync(join(folder, name), text)
  writtenAt(join(folder, name), at)
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
  writtenAt(stuck, noon)
  written(folder, 'damaged-2026-10-02.lines', noon)
  const log = createLog('silent')
  const [warn, error] = [vi.spyOn(log, 'warn'), vi.spyOn(log, 'error')]
  expect(await oldDamaged(folder, noon + 1_000)).toHaveLength(2)
  expect(await oldDamaged(join(folder, 'nowhere'), noon)).toEqual([])
  expect(await forgetDamaged(folder, noon + 1_000, log)).toBe(1)
  expect(names(folder)).toEqual(['damaged-2026-10-01.lines'])
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { file: 'damaged-2026-10-02.lines' },
    'damaged lines were deleted: they had reached the age limit of details',
  )
  expect(error).toHaveBeenCalledExactlyOnceWith(
    { file: 'damaged-2026-10-01.lines', reason: expect.any(String) },
    'damaged lines beyond the age limit could not be deleted',
  )
})

test('only files with names of damaged lines are theirs', () => {
  const { folder, damaged } = open()
  const own = ['damaged-2026-10-01.lines', 'damaged.lines']
  const others = ['adamaged.lines', 'damaged.lines.old', 'damaged-2026-10-01xlines', 'damaged-.lines']
  const almost = ['damaged-26-10-01.lines', 'damaged-2026-1-01.lines', 'damaged-2026-10-1.lines']
  const letters = ['damaged-abcd-10-01.lines', 'damaged-2026-ab-01.lines', 'damaged-2026-10-ab.lines']
  for (const name of [...own, ...others, ...almost, ...letters]) written(folder, name, noon)
  expect(damaged.paths().sort()).toEqual(own.map((name) => join(folder, name)))
  rmSync(folder, { recursive: true })
  expect([damaged.paths(), damaged.bytes()]).toEqual([[], 0])
})

test('lines of an earlier day stay where they are if that day has a file', async () => {
  const { folder, damaged } = open()
  written(folder, 'damaged.lines', noon - day, 'later\n')
  written(folder, 'damaged-2026-11-27.lines', noon - day, 'earlier\n')
  expect(await damaged.keep([Buffer.from('today')], undefined)).toBe(true)
  expect(readFileSync(join(folder, 'damaged.lines'), 'utf8')).toBe('later\ntoday\n')
  expect(readFileSync(join(folder, 'damaged-2026-11-27.lines'), 'utf8')).toBe('earlier\n')
})

test('a file is as old as its last line, to the millisecond', async () => {
  const { folder } = open()
  written(folder, 'damaged.lines', noon)
  expect(await oldDamaged(folder, noon)).toEqual([])
  expect(await oldDamaged(folder, noon + 1)).toEqual([join(folder, 'damaged.lines')])
})

test('lines are on the disk, for the owner alone, before they count as kept', async () => {
  const { folder, logged, damaged } = open()
  const handle = await openFile(folder)
  const synced = vi.spyOn(Object.getPrototypeOf(handle), 'datasync')
  await handle.close()
  onTestFinished(() => synced.mockRestore())
  expect(await damaged.keep([Buffer.from('one'), Buffer.from('two')], 'a.journal')).toBe(true)
  expect(synced).toHaveBeenCalledOnce()
  expect(openFiles(join(folder, 'damaged.lines'))).toBe(0)
  expect(statSync(join(folder, 'damaged.lines')).mode & 0o777).toBe(0o600)
  expect(logged).toEqual([
    {
      level: 40,
      segment: 'a.journal',
      damaged: 2,
      file: join(folder, 'damaged.lines'),
      msg: 'journal lines could not be read and were set aside',
    },
  ])
})

test('lines beyond the limit are not kept, nor lines that cannot be written', async () => {
  const { folder, told, logged, damaged } = open(() => noon, 10)
  expect(await damaged.keep([Buffer.from('12345678')], undefined)).toBe(true)
  writtenAt(join(folder, 'damaged.lines'), noon)
  expect(await damaged.keep([Buffer.from('9')], undefined)).toBe(false)
  expect(logged.at(-1)).toMatchObject({
    level: 50,
    damaged: 1,
    reason: 'damaged lines have reached 10 bytes: move their files away',
    msg: 'journal lines could be neither read nor set aside: their segment stays',
  })
  expect(readFileSync(join(folder, 'damaged.lines'), 'utf8')).toBe('12345678\n')
  expect(await damaged.keep([Buffer.alloc(0)], undefined)).toBe(true)
  expect(damaged.bytes()).toBe(10)
  expect(told).toEqual([1, 1, 1])
  expect(await damaged.keep([], undefined)).toBe(true)
  expect(told).toHaveLength(3)
  const other = open()
  mkdirSync(join(other.folder, 'damaged.lines'))
  expect(await other.damaged.keep([Buffer.from('1')], 'a.journal')).toBe(false)
})
