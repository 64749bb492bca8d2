import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createQueue } from '../../src/lib/base/queue.ts'
import type { Batch } from '../../src/lib/buffer/batch.ts'
import { openJournal } from '../../src/lib/buffer/journal.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import type { JournalFault } from '../../src/lib/buffer/segments.ts'
import { createWriteBuffer } from '../../src/lib/buffer/write-buffer.ts'
import { aClick, anImpression, aSurplus } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { temporaryFolder } from '../support/folders.ts'
import { atThisPace } from '../support/pace.ts'
import { fewestTimers, timers } from '../support/timers.ts'
import { quickestOf, waitFor } from '../support/wait.ts'

function open({ sync = 'write' as 'write' | 'fsync', maxEvents = 10_000, maxBytes = 1e9 } = {}) {
  const folder = temporaryFolder()
  const files = failingFiles()
  const journal = openJournal({
    folder,
    instance: 'abc',
    startedAt: 1,
    maxBytes,
    sync,
    files,
    inTurn: createQueue(),
    onFolder: async () => {},
  })
  const restored: number[] = []
  const faults: { fault: JournalFault; lost: number }[] = []
  let arrivals = 0
  const buffer = createWriteBuffer({
    journal,
    sync,
    maxEvents,
    onArrival: () => {
      arrivals += 1
    },
    onFault: (fault, lost) => faults.push({ fault, lost }),
    onRestored: (events) => restored.push(events),
  })
  const onDisk = () =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.journal'))
      .sort()
      .flatMap((name) => decodeLines(readFileSync(join(folder, name))).events)
      .map(({ event_id }) => event_id)
  return { buffer, journal, files, faults, restored, onDisk, folder, arrivals: () => arrivals }
}

const eventsOf = (batch: Batch | undefined) => decodeLines(batch?.lines?.bytes ?? Buffer.alloc(0)).events

const many = (count: number) => Array.from({ length: count }, () => aClick())

test.each(['write', 'fsync'] as const)(
  'an accepted event is on disk when acceptance resolves (%s)',
  async (sync) => {
    const { buffer, onDisk } = open({ sync })
    const clicks = many(3)
    for (const click of clicks) {
      expect(await buffer.accept(click)).toBe('journaled')
      expect(onDisk()).toContain(click.event_id)
    }
    expect(buffer).toMatchObject({ depth: 3, collected: 3, oldest: clicks[0]?.at, fault: undefined })
  },
)

test('events of one turn share a write', async () => {
  const { buffer, arrivals } = open()
  await Promise.all(many(20).map((click) => buffer.accept(click)))
  expect(arrivals()).toBe(1)
})

test('of the counts of the same surplus clicks only the highest is written', async () => {
  const { buffer } = open()
  const [count, other] = [aSurplus(), aSurplus()]
  const events = [count, aClick(), other, { ...count, clicks: 3 }, { ...count, clicks: 2 }]
  const accepted = await Promise.all(events.map((event) => buffer.accept(event)))
  expect(new Set(accepted)).toEqual(new Set(['journaled']))
  await buffer.accept({ ...count, clicks: 4 })
  expect(eventsOf(buffer.next())).toEqual([
    { ...count, clicks: 3 },
    events[1],
    other,
    { ...count, clicks: 4 },
  ])
})

test('other events of one turn are all written, even with the same id', async () => {
  const { buffer } = open()
  const click = aClick()
  await Promise.all([buffer.accept(click), buffer.accept(click)])
  expect(eventsOf(buffer.next())).toEqual([click, click])
})

test('a segment knows when its first event happened, and how many clicks are unchecked', async () => {
  const { buffer } = open()
  expect(buffer.oldest).toBeUndefined()
  const events = [aClick({ at: 7 }), aClick({ at: 9, offer_id: null }), anImpression(), aSurplus()]
  for (const event of events) await buffer.accept(event)
  expect(buffer).toMatchObject({ oldest: 7, unchecked: 1 })
  const batch = buffer.next()
  expect(batch).toMatchObject({ since: 7, unchecked: 1, count: 4 })
  if (batch) buffer.remove(batch, true)
  expect(buffer.oldest).toBeUndefined()
})

