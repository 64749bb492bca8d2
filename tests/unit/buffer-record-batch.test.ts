import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { cutLines } from '../../src/lib/buffer/pieces.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { encodeRecord } from '../../src/lib/buffer/record.ts'
import { createBatchRecorder, type Progress } from '../../src/lib/buffer/record-batch.ts'
import type { DatabaseFault } from '../../src/lib/database/sql.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import { aClick } from '../support/events.ts'

const clicks = (count: number) => Array.from({ length: count }, () => aClick())
const linesOf = (groups: readonly (readonly TrackingEvent[])[]) =>
  Buffer.from(groups.map(encodeRecord).join(''))
const idsOf = (lines: Buffer) => decodeLines(lines).events.map(({ event_id }) => event_id)

const begin = (groups: readonly (readonly TrackingEvent[])[]): Progress => {
  const count = groups.flat().length
  return { lines: linesOf(groups), count, waiting: count, rejects: [], left: false, unreadable: [] }
}

type Answer = DatabaseFault['code'] | 'key' | 'landed'

/** A recorder over a database that answers as told, with the sizes that it was given and the events that landed. */
function over(answer: (ids: string[], call: number) => Answer, stopping = () => false) {
  const seen = { sizes: [] as number[], landed: [] as string[], told: [] as string[] }
  const recordBatch = createBatchRecorder({
    now: () => 5,
    stopping,
    onPiece(lines) {
      seen.told.push(...idsOf(lines))
      return new Set()
    },
    async record(lines) {
      const ids = idsOf(lines)
      seen.sizes.push(ids.length)
      const given = answer(ids, seen.sizes.length)
      if (given === 'landed') {
        seen.landed.push(...ids)
        return ok([])
      }
      return fail(
        given === 'key'
          ? { code: 'conflict', message: 'a key', key: true }
          : { code: given, message: `${given}!` },
      )
    },
  })
  /** As the flusher does: again and again until all is done. */
  const finish = async (progress: Progress, most = 1_000): Promise<number> => {
    for (let tries = 1; tries <= most; tries += 1) if ((await recordBatch(progress)).ok) return tries
    return Number.POSITIVE_INFINITY
  }
  return { seen, recordBatch, finish }
}

test('a batch that times out is halved, recorded events are not sent again, and statements grow as they succeed', async () => {
  let slow = true
  const { seen, finish } = over(({ length }) => (slow && length > 3 ? 'timeout' : 'landed'))
  const first = begin([clicks(5), clicks(5), clicks(6)])
  expect(await finish(first)).toBe(5)
  expect(seen.sizes).toEqual([16, 5, 2, 3, 5, 2, 3, 6, 3, 3])
  expect(seen.landed).toHaveLength(16)
  expect(new Set(seen.landed).size).toBe(16)
  slow = false
  seen.sizes = []
  const groups = Array.from({ length: 64 }, () => clicks(1))
  expect(await finish(begin(groups))).toBe(1)
  expect(seen.sizes.at(-1)).toBeGreaterThan(8)
  expect(seen.sizes.length).toBeLessThan(8)
  expect(seen.landed.slice(16)).toEqual(groups.flat().map(({ event_id }) => event_id))
})

test.each(['timeout', 'conflict', 'unavailable'] as const)(
  'a single event with %s is retried without limit, and never rejected',
  async (code) => {
    const { seen, finish } = over((_, call) => (call < 500 ? code : 'landed'))
    const progress = begin([clicks(1)])
    expect(await finish(progress)).toBe(500)
    expect([seen.landed.length, progress.rejects, progress.unreadable]).toEqual([1, [], []])
  },
)

test('a conflict and an outage do not change the size of statements', async () => {
  const { seen, finish } = over((_, call) =>
    call === 1 ? 'conflict' : call === 2 ? 'unavailable' : 'landed',
  )
  await finish(begin([clicks(4), clicks(4)]))
  expect(seen.sizes).toEqual([8, 8, 8])
})

test('an event with a conflicting key is tried six times, and recorded if the key goes away', async () => {
  const [poison] = clicks(1)
  const groups = [clicks(2), [aClick(), poison ?? aClick()], clicks(1)]
  const lasting = over((ids) => (ids.includes(poison?.event_id ?? '') ? 'key' : 'landed'))
  const progress = begin(groups)
  expect(await lasting.finish(progress)).toBe(1)
  expect(progress.rejects).toEqual([{ rejected_at: 5, reason: 'a key', event: poison }])
  expect([lasting.seen.landed.length, lasting.seen.told.length]).toEqual([4, 5])
  for (const [hits, rejects] of [
    [5, 0],
    [6, 1],
  ] as const) {
    const passing = over((_, call) => (call <= hits ? 'key' : 'landed'))
    const single = begin([clicks(1)])
    await passing.finish(single)
    expect(single.rejects).toHaveLength(rejects)
  }
})

test('a stop leaves the rest after the statement under way', async () => {
  let stopping = false
  const { seen, recordBatch } = over(
    (ids) => {
      stopping = ids.length === 1
      return ids.length > 1 ? 'refused' : 'landed'
    },
    () => stopping,
  )
  expect(await recordBatch(begin([clicks(2)]))).toMatchObject({ ok: false, fault: { code: 'unavailable' } })
  expect(seen.sizes).toEqual([2, 1])
})

test('whatever the database answers, every event is recorded once or refused, in order', async () => {
  const answers: Answer[] = ['landed', 'landed', 'timeout', 'conflict', 'unavailable', 'key']
  const sizes = fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 8 })
  await fc.assert(
    fc.asyncProperty(sizes, fc.array(fc.constantFrom(...answers)), fc.nat(), async (groups, given, bad) => {
      const batch = groups.map(clicks)
      const ids = batch.flat().map(({ event_id }) => event_id)
      const poison = bad % 3 === 0 ? ids[bad % ids.length] : undefined
      const { seen, finish } = over((piece, call) =>
        piece.includes(poison ?? '') ? 'refused' : (given[call - 1] ?? 'landed'),
      )
      const progress = begin(batch)
      expect(await finish(progress)).toBeLessThanOrEqual(given.length + 1)
      const rejected = progress.rejects.map(({ event }) => event.event_id)
      expect(seen.landed.filter((id) => rejected.includes(id))).toEqual([])
      expect([...seen.landed, ...rejected].toSorted()).toEqual(ids.toSorted())
      expect(seen.told).toEqual(ids)
      if (poison !== undefined) expect(rejected).toContain(poison)
    }),
  )
})

test('statements have whole lines, and only a line that is too long is split', () => {
  const groups = [clicks(2), clicks(3), clicks(4)]
  const lines = linesOf(groups)
  const ends = [2, 4, 5, 8, 9].map((most) => {
    const cut = cutLines(lines, most, [])
    expect(cut.lines).toBe(lines)
    return [cut.count, idsOf(cut.lines.subarray(0, cut.end)).length]
  })
  expect(ends).toEqual([
    [2, 2],
    [2, 2],
    [5, 5],
    [5, 5],
    [9, 9],
  ])
  const one = cutLines(lines, 1, [])
  expect([one.count, idsOf(one.lines)]).toEqual([1, idsOf(lines)])
  expect(idsOf(one.lines.subarray(0, one.end))).toEqual(idsOf(lines).slice(0, 1))
})
