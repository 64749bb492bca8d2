import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { fail, ok, type Result } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import type { ServerTimeline } from '../../src/lib/buffer/kept.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { rejectsFile } from '../../src/lib/buffer/rejects.ts'
import type { DatabaseFault } from '../../src/lib/database/sql.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { aClick, anImpression } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patience } from '../support/patience.ts'
import { waitFor } from '../support/wait.ts'

const minute = 60_000
const day = 86_400_000

type Rejection = { event_id: string; reason: string }

/** A database that receives events, can lose them and be replaced, and a site that records there. */
function createWorld({ folder = temporaryFolder(), keepFor = 10 * minute, maxBytes = 1e9 } = {}) {
  const files = failingFiles()
  const told: string[] = []
  const logged: unknown[] = []
  const write = (line: string) => {
    const one = JSON.parse(line)
    told.push(one.msg)
    logged.push(one)
  }
  const log = pino({ level: 'warn', base: null, timestamp: false }, { write })
  const world = {
    folder,
    files,
    told,
    logged,
    /** How many events each statement had that recorded them again. */
    statements: [] as number[],
    /** How often its timeline was read. */
    asked: 0,
    now: Date.UTC(2026, 10, 28, 12),
    timeline: ok([{ database: '7-5', timeline: '00000001' }]) as Result<ServerTimeline[], DatabaseFault>,
    /** Ids in the order in which they were recorded, those that were recorded again with a sign before them. */
    recorded: [] as string[],
    refuse: (_: TrackingEvent[]): Result<Rejection[], DatabaseFault> => ok([]),
    kept: () => (existsSync(join(folder, 'kept')) ? readdirSync(join(folder, 'kept')).sort() : []),
    become(timeline: string, database = '7-5') {
      world.timeline = ok([{ database, timeline }])
    },
    breaks: false,
    open() {
      const events = openEventBuffer({
        folder,
        sync: 'write',
        maxBytes,
        maxEvents: 10_000,
        record: record(''),
        keep: {
          keepFor,
          longest: 28 * day,
          readTimeline,
          record: record('again '),
        },
        files,
        now: () => world.now,
        log,
        onFault: () => {},
        onFlush: () => {},
        onDamaged: () => {},
      })
      onTestFinished(() => events.close(0))
      const begun = events.tend()
      /** Records events, each in a segment of its own, and answers their ids. */
      const take = async (...taken: TrackingEvent[]) => {
        await begun
        for (const event of taken) {
          await events.buffer.accept(event)
          await events.flusher.drained(patience)
        }
        await settledFiles()
        return taken.map(({ event_id }) => event_id)
      }
      const settledFiles = () =>
        waitFor(() => expect(readdirSync(folder).filter((name) => name.endsWith('.journal'))).toEqual([]))
      return { events, take, ...events }
    },
  }
  const readTimeline = async () => {
    world.asked += 1
    if (world.breaks) throw new TypeError('of null')
    return world.timeline
  }
  const record = (sign: string) => async (lines: Buffer, left: boolean) => {
    const { events } = decodeLines(lines)
    expect(left).toBe(sign !== '')
    const outcome = world.refuse(events)
    if (left) world.statements.push(events.length)
    if (outcome.ok) world.recorded.push(...events.map(({ event_id }) => `${sign}${event_id}`))
    return outcome
  }
  return world
}

const again = (ids: string[]) => ids.map((id) => `again ${id}`)

test('recorded segments are kept as long as they may be lost, and then deleted', async () => {
  const world = createWorld()
  const site = world.open()
  await site.take(aClick())
  expect(world.kept()).toEqual([expect.stringMatching(/^\d{15}\.[\w-]+\.7-5\.00000001\.\d+\.kept$/)])
  world.now += 9 * minute
  await site.tend()
  expect(world.kept()).toHaveLength(1)
  expect(site.readings()).toMatchObject({ keptBytes: expect.any(Number), keptCutAt: undefined })
  expect(site.readings().keptBytes).toBeGreaterThan(100)
  world.now += minute
  await site.tend()
  expect(world.kept()).toHaveLength(1)

  const { timeline } = world
  world.timeline = fail({ code: 'unavailable', message: 'away' })
  world.now += 60 * minute
  await site.tend()
  expect(world.kept()).toHaveLength(1)
  expect(world.told).toEqual([])
  world.timeline = timeline
  await site.tend()
  expect(world.kept()).toEqual([])
  expect(site.readings().keptBytes).toBe(0)
  await site.take(aClick())
  world.now += 10 * minute + 1
  await site.tend()
  expect(world.kept()).toEqual([])
})

