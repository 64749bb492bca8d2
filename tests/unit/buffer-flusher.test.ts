import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { pino } from 'pino'
import { expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { damagedFile } from '../../src/lib/buffer/damaged.ts'
import { type EventBuffer, openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import type { FileLayer } from '../../src/lib/buffer/files.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import type { RecordLines } from '../../src/lib/buffer/record-batch.ts'
import { rejectsFile, takeRejects } from '../../src/lib/buffer/rejects.ts'
import { replayedSign } from '../../src/lib/buffer/segments.ts'
import type { DatabaseFault } from '../../src/lib/database/sql.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { restPerWork } from '../../src/lib/pace/flusher-rest.ts'
import { aClick } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { buryInstances, ownerThatDied, temporaryFolder } from '../support/folders.ts'
import { patience } from '../support/patience.ts'
import { fewestTimers, timers } from '../support/timers.ts'
import { waitFor } from '../support/wait.ts'

type RecordEvents = (events: TrackingEvent[], lines: string) => ReturnType<RecordLines>

/** A database that receives events, in any form. */
const recording =
  (record: RecordEvents, onLines: OnLines): RecordLines =>
  (lines, left) => {
    const { events } = decodeLines(lines)
    onLines(events.length, left)
    return record(events, String(lines))
  }

type OnLines = (events: number, left: boolean) => void

const fault = (code: DatabaseFault['code']) => fail({ code, message: `${code}!` })

async function open(
  record: RecordEvents,
  folder = temporaryFolder(),
  now: () => number = Date.now,
  files?: FileLayer,
  onLines: OnLines = () => {},
) {
  const seen = {
    flushed: [] as number[],
    seconds: [] as number[],
    damaged: 0,
    vanished: 0,
    faults: [] as string[],
    logged: [] as Record<string, unknown>[],
  }
  const log = pino({ base: null, timestamp: false }, { write: (line) => seen.logged.push(JSON.parse(line)) })
  const events: EventBuffer = openEventBuffer({
    folder,
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 10_000,
    record: recording(record, onLines),
    now,
    files,
    log,
    onFault: ({ code }) => seen.faults.push(code),
    onFlush(count, seconds) {
      seen.flushed.push(count)
      seen.seconds.push(seconds)
    },
    onDamaged: (lines) => {
      seen.damaged += lines
    },
    onVanished: (count) => {
      seen.vanished += count
    },
  })
  await events.tend()
  return { events, folder, seen }
}

const accept = (events: EventBuffer, count: number) =>
  Promise.all(Array.from({ length: count }, () => events.buffer.accept(aClick())))

test('events share a statement, and a waiting caller does not wait for others', async () => {
  const { events, seen } = await open(async () => ok([]))
  await accept(events, 5)
  await accept(events, 5)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([10])
  expect(events.readings()).toMatchObject({ depth: 0, age: 0 })
  const waits: number[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    const click = aClick()
    const started = performance.now()
    const settled = events.flusher.settled(click.event_id, 60_000)
    await events.buffer.accept(click)
    expect(await settled).toBe('committed')
    waits.push(performance.now() - started)
  }
  expect(Math.min(...waits)).toBeLessThan(150)
  expect(events.readings().lastFlush).toBeGreaterThan(0)
  expect(await events.flusher.settled('of nobody', 1)).toBe('pending')
  // Nobody waits any more, so events wait 200 ms for others again, whenever these arrive.
  const started = performance.now()
  for (let arrival = 0; arrival < 20; arrival += 1) {
    await accept(events, 1)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const most = (performance.now() - started) / 190
  expect(seen.flushed.slice(0, 6)).toEqual([10, 1, 1, 1, 1, 1])
  expect(seen.flushed.slice(6).length).toBeLessThanOrEqual(most)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.seconds.every((took) => took > 0 && took < 60)).toBe(true)
  await events.close(100)
})

test('events that wait for others share the statement of an event that a caller waits for', async () => {
  const { events, seen } = await open(async () => ok([]))
  for (let turn = 0; turn < 5; turn += 1) {
    await accept(events, 3)
    const click = aClick()
    const settled = events.flusher.settled(click.event_id, 60_000)
    await events.buffer.accept(click)
    expect(await settled).toBe('committed')
  }
  // A slow machine may take longer than events wait, but not every time.
  expect(seen.flushed).toContain(4)
  await events.close(100)
})

test('what has to be recorded at once does not wait for other events', async () => {
  const { events } = await open(async () => ok([]))
  const waits: number[] = []
  for (let turn = 0; turn < 5; turn += 1) {
    await accept(events, 1)
    const started = performance.now()
    expect(await events.flusher.drained(patience)).toBe(true)
    waits.push(performance.now() - started)
  }
  expect(Math.min(...waits)).toBeLessThan(150)
  await events.close(100)
})

test('a stop while events wait for others leaves them to the next start', async () => {
  const record = vi.fn<RecordEvents>(async () => ok([]))
  const { events, folder, seen } = await open(record)
  await accept(events, 1)
  await new Promise((resolve) => setTimeout(resolve, 20))
  await events.flusher.stop()
  expect(record).not.toHaveBeenCalled()
  expect(seen.logged).toEqual([])
  expect(readdirSync(folder).filter((name) => name.endsWith('.journal'))).toHaveLength(1)
})

test('a database outage is retried until it ends, and nobody waits longer than requested', async () => {
  let away = true
  const record = vi.fn<RecordEvents>(async () => (away ? fault('unavailable') : ok([])))
  const { events, seen } = await open(record)
  const click = aClick()
  const settled = events.flusher.settled(click.event_id, 60)
  await events.buffer.accept(click)
  expect(await settled).toBe('pending')
  expect(await events.flusher.drained(250)).toBe(false)
  expect(record.mock.calls.length).toBeGreaterThan(1)
  const tries = record.mock.calls.length
  away = false
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([1])
  const failed = { level: 40, fault: 'unavailable', reason: 'unavailable!', waiting: 1, msg: 'flush failed' }
  expect(seen.logged).toEqual(Array(tries).fill(failed))
  await events.close(100)
})

test('tries come after a tenth of a second, then more and more rarely, and soon again after a success', async () => {
  let [time, tries, away] = [0, 0, true]
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  onTestFinished(() => clock.mockRestore())
  const { events } = await open(async () => {
    tries += 1
    return away ? fault('unavailable') : ok([])
  })
  const untilTried = async (wait: number) => {
    const before = tries
    time += wait - 1
    for (let turn = 0; turn < 5; turn += 1) {
      events.flusher.arrived()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect([wait, tries]).toEqual([wait, before])
    time += 1
    events.flusher.arrived()
    await waitFor(() => expect(tries).toBeGreaterThan(before), 1)
    expect(tries).toBe(before + 1)
  }
  /** An event that a caller waits for, and its first try. */
  const begin = async () => {
    const click = aClick()
    const settled = events.flusher.settled(click.event_id, 60_000)
    await events.buffer.accept(click)
    await waitFor(() => expect(tries).toBe(1), 1)
    return { settled }
  }
  const { settled } = await begin()
  for (const wait of [100, 200, 400, 800, 1_000, 1_000]) await untilTried(wait)
  away = false
  await untilTried(1_000)
  expect(await settled).toBe('committed')
  tries = 0
  away = true
  await begin()
  for (const wait of [100, 200]) await untilTried(wait)
  await events.flusher.stop()
})

/** A flusher that rests after the first 5 events, since 600 have come while it worked. */
async function restInRush() {
  const clock = { time: 1e6, rush: true }
  const elapsed = vi.spyOn(performance, 'now').mockImplementation(() => clock.time)
  onTestFinished(() => elapsed.mockRestore())
  const record = async () => {
    await accept(events, clock.rush ? 600 : 0)
    clock.rush = false
    clock.time += 20
    return ok([])
  }
  const { events, seen } = await open(record)
  await accept(events, 5)
  await waitFor(() => expect(seen.flushed).toEqual([5]))
  return { events, seen, clock }
}

/** Events wait up to 200 ms for others even where the flusher does not pause. */
const longerThanLinger = () => new Promise((resolve) => setTimeout(resolve, 300))

test('in a rush the flusher pauses between batches', async () => {
  const { events, seen, clock } = await restInRush()
  clock.time += 20 * restPerWork - 1
  await longerThanLinger()
  expect(seen.flushed).toEqual([5])
  clock.time += 1
  await waitFor(() => expect(seen.flushed).toEqual([5, 600]))
  await events.close(100)
})

test('a pause ends when everything has to be recorded, and then there are pauses again', async () => {
  const { events, seen, clock } = await restInRush()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([5, 600])
  clock.rush = true
  await accept(events, 5)
  await waitFor(() => expect(seen.flushed).toEqual([5, 600, 5]))
  await longerThanLinger()
  expect(seen.flushed).toHaveLength(3)
  await events.close(100)
})

test('a pause ends when a caller waits, and when the flusher stops', async () => {
  const waiting = await restInRush()
  const click = aClick()
  const settled = waiting.events.flusher.settled(click.event_id, 60_000)
  await waiting.events.buffer.accept(click)
  expect(await settled).toBe('committed')
  await waiting.events.flusher.stop()
  const stopped = await restInRush()
  await stopped.events.flusher.stop()
  expect(stopped.seen.flushed).toEqual([5])
})

test('segments whose first line is damaged, or that are empty, are adopted all the same', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  writeFileSync(
    join(folder, '000000000000001-000001.dead.journal'),
    `damaged\n${encodeRecord([aClick({ at: 2_000 })])}`,
  )
  writeFileSync(join(folder, '000000000000001-000002.dead.journal'), '')
  let away = true
  const { events, seen } = await open(
    async () => (away ? fault('unavailable') : ok([])),
    folder,
    () => 5_000,
  )
  expect(events.readings()).toMatchObject({ depth: 2, age: 3_000 })
  away = false
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.damaged).toBe(1)
  expect(seen.logged[0]).toEqual({
    level: 30,
    segments: 2,
    msg: 'took over the journal of an instance that is gone',
  })
  await events.close(100)
})

test('an empty segment is deleted even without events, unless its writer may be alive', async () => {
  const folder = temporaryFolder()
  const [empty, mayLive] = ['dead', 'unknown'].map((name) => `000000000000001-000001.${name}.journal`)
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  for (const name of [empty, mayLive]) writeFileSync(join(folder, name ?? ''), '')
  const { events, seen } = await open(async () => ok([]), folder)
  await events.takeUnknown()
  const segments = () => readdirSync(folder).filter((name) => name.endsWith('.journal'))
  await waitFor(() => expect(segments()).toEqual([mayLive]))
  expect(events.readings()).toMatchObject({ depth: 0, bytes: 0 })
  await events.close(100)
  expect([segments(), seen.flushed]).toEqual([[mayLive], []])
})

/** Takes over 160,000 events; how much of the thread's work the longest turn of the event loop did, as a share. */
async function takeOverBacklog() {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  const lines = Array.from({ length: 40 }, () => encodeRecord(Array.from({ length: 100 }, () => aClick())))
  for (let segment = 0; segment < 40; segment += 1) {
    const name = `000000000000001-${String(segment).padStart(6, '0')}.dead.journal`
    writeFileSync(join(folder, name), lines.join(''))
  }
  // The thread's own work: what other processes take of the machine says nothing.
  const worked = () => {
    const { user, system } = process.threadCpuUsage()
    return user + system
  }
  let [longest, ticked, ticking] = [0, worked(), true]
  const tick = () => {
    longest = Math.max(longest, worked() - ticked)
    ticked = worked()
    if (ticking) setImmediate(tick)
  }
  const began = worked()
  setImmediate(tick)
  const { events } = await open(() => new Promise(() => {}), folder)
  await new Promise((resolve) => setImmediate(resolve))
  ticking = false
  const share = longest / (worked() - began)
  const found = { depth: events.readings().depth, first: events.buffer.next()?.file.path, longest: share }
  await events.close(0)
  return found
}

test('a backlog is taken over piece by piece, oldest first, and never blocks the event loop', async () => {
  const longest: number[] = []
  for (let time = 0; time < 3; time += 1) {
    const taken = await takeOverBacklog()
    expect(taken.depth).toBe(160_000)
    expect(taken.first).toContain('-000000.dead')
    longest.push(taken.longest)
  }
  // A collection of garbage may make one turn long, but not the same one each time.
  expect(Math.min(...longest)).toBeLessThan(1 / 4)
})

test('a stop leaves a backlog that is being taken over to the next start', async () => {
  const folder = temporaryFolder()
  const record = vi.fn<RecordEvents>(async () => ok([]))
  const { events } = await open(record, folder)
  const left = [1, 2, 3].map((number) => leave(folder, number, number === 3 ? '' : encodeRecord([aClick()])))
  const tending = events.takeUnknown()
  await events.close(0)
  await tending
  expect(events.readings().depth).toBe(0)
  expect(left.filter((segment) => existsSync(segment))).toEqual(left)
  expect(record).not.toHaveBeenCalled()
})

test("a file layer of the caller's own is used", async () => {
  const files = failingFiles()
  files.fail.open = 'EACCES'
  const { events } = await open(async () => ok([]), undefined, undefined, files)
  expect(await events.buffer.accept(aClick())).toBe('in_memory')
  await events.close(500)
})

test('a stop does not wait for a statement that hangs', async () => {
  const { events, folder } = await open(() => new Promise(() => {}))
  await events.buffer.accept(aClick())
  const started = performance.now()
  await events.close(300)
  expect(performance.now() - started).toBeLessThan(20_000)
  expect(readdirSync(folder).some((name) => name.endsWith('.journal'))).toBe(true)
})

test('an event that makes the program throw becomes a reject; the others are recorded', async () => {
  const clicks = [aClick(), aClick({ user_agent: 'poison' }), aClick()]
  const landed: string[] = []
  const { events, folder } = await open(async (batch) => {
    if (batch.some((event) => event.kind === 'click' && event.user_agent === 'poison'))
      throw new TypeError('broken')
    landed.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  })
  await Promise.all(clicks.map((click) => events.buffer.accept(click)))
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(landed).toEqual([clicks[0]?.event_id, clicks[2]?.event_id])
  expect(takeRejects(folder).rejects.map(({ reason, event }) => [reason, event.event_id])).toEqual([
    ['broken', clicks[1]?.event_id],
  ])
  await events.close(100)
})

test('an exception after a statement ends flushing for a tenth of a second only', async () => {
  let time = 1e6
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  onTestFinished(() => clock.mockRestore())
  const flushed: number[] = []
  const log = createLog('silent')
  const error = vi.spyOn(log, 'error')
  const events = openEventBuffer({
    folder: temporaryFolder(),
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 100,
    record: async () => ok([]),
    now: Date.now,
    log,
    onFault: () => {},
    onFlush(count) {
      flushed.push(count)
      if (flushed.length === 1) throw new TypeError('broken')
    },
    onDamaged: () => {},
  })
  await accept(events, 2)
  await expect.poll(() => flushed).toEqual([2])
  time += 99
  const click = aClick()
  const settled = events.flusher.settled(click.event_id, 60_000)
  await Promise.all([events.buffer.accept(click), accept(events, 2)])
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(flushed).toEqual([2])
  time += 1
  expect(await settled).toBe('committed')
  await expect.poll(() => flushed).toEqual([2, 3])
  expect(error).toHaveBeenCalledExactlyOnceWith({ reason: 'broken' }, 'a flush failed unexpectedly')
  await events.close(100)
})

test('several callers may wait for the same event, each as long as it likes', async () => {
  const { events } = await open(async () => ok([]))
  const click = aClick()
  const before = timers()
  const [first, ...others] = [1, 2_000, 2_000].map((wait) => events.flusher.settled(click.event_id, wait))
  expect(await first).toBe('pending')
  await events.buffer.accept(click)
  expect(await Promise.all(others)).toEqual(['committed', 'committed'])
  expect(await fewestTimers()).toBeLessThanOrEqual(before)
  await events.close(100)
})

test('a stop leaves a halved batch to the next start', async () => {
  const sizes: number[] = []
  let stopped: Promise<void> | undefined
  const { events } = await open(async (batch) => {
    sizes.push(batch.length)
    stopped = events.flusher.stop()
    return fault('refused')
  })
  await accept(events, 2)
  await waitFor(() => expect(stopped).toBeDefined())
  await stopped
  expect(sizes).toEqual([2])
})

test('a statement that throws once is tried again', async () => {
  let broken = true
  const { events, seen } = await open(async () => {
    if (!broken) return ok([])
    broken = false
    throw new TypeError('the driver broke')
  })
  await accept(events, 2)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([2])
  await events.close(100)
})

test('a caller who learns of a reused id keeps the event; without a caller it becomes a reject', async () => {
  const { events } = await open(async (batch) =>
    ok(batch.map(({ event_id }) => ({ event_id, reason: 'event_id_reused' }))),
  )
  const click = aClick()
  const settled = events.flusher.settled(click.event_id, 60_000)
  await events.buffer.accept(click)
  expect(await settled).toBe('reused')
  expect(events.readings().rejects).toBe(0)
  await accept(events, 1)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(events.readings().rejects).toBe(1)
  await events.close(100)
})

test('events that an earlier run has left are distinguished from new ones', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  writeFileSync(join(folder, '000000000000001-000001.dead.journal'), encodeRecord([aClick(), aClick()]))
  const told: [number, boolean][] = []
  const { events } = await open(
    async () => ok([]),
    folder,
    Date.now,
    undefined,
    (count, left) => told.push([count, left]),
  )
  await accept(events, 3)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(told).toEqual([
    [2, true],
    [3, false],
  ])
  await events.close(100)
})

