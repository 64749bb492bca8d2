import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { takeLock } from '../../src/lib/database/embedded/lock.ts'
import { processMark } from '../../src/lib/processes/process-mark.ts'
import { ownerThatDied, temporaryFolder } from '../support/folders.ts'

const lockIn = (folder: string) => join(folder, 'a.lock')
const elsewhere = JSON.stringify({ process: '1:1', place: 'elsewhere' })

/** For whom a minute of watching passes at every look. */
const hasty = () => {
  let time = 0
  return {
    silentFor: 20,
    watch: () => {
      time += 60_000
      return time
    },
  }
}

test('one process holds the lock at a time, and others get it when it is released', async () => {
  const file = lockIn(temporaryFolder())
  const release = await takeLock(file, 0)
  expect(await takeLock(file, 150)).toBeUndefined()
  const next = takeLock(file, 5_000)
  release?.()
  const again = await next
  expect(again).toBeDefined()
  again?.()
  expect(existsSync(file)).toBe(false)
})

test.each([
  ['a process that has ended', ownerThatDied],
  ['a version before, whose process has ended', `${process.pid}:1`],
])('the lock is taken from %s at once', async (_, text) => {
  const folder = temporaryFolder()
  writeFileSync(lockIn(folder), text)
  const release = await takeLock(lockIn(folder), 0)
  expect(release).toBeDefined()
  release?.()
  expect(readdirSync(folder)).toEqual([])
})

test.each([
  ['a version before, whose process lives', processMark(process.pid) ?? ''],
  ['a process elsewhere', elsewhere],
  ['nobody knows whom', ''],
])('the lock is left to %s', async (_, text) => {
  const folder = temporaryFolder()
  writeFileSync(lockIn(folder), text)
  expect(await takeLock(lockIn(folder), 250)).toBeUndefined()
  expect(readdirSync(folder)).toEqual(['a.lock'])
})

test.each([
  ['a process elsewhere', elsewhere],
  ['nobody knows whom', ''],
])('the lock is taken from %s after a silence', async (_, text) => {
  const file = lockIn(temporaryFolder())
  writeFileSync(file, text)
  const release = await takeLock(file, 5_000, hasty())
  expect(release).toBeDefined()
  release?.()
})

test('a holder elsewhere with signs of life keeps it', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const file = lockIn(temporaryFolder())
  const release = await takeLock(file, 0, { place: 'elsewhere' })
  const taking = takeLock(file, 4_000, { ...hasty(), silentFor: 2_000 })
  for (let beats = 0; beats < 80; beats += 1) {
    await sleep(50)
    vi.advanceTimersByTime(10_000)
  }
  expect(await taking).toBeUndefined()
  release?.()
  vi.advanceTimersByTime(60_000)
  expect(existsSync(file)).toBe(false)
  vi.useRealTimers()
})

test('of many that take over an abandoned lock, one holds it at a time', async () => {
  for (let round = 0; round < 10; round += 1) {
    const file = lockIn(temporaryFolder())
    writeFileSync(file, ownerThatDied)
    let holders = 0
    let most = 0
    const take = async () => {
      const release = await takeLock(file, 20_000)
      holders += 1
      most = Math.max(most, holders)
      await sleep(1)
      holders -= 1
      release?.()
    }
    await Promise.all(Array.from({ length: 8 }, take))
    expect(most).toBe(1)
  }
})

test('a folder that cannot be written is reported', async () => {
  await expect(takeLock(join(temporaryFolder(), 'missing', 'a.lock'), 0)).rejects.toThrow('ENOENT')
})
