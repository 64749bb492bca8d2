import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { joinInstances } from '../../src/lib/buffer/instances.ts'
import { replayedSign } from '../../src/lib/buffer/segments.ts'
import { openFiles, ownerThatDied, temporaryFolder } from '../support/folders.ts'

/** A segment, and its owner file. */
function leave(folder: string, instance: string, owner?: string, began = 1): string {
  const name = `${String(began).padStart(15, '0')}-000000.${instance}.journal`
  writeFileSync(join(folder, name), 'line\n')
  if (owner !== undefined) writeFileSync(join(folder, `${instance}.owner`), owner)
  return join(folder, name)
}

const elsewhere = JSON.stringify({ host: 'another-host', process: '1:1', place: 'another-host' })

/** An instance whose file system calls ten milliseconds a silence, and a clock that only the test moves. */
function watcher(folder: string) {
  let time = 0
  const instance = joinInstances(folder, { watch: () => time, silentFor: 10 })
  const paths = async () => (await instance.orphans()).map(({ path }) => path)
  const pass = (milliseconds: number) => {
    time += milliseconds
  }
  return { instance, paths, pass }
}

test('segments of dead processes are orphans, returned once, oldest first; those of live ones are not', async () => {
  const folder = temporaryFolder()
  const other = joinInstances(folder)
  const mine = joinInstances(folder)
  await Promise.all([other.beat(), mine.beat()])
  expect(other.id).not.toBe(mine.id)
  leave(folder, other.id)
  leave(folder, mine.id)
  const left = [3, 4, 5, 6, 7, 8, 9].map((began, index) => ({
    path: leave(folder, `dead${index % 2}`, ownerThatDied, began),
    bytes: 5,
  }))
  expect(await mine.orphans()).toEqual(left)
  expect(await mine.orphans()).toEqual([])
  expect(existsSync(join(folder, 'dead0.owner'))).toBe(true)

  const [first] = left
  rmSync(first?.path ?? '')
  expect(await mine.orphans()).toEqual([])
  leave(folder, 'dead0', ownerThatDied, 3)
  expect(await mine.orphans()).toEqual([first])
})

test('without an owner file the newest segment is the sign of life, whatever vanishes', async () => {
  const folder = temporaryFolder()
  const { paths, pass } = watcher(folder)
  const early = leave(folder, 'nameless')
  symlinkSync(join(folder, 'gone'), join(folder, '000000000000002-000000.nameless.journal'))
  await sleep(30)
  expect(await paths()).toEqual([])
  const late = leave(folder, 'nameless', undefined, 3)
  pass(20_000)
  await sleep(30)
  expect(await paths()).toEqual([])
  pass(20_000)
  expect(await paths()).toEqual([early, late])
})

test('a silence is measured by a clock of the process itself', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, { silentFor: 10 })
  const segment = leave(folder, 'far', elsewhere)
  writeFileSync(join(folder, 'farther.owner'), elsewhere)
  await sleep(30)
  expect(await mine.orphans()).toEqual([])
  const later = performance.now() + 20_000
  const watch = vi.spyOn(performance, 'now').mockReturnValue(later)
  onTestFinished(() => watch.mockRestore())
  expect((await mine.orphans()).map(({ path }) => path)).toEqual([segment])
  expect(readdirSync(folder).filter((name) => name.endsWith('.owner'))).toEqual(
    [`${mine.id}.owner`, 'far.owner'].sort(),
  )
})

test('on a full disk the owner file keeps its contents, and its mode is the sign of life', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  expect(mine.id).toMatch(/^[\da-f]{8}$/)
  const own = join(folder, `${mine.id}.owner`)
  await mine.beat()
  const written = readFileSync(own, 'utf8')
  const handle = await open(own)
  const write = vi.spyOn(Object.getPrototypeOf(handle), 'write').mockRejectedValue(new Error('ENOSPC'))
  await handle.close()
  onTestFinished(() => write.mockRestore())
  chmodSync(own, 0o644)
  await mine.beat()
  expect([readFileSync(own, 'utf8'), statSync(own).mode & 0o777]).toEqual([written, 0o600])
})

test('an instance whose owner file cannot be read does not take its own segments', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  mkdirSync(join(folder, `${mine.id}.owner`))
  leave(folder, mine.id)
  expect([await mine.orphans(true), mine.undecided]).toEqual([[], 0])
})

test('signs of life leave no file open', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  await mine.beat()
  await mine.beat()
  expect(openFiles(join(folder, `${mine.id}.owner`))).toBe(0)
})

test.each([
  ['of another place', elsewhere],
  ['of the version before, with the name of this host', JSON.stringify({ host: hostname(), process: '1:1' })],
  ['that is empty, since a disk was full', ''],
  ['that is no JSON', '{"host'],
  ['that is missing', undefined],
])('an instance with an owner file %s is gone after a silence that was watched', async (_, owner) => {
  const folder = temporaryFolder()
  const { paths, pass } = watcher(folder)
  const segment = leave(folder, 'far', owner)
  expect(await paths()).toEqual([])
  await sleep(30)
  expect(await paths()).toEqual([])
  pass(19_999)
  expect(await paths()).toEqual([])
  pass(1)
  expect(await paths()).toEqual([segment])
})

test.each([-90, 90, 1_000_000])(
  'an instance with a sign of life is never gone, with a clock %i seconds off, or with an empty owner file',
  async (offset) => {
    const folder = temporaryFolder()
    const { paths, pass } = watcher(folder)
    const far = joinInstances(folder, { place: 'far' })
    const empty = joinInstances(folder, { place: 'empty' })
    leave(folder, far.id)
    leave(folder, empty.id)
    for (let beats = 0; beats < 3; beats += 1) {
      await sleep(30)
      await Promise.all([far.beat(), empty.beat()])
      const skewed = Date.now() / 1000 + offset
      utimesSync(join(folder, `${far.id}.owner`), skewed, skewed)
      truncateSync(join(folder, `${empty.id}.owner`))
      chmodSync(join(folder, `${empty.id}.owner`), 0o600)
      expect(await paths()).toEqual([])
      pass(60_000)
    }
  },
)