test('conflicts with other writers are retried, and nothing is rejected', async () => {
  let tries = 0
  const { events, seen, folder } = await open(async () => {
    tries += 1
    return tries < 3 ? fault('conflict') : ok([])
  })
  await accept(events, 3)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect([tries, seen.flushed]).toEqual([3, [3]])
  expect(takeRejects(folder).rejects).toEqual([])
  await events.close(100)
})

test('callers learn that the database refuses their event, or rejects it', async () => {
  const [landed, refused, gone] = [aClick(), aClick(), aClick()]
  const { events } = await open(async (batch) =>
    batch.some(({ event_id }) => event_id === refused.event_id)
      ? fault('refused')
      : ok(
          batch
            .filter(({ event_id }) => event_id === gone.event_id)
            .map(({ event_id }) => ({ event_id, reason: 'gone' })),
        ),
  )
  const settled = [landed, refused, gone].map(({ event_id }) => events.flusher.settled(event_id, 5_000))
  await Promise.all([landed, refused, gone].map((click) => events.buffer.accept(click)))
  expect(await Promise.all(settled)).toEqual(['committed', 'refused', 'rejected'])
  await events.close(100)
})

test('an intact line that is not an event is refused and logged, and affects no other', async () => {
  const folder = temporaryFolder()
  const json = '[{"kind":"click","event_id":"none"}]'
  const strange = `{"crc":"${crc32(json).toString(16).padStart(8, '0')}"},${json.slice(1, -1)},\n`
  const click = aClick()
  const segment = join(folder, '000000000000001-000001.dead.journal')
  writeFileSync(segment, `${strange}${encodeRecord([click])}`)
  writeFileSync(segment.replace('000001.dead', '000002.dead'), strange)
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  const landed: string[] = []
  const { events, seen } = await open(async (batch, lines) => {
    if (lines.includes('"event_id":"none"')) return fault('refused')
    landed.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  }, folder)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect([landed, seen.damaged]).toEqual([[click.event_id], 2])
  await events.close(100)
  expect(readFileSync(damagedFile(folder), 'utf8')).toBe(strange + strange)
})