test('an empty segment that another instance left has no age', async () => {
  const { buffer } = open()
  const left = (count: number, since: number): Batch => ({
    file: { path: `${since}.journal`, bytes: count },
    lines: undefined,
    ...{ count, unchecked: 0, since, left: true },
  })
  buffer.adopt([left(0, 1)])
  expect(buffer).toMatchObject({ depth: 0, oldest: undefined })
  await buffer.accept(aClick({ at: 7 }))
  expect(buffer.oldest).toBe(7)
  buffer.adopt([left(1, 5)])
  expect(buffer.oldest).toBe(5)
  const first = buffer.next()
  if (first) buffer.setAside(first)
  expect(buffer.oldest).toBe(5)
})

test('an answered event leaves no timer', async () => {
  const { buffer } = open()
  const before = timers()
  await buffer.accept(aClick())
  expect(await fewestTimers()).toBeLessThanOrEqual(before)
})

test('batches that were set aside are skipped until they are recalled, and come first then', async () => {
  const { buffer } = open()
  await buffer.accept(aClick({ at: 3 }))
  const first = buffer.next()
  await buffer.accept(aClick({ at: 5, offer_id: null }))
  if (first) buffer.setAside(first)
  expect(buffer).toMatchObject({ depth: 2, ready: 1, collected: 1, unchecked: 1, oldest: 3 })
  const second = buffer.next()
  expect(second).toMatchObject({ since: 5 })
  if (second) buffer.setAside(second)
  expect(buffer.next()).toBeUndefined()
  expect(buffer).toMatchObject({ depth: 2, ready: 0, oldest: 3 })
  await buffer.accept(aClick())
  buffer.recall()
  buffer.recall()
  expect(buffer).toMatchObject({ depth: 3, ready: 3 })
  for (const batch of [first, second]) {
    expect(buffer.next()).toBe(batch)
    if (batch) buffer.remove(batch, true)
  }
  expect(buffer).toMatchObject({ depth: 1, collected: 1 })
})

test('a batch that the flusher has begun stays in memory, even while its file is checked', async () => {
  const { buffer, journal } = open({ maxEvents: 2 })
  const clicks = many(4)
  for (const click of clicks) await buffer.accept(click)
  const first = buffer.next()
  if (first) buffer.remove(first, true)
  const second = buffer.next()
  await journal.retired()
  expect(eventsOf(second)).toEqual(clicks.slice(2))
})

test('memory is as large as its limit again when its batches are on disk only, or removed', async () => {
  const { buffer, journal, files } = open({ maxEvents: 4 })
  for (const click of many(8)) await buffer.accept(click)
  await journal.retired()
  const left: (boolean | undefined)[] = []
  for (let batch = buffer.next(); batch; batch = buffer.next()) {
    left.push(batch.lines !== undefined)
    buffer.remove(batch, true)
  }
  expect(left).toEqual([true, false])
  files.fail.write = 'ENOSPC'
  const accepted = []
  for (const click of many(5)) accepted.push(await buffer.accept(click))
  expect(accepted).toEqual([...Array(4).fill('in_memory'), 'lost'])
})

test('batches are returned oldest first, and deleted from disk when retired', async () => {
  const { buffer, journal, onDisk } = open()
  const clicks = many(4_001)
  await Promise.all(clicks.slice(0, 4_000).map((click) => buffer.accept(click)))
  await buffer.accept(clicks[4_000] ?? aClick())
  const first = buffer.next()
  expect(first?.count).toBe(4_000)
  expect(eventsOf(first)).toEqual(clicks.slice(0, 4_000))
  expect(buffer.next()).toBe(first)
  expect(buffer.collected).toBe(1)
  if (first) buffer.remove(first, true)
  await journal.retired()
  expect(onDisk()).toEqual([clicks[4_000]?.event_id])
  const second = buffer.next()
  expect(second?.count).toBe(1)
  if (second) buffer.remove(second, false)
  await journal.retired()
  expect(onDisk()).toHaveLength(1)
  expect(buffer.next()).toBeUndefined()
  expect(buffer.depth).toBe(0)
})

