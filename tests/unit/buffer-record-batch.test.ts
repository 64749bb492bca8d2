import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import { fail, ok } from '../../src/lib/base/result.ts'
import { cutLines } from '../../src/lib/buffer/pieces.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { encodeRecord, lineOf } from '../../src/lib/buffer/record.ts'
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

/** A recorder over a database with the given answers, with the sizes that it was given and the events that landed. */
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

test('a batch that times out is halved, and statements grow again as they succeed', async () => {
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

test('a key conflict of one event leaves the next one all its tries', async () => {
  const { seen, finish } = over((ids, call) =>
    ids.length > 1 || (call !== 7 && call !== 13) ? 'key' : 'landed',
  )
  const progress = begin([clicks(2)])
  expect(await finish(progress)).toBe(1)
  expect([seen.sizes, progress.rejects]).toEqual([[2, ...Array(12).fill(1)], []])
})

test.each([
  [1_999, [4, 2, 2, 4, 2]],
  [2_000, [4, 2, 2, 2, 2, 2]],
])('statements that take %i ms and succeed grow only if that is quick', async (took, sizes) => {
  let time = 0
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  onTestFinished(() => clock.mockRestore())
  const { seen, finish } = over((_, call) => {
    time += took
    return call === 1 ? 'timeout' : 'landed'
  })
  await finish(begin([clicks(4)]))
  await finish(begin([clicks(2), clicks(2), clicks(2)]))
  expect(seen.sizes).toEqual(sizes)
})

test('a caller learns the outcome of each event, and one without a caller becomes a reject', async () => {
  const events = clicks(6)
  const reasons = ['event_id_reused', 'newsletter_differs', 'conversion_differs', 'gone', 'event_id_reused']
  const rejected = reasons.map((reason, index) => ({ event_id: events[index]?.event_id ?? '', reason }))
  const told: [Buffer, unknown][] = []
  const recordBatch = createBatchRecorder({
    now: () => 5,
    stopping: () => false,
    onPiece(lines, outcomes) {
      told.push([lines, [...outcomes]])
      return new Set([...events.slice(0, 4).map(({ event_id }) => event_id)])
    },
    record: async () => ok(rejected),
  })
  const progress = begin([events])
  expect(await recordBatch(progress)).toEqual(ok(undefined))
  const outcomes = ['reused', 'other_newsletter', 'other_click', 'rejected', 'reused']
  expect(told).toEqual([
    [linesOf([events]), outcomes.map((outcome, index) => [events[index]?.event_id, outcome])],
  ])
  expect(progress.rejects).toEqual(
    [3, 4].map((index) => ({ rejected_at: 5, reason: reasons[index], event: events[index] })),
  )
  expect([progress.waiting, progress.lines.length]).toEqual([0, 0])
})

test('a single event that is refused does not make the next statements small', async () => {
  const { seen, finish } = over((_, call) => (call === 1 ? 'refused' : 'landed'))
  await finish(begin([clicks(1)]))
  await finish(begin([clicks(4), clicks(4)]))
  expect(seen.sizes).toEqual([1, 8])
})

test('an entry that is no event is set aside, whether its line is split or refused', async () => {
  const strange = (count: number) => Buffer.from(lineOf(JSON.stringify(Array(count).fill({ kind: 'click' }))))
  const [item] = String(strange(1)).split('\n')
  const unreadable: Buffer[] = []
  const cut = cutLines(Buffer.concat([strange(2), strange(2)]), 1, unreadable)
  expect([cut, unreadable.map(String)]).toEqual([
    { lines: Buffer.alloc(0), end: 0, count: 0 },
    [item, item, item, item],
  ])
  const { finish } = over(() => 'refused')
  const progress = { ...begin([]), lines: strange(1), count: 1, waiting: 1 }
  expect(await finish(progress)).toBe(1)
  expect([progress.unreadable.map(String), progress.rejects]).toEqual([[item], []])
})

test('an exception is a refusal, of which a caller learns', async () => {
  const [event] = clicks(1)
  const told: unknown[] = []
  const recordBatch = createBatchRecorder({
    now: () => 5,
    stopping: () => false,
    onPiece(_, outcomes) {
      told.push(...outcomes)
      return new Set()
    },
    record: async () => {
      throw new TypeError('broken')
    },
  })
  const progress = begin([event ? [event] : []])
  expect(await recordBatch(progress)).toEqual(ok(undefined))
  expect(told).toEqual([[event?.event_id, 'refused']])
  expect(progress.rejects).toEqual([{ rejected_at: 5, reason: 'broken', event }])
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
  expect(await recordBatch(begin([clicks(2)]))).toEqual(
    fail({ code: 'unavailable', message: 'the rest is left to the next start' }),
  )
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