/** A segment of a process that is gone. */
function leave(folder: string, number: number, content: string | Buffer): string {
  const segment = join(folder, `000000000000001-00000${number}.dead.journal`)
  writeFileSync(segment, content)
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  return segment
}

test('damaged lines are kept byte for byte and logged once, however often the database is tried', async () => {
  const folder = temporaryFolder()
  const broken = Buffer.from([0x7b, 0xff, 0x00, 0xc3, 0x28])
  leave(folder, 1, Buffer.concat([broken, Buffer.from(`\n${encodeRecord([aClick()])}`), broken]))
  let tries = 0
  const { events, seen } = await open(async () => {
    tries += 1
    return tries < 3 ? fault('unavailable') : ok([])
  }, folder)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect([seen.flushed, seen.damaged]).toEqual([[1], 2])
  const lineBreak = Buffer.from('\n')
  expect(readFileSync(damagedFile(folder))).toEqual(Buffer.concat([broken, lineBreak, broken, lineBreak]))
  expect(events.readings()).toMatchObject({ damagedBytes: 12, bytes: 0 })
  await events.close(100)
})

test('damaged lines are read again on request, and kept again if still damaged', async () => {
  const { events, folder, seen } = await open(async () => ok([]))
  await events.retryDamaged()
  writeFileSync(damagedFile(folder), `broken\n${encodeRecord([aClick(), aClick()])}`)
  writeFileSync(join(folder, 'damaged-2026-11-16.lines'), encodeRecord([aClick()]))
  await events.retryDamaged()
  expect(events.readings().bytes).toBeGreaterThan(100)
  await expect
    .poll(() => [seen.flushed.toSorted(), seen.damaged, events.readings().bytes])
    .toEqual([[1, 2], 1, 0])
  await events.close(100)
  expect(readFileSync(damagedFile(folder), 'utf8')).toBe('broken\n')
  expect(readdirSync(folder)).toEqual(['damaged.lines'])
})

