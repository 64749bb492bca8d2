import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { joinInstances } from '../../src/lib/buffer/instances.ts'
import { temporaryFolder } from '../support/folders.ts'

const now = () => Date.now()

/** A segment, and what its owner says of itself. */
function leave(folder: string, instance: string, owner: unknown, began = 1): string {
  const name = `${String(began).padStart(15, '0')}-000000.${instance}.journal`
  writeFileSync(join(folder, name), 'line\n')
  if (owner !== undefined) writeFileSync(join(folder, `${instance}.owner`), JSON.stringify(owner))
  return join(folder, name)
}

const agoInSeconds = (seconds: number) => Date.now() / 1000 - seconds

test('segments of dead processes are orphans, told once, oldest first; those of live ones are not', () => {
  const folder = temporaryFolder()
  const other = joinInstances(folder, now)
  const mine = joinInstances(folder, now)
  expect(other.id).not.toBe(mine.id)
  leave(folder, other.id, undefined)
  leave(folder, mine.id, undefined)
  const younger = leave(folder, 'dead1', { host: hostname(), process: `${process.pid}:before` }, 9)
  const older = leave(folder, 'dead2', { host: hostname(), process: '999999999:before' }, 3)
  expect(mine.orphans()).toEqual([
    { path: older, bytes: 5 },
    { path: younger, bytes: 5 },
  ])
  expect(mine.orphans()).toEqual([])
})

test('an owner on another host is gone when it has been silent for a minute', () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, now)
  const segment = leave(folder, 'far', { host: 'another-host', process: '1:1' })
  expect(mine.orphans()).toEqual([])
  utimesSync(join(folder, 'far.owner'), agoInSeconds(90), agoInSeconds(90))
  expect(mine.orphans().map(({ path }) => path)).toEqual([segment])
})

test('a segment whose owner file is missing is left alone while it may still be written', () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, now)
  const segment = leave(folder, 'nameless', undefined)
  expect(mine.orphans()).toEqual([])
  utimesSync(segment, agoInSeconds(90), agoInSeconds(90))
  expect(mine.orphans().map(({ path }) => path)).toEqual([segment])
})

test("a segment that vanishes while it is looked at is nobody's", () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, now)
  symlinkSync(join(folder, 'gone'), join(folder, '000000000000001-000000.nameless.journal'))
  symlinkSync(join(folder, 'gone'), join(folder, '000000000000002-000000.dead.journal'))
  writeFileSync(
    join(folder, 'dead.owner'),
    JSON.stringify({ host: hostname(), process: `${process.pid}:before` }),
  )
  expect(mine.orphans()).toEqual([])
})

test('names of instances that are gone and have left nothing are cleared away', () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, now)
  writeFileSync(join(folder, 'dead.owner'), 'not even JSON')
  mine.orphans()
  expect(readdirSync(folder)).toEqual([`${mine.id}.owner`])
  mine.leave()
  expect(readdirSync(folder)).toEqual([])
})

test('a beat renews the owner file, and writes it again where it is missing', () => {
  const folder = join(temporaryFolder(), 'journal')
  const mine = joinInstances(folder, now)
  rmSync(folder, { recursive: true })
  expect(mine.orphans()).toEqual([])
  mine.beat()
  expect(existsSync(join(folder, `${mine.id}.owner`))).toBe(true)
  mine.beat()
})

test('a folder that cannot be made is survived', () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const mine = joinInstances(join(file, 'journal'), now)
  mine.beat()
  mine.leave()
  expect(mine.orphans()).toEqual([])
  mkdirSync(join(temporaryFolder(), 'x'))
})