test('after a batch in memory the others wait on disk only, each with its own events', async () => {
  const { buffer, journal, folder } = open()
  const clicks = many(16_500)
  for (let from = 0; from < clicks.length; from += 500)
    await Promise.all(clicks.slice(from, from + 500).map((click) => buffer.accept(click)))
  // Memory forgets a batch once its file has been seen, which is done in turn with this.
  await journal.retired()
  const inMemory = []
  const read = []
  for (let batch = buffer.next(); batch; batch = buffer.next()) {
    inMemory.push(batch.lines !== undefined)
    const lines = batch.lines?.bytes ?? readFileSync(batch.file?.path ?? folder)
    read.push(...decodeLines(lines).events)
    buffer.remove(batch, true)
  }
  expect(inMemory).toEqual([true, false, false, false, true])
  expect(read).toEqual(clicks)
  expect(buffer.depth).toBe(0)
})

test('events that the disk refuses stay in memory up to the limit, then are reported as lost', async () => {
  const { buffer, journal, files, faults, onDisk } = open({ maxEvents: 4 })
  files.fail.write = 'ENOSPC'
  const held = many(3)
  expect(await Promise.all(held.map((click) => buffer.accept(click)))).toEqual(Array(3).fill('in_memory'))
  expect(await Promise.all(many(2).map((click) => buffer.accept(click)))).toEqual(['lost', 'lost'])
  expect(faults.map(({ fault, lost }) => [fault.code, lost])).toEqual([
    ['unwritable', 0],
    ['unwritable', 2],
  ])
  expect(buffer.fault?.code).toBe('unwritable')
  expect(buffer.depth).toBe(3)
  files.fail = {}
  const after = aClick()
  expect(await buffer.accept(after)).toBe('journaled')
  expect(onDisk()).toEqual([...held, after].map(({ event_id }) => event_id))
  expect(buffer.fault).toBeUndefined()
  const batch = buffer.next()
  expect(eventsOf(batch)).toHaveLength(4)
  if (batch) buffer.remove(batch, true)
  await journal.retired()
  expect(onDisk()).toEqual([])
})

test('a lost event tests whether the disk accepts writes again', async () => {
  const recover = async () => {
    const { buffer, files } = open({ maxEvents: 1 })
    files.fail.write = 'ENOSPC'
    expect(await buffer.accept(aClick())).toBe('in_memory')
    files.fail = {}
    expect(await buffer.accept(aClick())).toBe('lost')
    await waitFor(() => expect(buffer.fault).toBeUndefined(), 5)
    expect(await buffer.accept(aClick())).toBe('journaled')
  }
  // Without a lost event it is tested after half a second.
  expect(await quickestOf(400, recover)).toBeLessThan(atThisPace(400))
})

test('a batch that the disk has only in part is never dropped from memory', async () => {
  const { buffer, files } = open({ maxEvents: 1_200 })
  await buffer.accept(aClick())
  files.fail.write = 'ENOSPC'
  await buffer.accept(aClick())
  await Promise.all(many(998).map((click) => buffer.accept(click)))
  expect(eventsOf(buffer.next())).toHaveLength(1_000)
})

test('after another batch, only events that are partly on disk stay in memory', async () => {
  const { buffer, journal, files } = open({ maxEvents: 2 })
  await buffer.accept(aClick())
  await buffer.accept(aClick())
  await buffer.accept(aClick())
  files.fail.write = 'ENOSPC'
  const refused = aClick()
  expect(await buffer.accept(refused)).toBe('in_memory')
  files.fail = {}
  expect(await buffer.accept(aClick())).toBe('lost')
  await waitFor(() => expect(buffer.fault).toBeUndefined(), 5)
  await buffer.accept(aClick())
  await buffer.accept(aClick())
  await journal.retired()
  await turn()
  const batches = []
  for (let batch = buffer.next(); batch; batch = buffer.next()) {
    batches.push(batch)
    buffer.remove(batch, false)
  }
  expect(batches.map(({ lines, count }) => [lines !== undefined, count])).toEqual([
    [true, 2],
    [true, 2],
    [false, 2],
  ])
  expect(eventsOf(batches[1])).toContainEqual(refused)
})