test('damaged lines of earlier days have files of their own, and can be read until deleted', async () => {
  const day = 86_400_000
  const noon = Date.UTC(2026, 10, 18, 12)
  const { events, folder, seen } = await open(
    async () => ok([]),
    temporaryFolder(),
    () => noon,
  )
  const wroteOn = (at: number) => utimesSync(damagedFile(folder), new Date(at), new Date(at))
  const keep = async (line: string) => {
    leave(folder, seen.damaged + 1, `${line}\n`)
    await events.tend()
    expect(await events.flusher.drained(patience)).toBe(true)
  }
  writeFileSync(damagedFile(folder), 'first\n')
  wroteOn(noon - 31 * day)
  await keep('second')
  wroteOn(noon - 2 * day)
  await keep('third')
  const files = () => readdirSync(folder).filter((name) => name.endsWith('.lines'))
  expect(files()).toEqual(['damaged-2026-10-18.lines', 'damaged-2026-11-16.lines', 'damaged.lines'])
  expect(events.readings().damagedBytes).toBe('first\nsecond\nthird\n'.length)

  // What has no other place stays where it is, and what is as old as it may get goes.
  wroteOn(noon - 2 * day)
  await keep('fourth')
  expect(readFileSync(damagedFile(folder), 'utf8')).toBe('third\nfourth\n')
  await events.forgetDamaged(noon - 30 * day)
  expect(files()).toEqual(['damaged-2026-11-16.lines', 'damaged.lines'])

  writeFileSync(join(folder, 'damaged-2026-11-16.lines'), encodeRecord([aClick()]))
  await events.retryDamaged()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(files()).toEqual(['damaged.lines'])
  expect(seen.flushed.reduce((sum, count) => sum + count, 0)).toBe(1)
  await events.close(100)
})

