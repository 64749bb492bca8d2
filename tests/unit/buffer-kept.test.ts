import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import promises from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createQueue } from '../../src/lib/base/queue.ts'
import { createKept, unknownTimeline } from '../../src/lib/buffer/kept.ts'
import { temporaryFolder } from '../support/folders.ts'

const timeline = { database: '71-15', timeline: '0000000A' }

function open({ room = 100, keepFor = 10 } = {}) {
  const folder = join(temporaryFolder(), 'kept')
  mkdirSync(folder)
  const world = { room, now: 0 }
  const kept = createKept({
    folder,
    room: () => world.room,
    keepFor,
    now: () => world.now,
    inTurn: createQueue(),
  })
  /** Keeps a segment of ten bytes, a millisecond after the one before. */
  const keep = () => {
    world.now += 1
    const path = kept.place({ path: `/j/000000000000001-000002.ab-c.journal`, bytes: 10 }, timeline)
    if (path !== undefined) writeFileSync(path, '0123456789')
    return path
  }
  const times = async () => (await kept.list()).map(({ at }) => at)
  return { folder, world, kept, keep, times }
}

test('a name describes a kept segment, and other files are ignored', async () => {
  const { folder, kept, keep } = open()
  const name = '000000000000001.000000000000001-000002-ab-c.71-15.0000000A.10.kept'
  const path = join(folder, name)
  expect(keep()).toBe(path)
  const others = [`0${name}`, `${name}.old`, name.slice(1), name.replace('A.', 'a.'), name.replace('A.', '.')]
  const strange = [name.replace('71-15', '71'), name.replace('71-15', 'x-15'), name.replace('.10.', '.1o.')]
  for (const other of [...others, ...strange, name.replace('ab-c', 'a+c'), 'notes.txt'])
    writeFileSync(join(folder, other), '')
  const segment = '000000000000001-000002-ab-c'
  expect(await kept.list()).toEqual([{ path, at: 1, bytes: 10, ...timeline, segment }])
})

test('a segment that was recorded before the timeline was known is found with that', async () => {
  const { folder, kept } = open()
  const path = kept.place({ path: '/j/a.journal', bytes: 3 }, unknownTimeline) ?? expect.fail('no room')
  writeFileSync(path, 'one')
  expect(await kept.list()).toEqual([{ path, at: 0, bytes: 3, ...unknownTimeline, segment: 'a' }])
  rmSync(folder, { recursive: true })
  expect(await kept.list()).toEqual([])
})

test('segments are in the order in which they were recorded, however a folder is listed', async () => {
  const { folder, keep, times } = open()
  for (let file = 0; file < 3; file += 1) keep()
  const { readdir } = promises
  const listed = vi.fn(async () => readdirSync(folder).toSorted().toReversed())
  Object.assign(promises, { readdir: listed })
  syncBuiltinESMExports()
  onTestFinished(() => {
    Object.assign(promises, { readdir })
    syncBuiltinESMExports()
  })
  expect(await times()).toEqual([1, 2, 3])
  expect(listed).toHaveBeenCalledOnce()
})

test('segments are kept up to the limit; then the oldest go, and an eighth more', async () => {
  const { kept, keep, times, world } = open()
  for (let file = 0; file < 10; file += 1) keep()
  await kept.trim()
  expect([kept.bytes, (await times()).length, kept.cutAt]).toEqual([100, 10, undefined])
  keep()
  await kept.trim()
  expect([kept.bytes, await times()]).toEqual([80, [4, 5, 6, 7, 8, 9, 10, 11]])
  world.room = 79
  const trimming = kept.trim()
  expect(kept.trim()).toBe(trimming)
  await trimming
  expect([kept.bytes, await times()]).toEqual([60, [6, 7, 8, 9, 10, 11]])
  world.room = 80
  for (let file = 0; file < 3; file += 1) keep()
  await kept.trim()
  expect([kept.bytes, await times()]).toEqual([70, [8, 9, 10, 11, 12, 13, 14]])
})

test('keeping a segment beyond the limit deletes older ones', async () => {
  const { keep, times } = open({ room: 20 })
  keep()
  keep()
  expect(await times()).toEqual([1, 2])
  keep()
  expect(await times()).toEqual([3])
})

test.each([
  [8, undefined],
  [9, 11],
])('segments deleted after %i ms were cut short if they should be kept longer', async (keepFor, cutAt) => {
  const { kept, keep } = open({ keepFor })
  for (let file = 0; file < 11; file += 1) keep()
  await kept.trim()
  expect(kept.cutAt).toBe(cutAt)
})

test('nothing is kept without room', () => {
  const { world, keep } = open({ room: 0 })
  expect(keep()).toBeUndefined()
  world.room = 1
  expect(keep()).toBeDefined()
})

test('segments recorded again have a new time and timeline, and removed ones free room', async () => {
  const { folder, world, kept, keep, times } = open()
  for (let file = 0; file < 3; file += 1) keep()
  const [first, second, third] = await kept.list()
  if (!first || !second || !third) throw new Error('not kept')
  world.now = 7
  const gone = { ...first, path: join(folder, 'gone') }
  await kept.move([gone, first], { ...timeline, timeline: '0000000B' })
  expect(await kept.list()).toMatchObject([second, third, { at: 7, timeline: '0000000B', bytes: 10 }])
  mkdirSync(join(folder, 'folder'))
  await kept.remove([{ ...gone, path: join(folder, 'folder') }, gone, second])
  expect([kept.bytes, await times()]).toEqual([0, [3, 7]])
  expect(existsSync(second.path)).toBe(false)
  expect(readdirSync(folder)).toContain('folder')
})