test('on a new timeline they are recorded again, once for each, and still kept', async () => {
  const world = createWorld()
  const site = world.open()
  const ids = await site.take(aClick(), anImpression(), aClick())
  world.become('00000002')
  await site.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
  expect(world.kept().every((name) => name.includes('.7-5.00000002.'))).toBe(true)
  await site.tend()
  expect(world.recorded).toHaveLength(6)
  expect(world.logged).toEqual([
    {
      level: 40,
      events: 3,
      database: '7-5',
      timeline: '00000002',
      msg: 'the database has a new timeline: recorded again what it may have lost',
    },
  ])
  world.become('00000003')
  await site.tend()
  expect(world.recorded.slice(6)).toEqual(again(ids))
})

test('a site that was down during the failover detects it', async () => {
  const world = createWorld()
  const site = world.open()
  const ids = await site.take(aClick(), aClick())
  await site.events.close(1_000)
  world.become('00000002')
  world.now += 5 * day
  const later = world.open()
  await later.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
})

test('events that the purge may have deleted are neither recorded again nor kept', async () => {
  const world = createWorld()
  const site = world.open()
  const ages = [28 * day + 1, 28 * day, 0]
  const [, oldest, young] = await site.take(...ages.map((age) => aClick({ at: world.now - age })))
  world.become('00000002')
  await site.tend()
  expect(world.recorded.slice(3)).toEqual(again([`${oldest}`, `${young}`]))
  world.become('00000003')
  world.now += 28 * day
  await site.tend()
  expect(world.recorded.slice(5)).toEqual(again([`${young}`]))
  world.become('00000004')
  world.now += 28 * day + 1
  await site.tend()
  expect(world.recorded).toHaveLength(6)
  expect(world.kept()).toEqual([])
})

test('another database gets none of them', async () => {
  const world = createWorld()
  const site = world.open()
  await site.take(aClick())
  world.become('00000004', '8-5')
  await site.tend()
  expect(world.recorded).toHaveLength(1)
  expect(world.kept()).toHaveLength(1)
  world.now += 11 * minute
  await site.tend()
  expect(world.kept()).toEqual([])
})

test('a failover between two checks is noticed if the database did not answer', async () => {
  const world = createWorld()
  const site = world.open()
  await site.take(aClick())
  let failing = true
  world.refuse = () => {
    if (failing) world.become('00000002')
    const outcome = failing ? fail({ code: 'unavailable' as const, message: 'gone' }) : ok([])
    failing = false
    return outcome
  }
  const [hit, next] = await site.take(aClick(), aClick())
  expect(world.kept().map((name) => name.split('.')[3])).toEqual(['00000001', '00000001', '00000002'])
  await site.tend()
  expect(world.recorded.slice(3)).toEqual(again([world.recorded[0] ?? '', `${hit}`]))
  expect(world.recorded).not.toContain(`again ${next}`)
})

test('segments recorded before the timeline was known are recorded again', async () => {
  const world = createWorld()
  const { timeline } = world
  world.timeline = fail({ code: 'timeout', message: 'slow' })
  const site = world.open()
  const ids = await site.take(aClick())
  expect(world.kept()[0]).toContain('.0-0.00000000.')
  world.timeline = timeline
  await site.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
})

test('a database that fails half way gets the rest at the next check', async () => {
  const world = createWorld()
  const site = world.open()
  const large = aClick({ user_agent: 'x'.repeat(700_000) })
  const ids = await site.take(large, { ...large, event_id: aClick().event_id })
  world.become('00000002')
  world.refuse = () =>
    world.recorded.length < 3 ? ok([]) : fail({ code: 'unavailable', message: 'gone again' })
  await Promise.all([site.tend(), site.tend()])
  expect(world.recorded).toHaveLength(3)
  world.refuse = () => ok([])
  await site.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
})

test('segments are recorded again about a megabyte at a time', async () => {
  const world = createWorld()
  const site = world.open()
  await site.take(...Array.from({ length: 5 }, () => aClick({ user_agent: 'x'.repeat(400_000) })))
  world.become('00000002')
  await site.tend()
  expect(world.statements).toEqual([2, 2, 1])
  expect(world.told).toEqual(['the database has a new timeline: recorded again what it may have lost'])
})