test.each(['in the way', 'full'])(
  'damaged lines that cannot be kept stay in their segment (%s)',
  async (why) => {
    const folder = temporaryFolder()
    if (why === 'full') {
      writeFileSync(damagedFile(folder), '')
      truncateSync(damagedFile(folder), 64 * 1024 * 1024 - 6)
    } else mkdirSync(damagedFile(folder))
    const segment = leave(folder, 1, `broken\n${encodeRecord([aClick()])}`)
    const { events, seen } = await open(async () => ok([]), folder)
    expect(await events.flusher.drained(patience)).toBe(true)
    expect([seen.flushed, seen.damaged]).toEqual([[1], 1])
    await events.close(100)
    expect(readFileSync(segment, 'utf8')).toContain('broken')
  },
)

test('segments that may have a writer elsewhere wait until somebody says that they have none', async () => {
  const folder = temporaryFolder()
  leave(folder, 1, encodeRecord([aClick()]))
  writeFileSync(join(folder, 'dead.owner'), '')
  const { events, seen } = await open(async () => ok([]), folder)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect([events.undecided, seen.flushed]).toEqual([1, []])
  await events.takeUnknown()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect([events.undecided, seen.flushed]).toEqual([0, [1]])
  await events.close(100)
})

test('a segment that grows while it is replayed is not deleted, and the new events are recorded', async () => {
  const folder = temporaryFolder()
  const [early, late] = [aClick(), aClick()]
  const segment = leave(folder, 1, encodeRecord([early]))
  const recorded: string[][] = []
  const { events, seen } = await open(async (batch) => {
    if (recorded.length === 0) appendFileSync(segment, encodeRecord([late]))
    recorded.push(batch.map(({ event_id }) => event_id))
    return ok([])
  }, folder)
  expect(await events.flusher.drained(60_000)).toBe(false)
  expect(readFileSync(segment, 'utf8')).toContain(late.event_id)
  expect(seen.flushed).toEqual([])
  expect(seen.logged.at(-1)).toEqual({
    level: 40,
    segment,
    msg: 'a journal segment has changed since it was read: its writer is alive',
  })
  await events.tend()
  await expect.poll(() => recorded).toEqual([[early.event_id], [early.event_id, late.event_id]])
  await events.close(100)
  expect(existsSync(segment)).toBe(false)
})