test('adopted batches come before everything else', async () => {
  const { buffer } = open()
  await buffer.accept(aClick({ offer_id: null }))
  const own = buffer.next()
  const left = { lines: undefined, count: 7, unchecked: 2, since: 5, left: true } as const
  const older = { file: { path: '/older', bytes: 10 }, ...left }
  const old = { file: { path: '/old', bytes: 10 }, ...left, since: 6 }
  buffer.adopt([older])
  buffer.adopt([old])
  expect(buffer).toMatchObject({ depth: 15, unchecked: 5, oldest: 5 })
  for (const batch of [older, old, own]) {
    expect(buffer.next()).toBe(batch)
    if (batch) buffer.remove(batch, true)
  }
  expect(buffer.unchecked).toBe(0)
})

test('batches that are adopted later come later', () => {
  const { buffer } = open()
  const left = { lines: undefined, count: 1, unchecked: 0, since: 5, left: true } as const
  const batches = ['/a', '/b', '/c'].map((path) => ({ file: { path, bytes: 10 }, ...left }))
  for (const batch of batches) buffer.adopt([batch])
  for (const batch of batches) {
    expect(buffer.next()).toBe(batch)
    buffer.setAside(batch)
  }
  buffer.recall()
  for (const batch of batches) {
    expect(buffer.next()).toBe(batch)
    buffer.remove(batch, true)
  }
})

test('a failing sync is reported, and its events do not count as safe', async () => {
  const { buffer, files, faults } = open({ sync: 'fsync' })
  files.fail.fdatasync = 'EIO'
  expect(await buffer.accept(aClick())).toBe('in_memory')
  expect(faults.map(({ fault }) => fault.code)).toEqual(['unwritable'])
  expect(buffer.fault?.code).toBe('unwritable')
})

test.each(['write', 'fsync'] as const)(
  'a frozen disk delays the first answers by a second, later ones not at all, and loses nothing (%s)',
  async (sync) => {
    const { buffer, files, faults, onDisk } = open({ sync, maxEvents: 10 })
    await buffer.accept(aClick())
    files.freeze()
    const started = performance.now()
    const first = buffer.accept(aClick())
    await new Promise((resolve) => setTimeout(resolve, 20))
    const second = buffer.accept(aClick())
    expect(await Promise.all([first, second])).toEqual(['in_memory', 'in_memory'])
    expect(performance.now() - started).toBeLessThan(10_000)
    const late = performance.now()
    for (let more = 0; more < 7; more += 1) expect(await buffer.accept(aClick())).toBe('in_memory')
    expect(await buffer.accept(aClick())).toBe('lost')
    // Each would wait for a second.
    expect(performance.now() - late).toBeLessThan(5_000)
    expect(faults.map(({ fault, lost }) => [fault.code, lost])).toEqual([
      ...Array(9).fill(['hangs', 0]),
      ['hangs', 1],
    ])
    expect(buffer).toMatchObject({
      depth: 10,
      fault: { code: 'hangs', message: 'nothing written within 1000 ms' },
    })
    files.thaw()
    await waitFor(() => expect(onDisk()).toHaveLength(10))
    await waitFor(() => expect(buffer.fault).toBeUndefined())
    expect(await buffer.accept(aClick())).toBe('journaled')
  },
)

test('a frozen disk delays no batch in memory, and leaves nothing of it on disk', async () => {
  const { buffer, journal, files, onDisk } = open()
  await buffer.accept(aClick())
  files.freeze()
  await Promise.all(many(2).map((click) => buffer.accept(click)))
  await buffer.accept(aClick())
  const batch = buffer.next()
  expect(eventsOf(batch)).toHaveLength(4)
  if (batch) buffer.remove(batch, true)
  expect(journal.held).toBe(1)
  files.thaw()
  await waitFor(() => expect(journal.held).toBe(0))
  await journal.retired()
  expect(onDisk()).toEqual([])
  expect(buffer.depth).toBe(0)
})