test('the timeline is asked for at each check, and with a segment only if it is not known for sure', async () => {
  const world = createWorld()
  const { timeline } = world
  world.timeline = fail({ code: 'unavailable', message: 'away' })
  const site = world.open()
  await site.take(aClick())
  expect(world.asked).toBe(2)
  world.timeline = timeline
  await site.take(aClick(), aClick(), aClick())
  expect(world.asked).toBe(3)
  await site.tend()
  expect(world.asked).toBe(4)
  let failing = true
  world.refuse = () => {
    const outcome = failing ? fail({ code: 'unavailable' as const, message: 'gone' }) : ok([])
    failing = false
    return outcome
  }
  await site.take(aClick())
  expect(world.asked).toBe(4)
  await site.take(aClick(), aClick())
  expect(world.asked).toBe(5)
  const without = createWorld({ keepFor: 0 })
  await without.open().take(aClick())
  expect(without.asked).toBe(0)
})

test('segments of an earlier start beyond today’s limit are deleted', async () => {
  const earlier = createWorld()
  const before = earlier.open()
  await before.take(...Array.from({ length: 5 }, () => aClick({ user_agent: 'x'.repeat(600) })))
  await before.events.close(100)
  expect(earlier.kept()).toHaveLength(5)
  const world = createWorld({ folder: earlier.folder, maxBytes: 12_000 })
  await world.open().tend()
  expect(world.kept().length).toBeLessThan(4)
  expect(world.kept().length).toBeGreaterThan(0)
})

test('after a stop nothing is recorded again, until the next start', async () => {
  const world = createWorld()
  const site = world.open()
  await site.take(aClick())
  world.become('00000002')
  await site.events.close(0)
  await site.tend()
  expect([world.statements, world.kept()[0]]).toEqual([[], expect.stringContaining('.00000001.')])
})

test('rejected events are rejects only once, and callers get no second answer', async () => {
  const world = createWorld()
  const site = world.open()
  const [gone, differs, lost] = [aClick(), aClick(), aClick()]
  const reasons: Record<string, string> = {
    [gone.event_id]: 'variation_gone',
    [differs.event_id]: 'event_id_reused',
  }
  world.refuse = (events) =>
    ok(
      events
        .flatMap(({ event_id }) => ({ event_id, reason: reasons[event_id] ?? '' }))
        .filter((r) => r.reason),
    )
  await site.take(gone, lost)
  await Promise.all([site.flusher.settled(differs.event_id, patience), site.take(differs)])
  expect(site.readings().rejects).toBe(1)
  reasons[lost.event_id] = 'variation_gone'
  world.become('00000002')
  await site.tend()
  expect(world.recorded).toHaveLength(6)
  const rejected = readFileSync(rejectsFile(world.folder), 'utf8').trim().split('\n')
  expect(rejected.map((line) => JSON.parse(line).event.event_id)).toEqual([gone.event_id, lost.event_id])
})

test('exceptions end nothing', async () => {
  const world = createWorld()
  const site = world.open()
  const ids = await site.take(aClick())
  world.breaks = true
  await site.tend()
  world.breaks = false
  world.become('00000002')
  await site.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
  expect(world.logged[0]).toEqual({
    level: 50,
    reason: 'of null',
    msg: 'recording again failed unexpectedly',
  })
})

test('if rejects cannot be written, it is tried again', async () => {
  const world = createWorld()
  const site = world.open()
  const [id] = await site.take(aClick())
  await mkdir(rejectsFile(world.folder))
  world.refuse = () => ok([{ event_id: `${id}`, reason: 'variation_gone' }])
  world.become('00000002')
  await site.tend()
  expect(world.kept()[0]).toContain('.00000001.')
})

test('kept segments have a quarter of the journal’s room, and the oldest go first, which is reported', async () => {
  const world = createWorld({ maxBytes: 40_000 })
  const site = world.open()
  for (let n = 0; n < 30; n += 1) {
    world.now += 1
    await site.take(aClick({ user_agent: 'x'.repeat(600) }))
  }
  await site.tend()
  expect(site.readings()).toMatchObject({ keptCutAt: expect.any(Number) })
  expect(site.readings().keptBytes).toBeLessThanOrEqual(10_000)
  expect(site.readings().keptBytes).toBeGreaterThan(7_000)
  const left = world.kept().length
  world.become('00000002')
  await site.tend()
  expect(world.recorded.slice(30)).toEqual(again(world.recorded.slice(30 - left, 30)))
})