test('a jump of the file system’s clock makes nobody gone who gives signs of life', async () => {
  const folder = temporaryFolder()
  const { paths, pass } = watcher(folder)
  leave(folder, 'far', elsewhere)
  await sleep(30)
  expect(await paths()).toEqual([])
  pass(20_000)
  writeFileSync(join(folder, 'far.owner'), elsewhere)
  await sleep(30)
  expect(await paths()).toEqual([])
})

test('a silence is also measured by the process’s own clock', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder, { silentFor: 0 })
  leave(folder, 'far', elsewhere)
  for (let looks = 0; looks < 3; looks += 1) expect(await mine.orphans()).toEqual([])
})

test('unknown writers are counted, and taken over if somebody says that they are gone', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  const live = joinInstances(folder)
  await live.beat()
  leave(folder, live.id)
  const segment = leave(folder, 'far', elsewhere)
  expect(await mine.orphans()).toEqual([])
  expect(mine.undecided).toBe(1)
  expect((await mine.orphans(true)).map(({ path }) => path)).toEqual([segment])
  expect(mine.undecided).toBe(0)
})

test('an instance that cannot write its own sign considers nobody gone', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  mkdirSync(join(folder, `${mine.id}.owner.away`))
  symlinkSync(join(folder, 'nowhere', 'file'), join(folder, `${mine.id}.owner`))
  leave(folder, 'dead', ownerThatDied)
  expect(await mine.orphans()).toEqual([])
})

test('a segment that vanishes while it is checked belongs to nobody', async () => {
  const folder = temporaryFolder()
  const { paths, pass } = watcher(folder)
  symlinkSync(join(folder, 'gone'), join(folder, '000000000000001-000000.nameless.journal'))
  symlinkSync(join(folder, 'gone'), join(folder, '000000000000002-000000.dead.journal'))
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  expect(await paths()).toEqual([])
  pass(60_000)
  expect(await paths()).toEqual([])
})

test('names of instances that are gone and have left nothing are cleared away', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  writeFileSync(join(folder, 'unknown.owner'), '')
  await mine.orphans()
  expect(readdirSync(folder).sort()).toEqual([`${mine.id}.owner`, 'unknown.owner'].sort())
  leave(folder, mine.id)
  await mine.leave()
  expect(existsSync(join(folder, `${mine.id}.owner`))).toBe(true)
  rmSync(join(folder, `000000000000001-000000.${mine.id}.journal`))
  await mine.leave()
  expect(readdirSync(folder)).toEqual(['unknown.owner'])
})

test('a sign of life writes the owner file again if it or its folder is missing, or if it is empty', async () => {
  const folder = join(temporaryFolder(), 'journal')
  const mine = joinInstances(folder)
  const own = join(folder, `${mine.id}.owner`)
  await mine.beat()
  const written = readFileSync(own, 'utf8')
  expect(JSON.parse(written)).toMatchObject({ host: hostname(), process: expect.stringMatching(/^\d+:/) })
  truncateSync(own)
  await mine.beat()
  expect(readFileSync(own, 'utf8')).toBe(written)
  rmSync(folder, { recursive: true })
  await mine.beat()
  expect(readFileSync(own, 'utf8')).toBe(written)
})

test('a folder that cannot be created is survived', async () => {
  const file = join(temporaryFolder(), 'file')
  writeFileSync(file, '')
  const mine = joinInstances(join(file, 'journal'))
  await mine.beat()
  await mine.leave()
  expect(await mine.orphans()).toEqual([])
})

test('a live writer finds the marker of whoever recorded its segment', async () => {
  const folder = temporaryFolder()
  const mine = joinInstances(folder)
  const taker = joinInstances(folder)
  await mine.beat()
  const segment = leave(folder, mine.id)
  const silent = leave(folder, 'silent', elsewhere)
  expect(await taker.orphans(true)).toEqual([{ path: silent, bytes: 5, mayLive: true }])
  expect(await mine.wasReplayed(segment)).toBe(false)
  writeFileSync(replayedSign(segment), '')
  expect(await mine.wasReplayed(segment)).toBe(true)
  expect(existsSync(replayedSign(segment))).toBe(false)
  writeFileSync(replayedSign(segment), '')
  await joinInstances(folder).orphans()
  expect(existsSync(replayedSign(segment))).toBe(true)
  const other = `${replayedSign(segment)}.old`
  writeFileSync(other, '')
  await joinInstances(folder, { keepSigns: -1 }).orphans()
  expect([existsSync(replayedSign(segment)), existsSync(other)]).toEqual([false, true])
  rmSync(other)
  writeFileSync(replayedSign(segment), '')
  rmSync(segment)
  await mine.leave()
  expect(readdirSync(folder).filter((name) => name.includes(mine.id))).toEqual([])
})

test('a vanished segment that was taken over was recorded, unless the folder was emptied', async () => {
  const folder = join(temporaryFolder(), 'journal')
  const mine = joinInstances(folder)
  await mine.beat()
  const segment = leave(folder, 'dead', ownerThatDied)
  rmSync(segment)
  expect(await mine.wasReplayed(segment)).toBe(true)
  rmSync(folder, { recursive: true })
  await mine.beat()
  expect(await mine.wasReplayed(segment)).toBe(false)
})