test.each(['write', 'fsync'] as const)(
  'events that arrive during a write share the next one (%s)',
  async (sync) => {
    const { buffer, files, onDisk } = open({ sync })
    files.freeze()
    const accepted = [buffer.accept(aClick())]
    for (let turn = 0; turn < 15; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      accepted.push(buffer.accept(aClick()))
    }
    files.thaw()
    expect(await Promise.all(accepted)).toEqual(Array(16).fill('journaled'))
    expect(files.calls.write).toBe(2)
    expect(onDisk()).toHaveLength(16)
  },
)

test.each([
  ['write', 'write'],
  ['fsync', 'fdatasync'],
] as const)(
  'a write waits for as many as the last one had, but not for ones that do not arrive (%s)',
  async (sync, call) => {
    const { buffer, files, onDisk } = open({ sync })
    await Promise.all(many(6).map((click) => buffer.accept(click)))
    expect(files.calls[call]).toBe(1)
    const others = []
    for (let turn = 0; turn < 6; turn += 1) {
      others.push(buffer.accept(aClick()))
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(others)
    expect([files.calls[call], onDisk().length]).toEqual([2, 12])
    await Promise.all([buffer.accept(aClick()), buffer.accept(aClick())])
    expect([files.calls[call], onDisk().length]).toEqual([3, 14])
  },
)

test('segments that somebody has deleted are written again from memory, before it forgets them', async () => {
  const { buffer, folder, files, restored, onDisk, journal } = open({ maxEvents: 2 })
  const clicks = many(5)
  const empty = () => rmSync(folder, { recursive: true })
  for (const click of clicks.slice(0, 3)) await buffer.accept(click)
  empty()
  await Promise.all([buffer.restore(), buffer.restore()])
  expect(restored).toEqual([2, 1])
  expect(onDisk()).toEqual(clicks.slice(0, 3).map(({ event_id }) => event_id))
  await buffer.restore()
  expect(restored).toHaveLength(2)
  files.fail.stat = 'EIO'
  await buffer.restore()
  files.fail = {}
  empty()
  await buffer.accept(clicks[3] ?? aClick())
  await buffer.accept(clicks[4] ?? aClick())
  await buffer.restore()
  expect(onDisk().sort()).toEqual(clicks.map(({ event_id }) => event_id).sort())
  for (let batch = buffer.next(); batch; batch = buffer.next()) {
    expect(batch.lines).toBeDefined()
    buffer.remove(batch, true)
  }
  await journal.retired()
  expect([onDisk(), journal.bytes]).toEqual([[], 0])
})

test('a replaced file is not the segment, and a failing disk gets only one copy', async () => {
  const { buffer, folder, files, faults, restored, onDisk, journal } = open()
  const click = aClick()
  await buffer.accept(click)
  const [name = ''] = readdirSync(folder)
  rmSync(join(folder, name))
  writeFileSync(join(folder, 'between'), '')
  writeFileSync(join(folder, name), '')
  files.fail = { write: 'ENOSPC', mkdir: 'ENOSPC', open: 'ENOSPC' }
  expect(await buffer.accept(aClick())).toBe('in_memory')
  const told = faults.length
  for (let looks = 0; looks < 3; looks += 1) await Promise.all([buffer.restore(), buffer.restore()])
  expect([journal.held, restored, faults.length]).toEqual([2, [], told + 1])
  files.fail = {}
  await waitFor(() => expect(journal.held).toBe(0))
  expect(onDisk()).toContain(click.event_id)
})

test('that events were written again is reported when it is done, and not before', async () => {
  const { buffer, folder, files, restored, onDisk } = open()
  const click = aClick()
  await buffer.accept(click)
  rmSync(folder, { recursive: true })
  const { write } = files
  files.write = (...operation) => {
    expect(restored).toEqual([])
    write(...operation)
  }
  await buffer.restore()
  expect([restored, onDisk()]).toEqual([[1], [click.event_id]])
})

test('a batch that is recorded while its file is checked is not written again', async () => {
  const { buffer, folder, restored } = open()
  await buffer.accept(aClick())
  const batch = buffer.next()
  rmSync(folder, { recursive: true })
  const restoring = buffer.restore()
  if (batch) buffer.remove(batch, false)
  await restoring
  expect(restored).toEqual([])
})