test('on a full disk they are deleted', async () => {
  const world = createWorld()
  const site = world.open()
  for (const [age, cutAt] of [
    [11 * minute, undefined],
    [9 * minute, world.now + 20 * minute],
  ] as const) {
    await site.take(aClick())
    world.now += age
    world.files.room = 0
    expect(await site.buffer.accept(aClick())).toBe('in_memory')
    await waitFor(() => expect(world.kept()).toEqual([]))
    expect(site.readings().keptCutAt).toBe(cutAt)
    await site.flusher.drained(patience)
    expect(world.kept()).toEqual([])
    world.files.room = Number.POSITIVE_INFINITY
    await waitFor(() => expect(site.readings().fault).toBeUndefined())
  }
})

test.each([
  ['EDQUOT', 0],
  ['EIO', 1],
  ['X ENOSPC', 1],
])('only a full disk deletes kept segments (%s)', async (code, left) => {
  const world = createWorld()
  const site = world.open()
  await site.take(aClick())
  world.files.fail = { write: code }
  expect(await site.buffer.accept(aClick())).toBe('in_memory')
  await site.events.tend()
  expect(world.kept()).toHaveLength(left)
})

test('events that wait for the database have room before kept segments', async () => {
  const world = createWorld({ maxBytes: 40_000 })
  const site = world.open()
  for (let n = 0; n < 9; n += 1) {
    world.now += 1
    await site.take(aClick({ user_agent: 'x'.repeat(600) }))
  }
  const { keptBytes } = site.readings()
  expect(keptBytes).toBeGreaterThan(7_000)
  world.refuse = () => fail({ code: 'unavailable', message: 'away' })
  await site.buffer.accept(aClick({ user_agent: 'x'.repeat(34_000) }))
  await site.tend()
  const { bytes, keptBytes: left } = site.readings()
  expect(bytes).toBeGreaterThan(34_000)
  expect([left > 1_000, left < 40_000 - bytes]).toEqual([true, true])
})

test('a segment that cannot be moved is deleted', async () => {
  const world = createWorld()
  const site = world.open()
  world.files.fail = { rename: 'EACCES' }
  await site.take(aClick())
  expect(world.kept()).toEqual([])
})

test.each(['42501', '42883', '0A000'])(
  'nothing is kept for a server that does not reveal its timeline (%s)',
  async (code) => {
    const world = createWorld()
    const message = `permission denied for function pg_control_system (${code})`
    world.timeline = fail({ code: 'unavailable', message })
    const site = world.open()
    await site.take(aClick())
    world.become('00000002')
    await site.tend()
    expect(world.kept()).toEqual([])
    const msg = 'the database does not say its timeline: nothing is recorded again after a failover'
    expect(world.logged).toEqual([{ level: 40, reason: message, msg }])
  },
)

test.each(['away (57P01)', 'no answer (42501) yet'])(
  'a server that fails is asked for its timeline again later (%s)',
  async (message) => {
    const world = createWorld()
    world.timeline = fail({ code: 'unavailable', message })
    const site = world.open()
    const ids = await site.take(aClick())
    await site.tend()
    expect(world.told).toEqual([])
    expect(world.recorded).toEqual(ids)
    world.become('00000002')
    await site.tend()
    expect(world.recorded).toEqual([...ids, ...again(ids)])
  },
)

test('without the setting nothing is kept, not even earlier segments', async () => {
  const earlier = createWorld()
  await earlier.open().take(aClick())
  expect(earlier.kept()).toHaveLength(1)
  const world = createWorld({ folder: earlier.folder, keepFor: 0 })
  const site = world.open()
  await site.take(aClick())
  await site.tend()
  expect(world.kept()).toEqual([])
})

test('other files, and those that another instance has handled, are skipped', async () => {
  const world = createWorld()
  const site = world.open()
  const ids = await site.take(aClick())
  const gone = '009999999999999.x.7-5.00000001.9000000.kept'
  writeFileSync(join(world.folder, 'kept', gone), encodeRecord([aClick()]))
  writeFileSync(join(world.folder, 'kept', 'notes.txt'), 'mine')
  writeFileSync(
    join(world.folder, 'kept', '001795867100001.x.7-5.00000001.9.kept'),
    encodeRecord([aClick()]).slice(4),
  )
  await mkdir(join(world.folder, 'kept', '001795867100002.x.7-5.00000001.9.kept'))
  world.now += 1
  world.become('00000002')
  world.refuse = () => {
    rmSync(join(world.folder, 'kept', gone), { force: true })
    return ok([])
  }
  await site.tend()
  expect(world.recorded).toEqual([...ids, ...again(ids)])
  expect(world.told).not.toContain('recording again failed unexpectedly')
  expect(existsSync(join(world.folder, 'kept', 'notes.txt'))).toBe(true)
})