test('a segment that another instance has deleted meanwhile is finished', async () => {
  const folder = temporaryFolder()
  const segment = leave(folder, 1, encodeRecord([aClick()]))
  const { events, seen } = await open(async () => {
    rmSync(segment)
    return ok([])
  }, folder)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([1])
  await events.close(100)
})

test('refused events are found by halving, in order; the others are recorded', async () => {
  const clicks = Array.from({ length: 9 }, () => aClick({ ip_hash: 'a'.repeat(64) }))
  const bad = new Set([clicks[2]?.event_id, clicks[7]?.event_id, clicks[8]?.event_id])
  const landed: string[] = []
  const { events, folder } = await open(async (batch) => {
    if (batch.some(({ event_id }) => bad.has(event_id))) return fault('refused')
    landed.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  })
  await Promise.all(clicks.map((click) => events.buffer.accept(click)))
  await events.flusher.drained(patience)
  expect(landed).toEqual(clicks.map(({ event_id }) => event_id).filter((id) => !bad.has(id)))
  const { rejects } = takeRejects(folder)
  expect(rejects.map(({ event }) => event.event_id)).toEqual([...bad])
  expect(rejects[0]?.event).toMatchObject({ ip_hash: null, user_agent: null, referrer: null })
  await events.close(100)
})

test.each(['former', 'latter'])(
  'after an outage while halving (%s half), the rest is recorded',
  async (half) => {
    const clicks = [aClick(), aClick()]
    const sizes: number[] = []
    let away = true
    const { events, folder } = await open(async (batch) => {
      sizes.push(batch.length)
      if (batch.length === 2) return fault('refused')
      const isFormer = batch[0]?.event_id === clicks[0]?.event_id
      if (away && isFormer === (half === 'former')) {
        away = false
        return fault('timeout')
      }
      return isFormer ? fault('refused') : ok([])
    })
    await Promise.all(clicks.map((click) => events.buffer.accept(click)))
    expect(await events.flusher.drained(patience)).toBe(true)
    expect(takeRejects(folder).rejects.map(({ event }) => event.event_id)).toEqual([clicks[0]?.event_id])
    expect(sizes).toEqual([2, 1, 1, 1])
    await events.close(100)
  },
)

test('rejects that cannot be written keep their segment for the next start', async () => {
  const folder = temporaryFolder()
  mkdirSync(rejectsFile(folder))
  const gone = aClick()
  const { events, seen } = await open(
    async () => ok([{ event_id: gone.event_id, reason: 'variation_gone' }]),
    folder,
  )
  await events.buffer.accept(gone)
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.logged).toEqual([
    {
      level: 50,
      reason: expect.stringContaining('EISDIR'),
      msg: 'rejects could not be written, the segment is kept',
    },
  ])
  await events.close(100)
  buryInstances(folder)
  const recorded: string[] = []
  const next = await open(async (batch) => {
    recorded.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  }, folder)
  await next.events.flusher.drained(patience)
  expect(recorded).toEqual([gone.event_id])
  await next.events.close(100)
})

test('an unreadable segment is kept and retried, and delays no other', async () => {
  const folder = temporaryFolder()
  const clicks = [aClick(), aClick()]
  const name = (number: number) => join(folder, `000000000000001-00000${number}.dead.journal`)
  mkdirSync(name(1))
  writeFileSync(name(2), `${encodeRecord(clicks)}half a li`)
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  const { events, seen } = await open(async () => ok([]), folder)
  expect(await events.flusher.drained(3_000)).toBe(false)
  expect(seen.flushed).toEqual([2])
  expect(seen.logged).toContainEqual({
    level: 50,
    segment: name(1),
    reason: expect.stringContaining('EISDIR'),
    msg: 'a journal segment cannot be read',
  })
  expect(events.readings()).toMatchObject({ depth: 1, age: expect.any(Number) })
  await events.tend()
  expect(await events.flusher.drained(3_000)).toBe(false)
  rmdirSync(name(1))
  await events.tend()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(seen.flushed).toEqual([2])
  expect(seen.damaged).toBe(1)
  await events.close(100)
})

test('segments that cannot be recorded, or are gone, delay no other', async () => {
  let time = 1e6
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  onTestFinished(() => clock.mockRestore())
  const folder = temporaryFolder()
  const many = encodeRecord(Array.from({ length: 60 }, () => aClick()))
  leave(folder, 1, encodeRecord([aClick()]))
  mkdirSync(join(folder, '000000000000001-000002.dead.journal'))
  const [grows, vanishes] = [leave(folder, 3, many), leave(folder, 4, many)]
  leave(folder, 5, encodeRecord([aClick()]))
  const adopted = Promise.withResolvers<void>()
  // So long that what is adopted during the first statement is no rush.
  let took = 1e6
  const { events, seen } = await open(async () => {
    await adopted.promise
    appendFileSync(grows, encodeRecord([aClick()]))
    rmSync(vanishes, { force: true })
    time += took
    took = 20
    return ok([])
  }, folder)
  adopted.resolve()
  await waitFor(() => expect(seen.flushed).toEqual([1, 1]))
  expect(events.readings().depth).toBe(61)
  await events.close(100)
})

test('a backlog is recorded without a wait between its batches', async () => {
  const folder = temporaryFolder()
  for (let number = 1; number < 10; number += 1) leave(folder, number, encodeRecord([aClick()]))
  const at: number[] = []
  const { events } = await open(async () => {
    at.push(performance.now())
    return ok([])
  }, folder)
  await waitFor(() => expect(at).toHaveLength(9))
  const waits = at.slice(1).map((then, index) => then - (at[index] ?? 0))
  expect(Math.min(...waits)).toBeLessThan(150)
  await events.close(100)
})

test('segments of an instance that ends are taken over; the own owner file is deleted last', async () => {
  const folder = temporaryFolder()
  const recorded: string[] = []
  const { events } = await open(async (batch) => {
    recorded.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  }, folder)
  await events.tend()
  const click = aClick()
  writeFileSync(join(folder, 'dead.owner'), ownerThatDied)
  writeFileSync(join(folder, '000000000000001-000001.dead.journal'), encodeRecord([click]))
  await events.tend()
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(recorded).toEqual([click.event_id])
  await events.close(100)
  expect(readdirSync(folder)).toEqual(['dead.owner'])
})

test('the state has depth, age and bytes; disk faults are logged once in a while', async () => {
  let time = 1_000_000
  const { events, seen, folder } = await open(
    async () => fault('unavailable'),
    undefined,
    () => time,
  )
  await events.buffer.accept(aClick({ at: time - 5_000 }))
  expect(events.readings()).toMatchObject({
    depth: 1,
    age: 5_000,
    rejects: 0,
    fault: undefined,
    lastFlush: undefined,
  })
  expect(events.readings().bytes).toBeGreaterThan(100)
  time += 1
  events.buffer.next()
  rmSync(folder, { recursive: true })
  writeFileSync(folder, 'a file where the folder was')
  await accept(events, 1)
  time += 1
  await accept(events, 1)
  expect(seen.faults).toEqual(['unwritable', 'unwritable'])
  expect(events.readings().fault?.code).toBe('unwritable')
  const msg = 'the journal cannot take events'
  const told = () => seen.logged.filter((one) => one.msg === msg)
  expect(told()).toEqual([{ level: 50, fault: 'unwritable', reason: expect.any(String), lost: 0, msg }])
  for (const [step, times] of [
    [9_998, 1],
    [1, 2],
    [-9_999, 2],
    [-1, 3],
  ] as const) {
    time += step
    await accept(events, 1)
    expect([step, told().length]).toEqual([step, times])
  }
  time = 0
  expect(events.readings().age).toBe(0)
  await events.close(50)
})

test('a graceful stop that cannot record everything leaves the journal to the next start', async () => {
  const { events, folder } = await open(async () => fault('unavailable'))
  const click = aClick()
  await events.buffer.accept(click)
  await events.close(50)
  buryInstances(folder)
  const recorded: string[] = []
  const next = await open(async (batch) => {
    recorded.push(...batch.map(({ event_id }) => event_id))
    return ok([])
  }, folder)
  expect(await next.events.flusher.drained(patience)).toBe(true)
  expect(recorded).toEqual([click.event_id])
  await next.events.close(100)
})

test('leftovers are taken over at the start, and a stop records all that it has time for', async () => {
  const folder = temporaryFolder()
  leave(folder, 1, encodeRecord([aClick()]))
  const sizes: number[] = []
  const events = openEventBuffer({
    folder,
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 100,
    record: async (lines) => {
      sizes.push(decodeLines(lines).events.length)
      return ok([])
    },
    now: Date.now,
    log: createLog('silent'),
    onFault: () => {},
    onFlush: () => {},
    onDamaged: () => {},
  })
  await waitFor(() => expect(sizes).toEqual([1]))
  await accept(events, 3)
  await events.close(5_000)
  expect(sizes).toEqual([1, 3])
  expect(readdirSync(folder)).toEqual(['dead.owner'])
})

test.each([false, true])(
  'events that were only on disk and deleted are reported as lost, unless a taker has recorded them (%s)',
  async (taken) => {
    let away = true
    const recorded = new Set<string>()
    const { events, folder, seen } = await open(async (batch) => {
      if (away) return fault('unavailable')
      for (const { event_id } of batch) recorded.add(event_id)
      return ok([])
    })
    const segments = () =>
      readdirSync(folder)
        .filter((name) => name.endsWith('.journal'))
        .sort()
    for (let group = 0; group < 18; group += 1) await accept(events, 500)
    const before = segments()
    expect(before).toHaveLength(3)
    for (const name of before) rmSync(join(folder, name))
    if (taken) writeFileSync(replayedSign(join(folder, before[1] ?? '')), '')
    await events.tend()
    await waitFor(() => expect(segments()).toHaveLength(2))
    expect(segments().some((name) => before.includes(name))).toBe(false)
    away = false
    expect(await events.flusher.drained(patience)).toBe(true)
    expect([recorded.size, seen.vanished]).toEqual([5_000, taken ? 0 : 4_000])
    expect(events.readings()).toMatchObject({
      bytes: 0,
      vanishedAt: taken ? undefined : expect.any(Number),
    })
    const [again, lost] = [40, 50].map((level) =>
      seen.logged.filter((one) => one.level === level && !one.fault),
    )
    const msg = 'journal segments were deleted: written again from memory'
    expect(again).toEqual(Array(2).fill({ level: 40, events: expect.any(Number), msg }))
    expect(again?.reduce((sum, { events }) => sum + Number(events), 0)).toBe(5_000)
    expect(lost).toEqual(
      taken
        ? []
        : [
            {
              level: 50,
              segment: join(folder, before[1] ?? ''),
              lost: 4_000,
              msg: 'a journal segment was deleted before its events were recorded',
            },
          ],
    )
    await events.close(100)
    expect(readdirSync(folder)).toEqual([])
  },
)

test('events that were deleted are logged as lost even if nobody counts them', async () => {
  const folder = temporaryFolder()
  let away = true
  const logged: string[] = []
  const events = openEventBuffer({
    folder,
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 20,
    record: async () => (away ? fault('unavailable') : ok([])),
    now: Date.now,
    log: pino({ level: 'error' }, { write: (line) => logged.push(JSON.parse(line).msg) }),
    onFault: () => {},
    onFlush: () => {},
    onDamaged: () => {},
  })
  await events.tend()
  for (let group = 0; group < 6; group += 1) await accept(events, 20)
  for (const name of readdirSync(folder)) if (name.endsWith('.journal')) rmSync(join(folder, name))
  away = false
  expect(await events.flusher.drained(patience)).toBe(true)
  expect(new Set(logged)).toEqual(new Set(['a journal segment was deleted before its events were recorded']))
  await events.close(100)
})
