import * as v from 'valibot'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok, type Result } from '../../src/lib/base/result.ts'
import { createRefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import type { LeftOut } from '../../src/lib/links/rows.ts'

type Row = { id: number; name: string }

const schema = v.object({ id: v.number('must be a number'), name: v.string('must be a string') })
const log = createLog('silent')
const warn = vi.spyOn(log, 'warn')
const error = vi.spyOn(log, 'error')
const info = vi.spyOn(log, 'info')
afterEach(() => void vi.clearAllMocks())

/** A cache over a source whose rows, failures and speed the test decides, at a time that it decides too. */
function cacheOver(rows: unknown[], initial: unknown[] = []) {
  const source = {
    rows,
    /** Whether there are other rows, which do not count. */
    more: false,
    down: false,
    reason: 'down',
    lists: 0,
    finds: 0,
    time: 1_000_000,
    fetched: [] as Row[][],
    leftOut: [] as LeftOut[],
    wait: Promise.resolve(),
  }
  const answer = async <Value>(value: () => Value): Promise<Result<Value, { message: string }>> => {
    const found = value()
    await source.wait
    return source.down ? fail({ message: source.reason }) : ok(found)
  }
  const cache = createRefreshingCache<number, Row, string>({
    name: 'things',
    list: () => {
      source.lists += 1
      const { rows, leftOut, more } = source
      return answer(() => ({ rows, leftOut, empty: rows.length === 0 && !more }))
    },
    find: (id) => {
      source.finds += 1
      return answer(() =>
        source.rows.find((row) => typeof row === 'object' && row && 'id' in row && row.id === id),
      )
    },
    schema,
    keyField: 'id',
    keyOf: ({ id }) => id,
    prepare: ({ name }) => {
      if (name === 'breaks') throw new Error('a name that breaks')
      return name
    },
    elapsed: () => source.time,
    initial,
    onFetched: (fetched) => void source.fetched.push(fetched),
    log,
  })
  return { cache, source }
}

/** Lets everything that waits for no one finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

const one = { id: 1, name: 'one' }
const two = { id: 2, name: 'two' }

describe('known rows', () => {
  test('are available at once after a fetch, which is reported', async () => {
    const { cache, source } = cacheOver([one, two])
    expect([cache.size, cache.current]).toEqual([0, false])
    expect(await cache.refresh()).toBe(true)
    expect([cache.get(1), cache.get(2), cache.size, cache.current]).toEqual(['one', 'two', 2, true])
    expect([...cache.values()]).toEqual(['one', 'two'])
    expect(source.fetched).toEqual([[one, two]])
  })

  test('are served without limit while the source fails, and since when is known', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.down = true
    expect(await cache.refresh()).toBe(false)
    source.time += 86_400_000
    expect(await cache.refresh()).toBe(false)
    expect([cache.get(1), cache.current, cache.failingFor]).toEqual(['one', false, 86_400_000])
    expect(warn).toHaveBeenCalledExactlyOnceWith({ reason: 'down' }, expect.stringContaining('things'))
    source.down = false
    expect(await cache.refresh()).toBe(true)
    expect([cache.current, cache.failingFor, source.fetched.length]).toEqual([true, 0, 2])
    source.down = true
    await cache.refresh()
    expect(warn).toHaveBeenCalledTimes(2)
  })

  test('of an earlier run are available before the first fetch', async () => {
    const { cache, source } = cacheOver([two], [one])
    expect([cache.get(1), cache.get(2), cache.size, source.finds]).toEqual(['one', undefined, 1, 0])
    expect([cache.peek(1), cache.peek(2)]).toEqual(['one', undefined])
    source.time += 500
    expect([cache.current, cache.failingFor]).toEqual([false, 500])
    expect(await cache.refresh()).toBe(true)
    expect([cache.size, await cache.get(1)]).toEqual([1, undefined])
  })

  test('are fetched once, however many ask', async () => {
    const { cache, source } = cacheOver([one])
    expect(await Promise.all([cache.refresh(), cache.refresh(), cache.refresh()])).toEqual([true, true, true])
    expect([source.lists, source.fetched.length]).toEqual([1, 1])
  })

  test('disappear with the next fetch that lacks them', async () => {
    const { cache, source } = cacheOver([one, two])
    await cache.refresh()
    source.rows = [two]
    await cache.refresh()
    expect(await cache.get(1)).toBeUndefined()
  })
})

describe('a row that is not known', () => {
  test('is looked up once, however many ask, and known from then on', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = [one, two]
    expect(await Promise.all([cache.get(2), cache.get(2), cache.get(2)])).toEqual(['two', 'two', 'two'])
    expect(source.finds).toBe(1)
    expect(cache.get(2)).toBe('two')
  })

  test('counts as absent until the next fetch', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    expect(await cache.get(2)).toBeUndefined()
    source.rows = [one, two]
    expect([cache.get(2), source.finds]).toEqual([undefined, 1])
    source.rows = [one]
    await cache.refresh()
    source.rows = [one, two]
    expect([await cache.get(2), source.finds]).toEqual(['two', 2])
    await cache.refresh()
    expect(cache.get(2)).toBe('two')
  })

  test('is not looked up while the source fails, and does not count as absent', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.down = true
    expect(await cache.get(2)).toBeUndefined()
    expect([cache.current, source.finds]).toEqual([false, 1])
    expect(cache.get(2)).toBeUndefined()
    expect(source.finds).toBe(1)
    source.down = false
    source.rows = [one, two]
    await cache.refresh()
    expect(cache.get(2)).toBe('two')
  })

  test.each(['withdrawn', 'added'])('that is %s during a fetch is as the fetch says', async (what) => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    const slow = Promise.withResolvers<void>()
    source.wait = slow.promise
    source.rows = what === 'withdrawn' ? [one, two] : [one]
    const asked = cache.get(2)
    source.wait = Promise.resolve()
    source.rows = what === 'withdrawn' ? [one] : [one, two]
    await cache.refresh()
    slow.resolve()
    await asked
    expect(await cache.get(2)).toBe(what === 'withdrawn' ? undefined : 'two')
  })

  test('that cannot be read is absent', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = [one, { id: 2 }]
    expect(await cache.get(2)).toBeUndefined()
    expect([cache.get(2), cache.current, source.finds]).toEqual([undefined, true, 1])
  })
})

describe('a row that cannot be read', () => {
  const bad = [{ id: 3, name: 7 }, { id: 'x' }, null, { id: 4, name: 'breaks' }]
  const faults = [
    { key: '3', reason: 'name must be a string' },
    { key: 'x', reason: 'id must be a number, name is missing' },
    { key: '(without a key)', reason: expect.stringContaining('the row') },
    { key: '4', reason: 'a name that breaks' },
  ]

  test('is left out and named once, and the others work', async () => {
    const { cache, source } = cacheOver([one, ...bad, two])
    expect(await cache.refresh()).toBe(true)
    expect([cache.get(1), cache.get(2), cache.size, cache.current]).toEqual(['one', 'two', 2, true])
    expect(cache.leftOut).toEqual(faults)
    expect(source.fetched.at(-1)).toEqual([one, two])
    await cache.refresh()
    expect(error).toHaveBeenCalledExactlyOnceWith(
      { things: faults, count: 4 },
      'things that cannot be read are left out: correct these rows',
    )
    source.rows = [one, bad[0]]
    await cache.refresh()
    expect(error).toHaveBeenLastCalledWith({ things: faults.slice(0, 1), count: 1 }, expect.any(String))
    source.rows = [one]
    await cache.refresh()
    expect(cache.leftOut).toEqual([])
    expect(info).toHaveBeenCalledExactlyOnceWith('all things can be read again')
    await cache.refresh()
    expect([error.mock.calls.length, info.mock.calls.length]).toEqual([2, 1])
  })

  test('is named behind what the source could make no row of', async () => {
    const { cache, source } = cacheOver([one, bad[0]])
    source.leftOut = [{ key: '9', reason: 'there are two of it' }]
    await cache.refresh()
    expect(cache.leftOut).toEqual([...source.leftOut, faults[0]])
  })

  test('in the snapshot of an earlier run does not affect the others', () => {
    const { cache } = cacheOver([], [...bad, one])
    expect([cache.get(1), cache.size, cache.leftOut.length]).toEqual(['one', 1, 4])
    expect(error).toHaveBeenCalledOnce()
  })

  test('is named by its key only, and the log names twenty', async () => {
    const long = { id: 'k'.repeat(200), name: Array.from({ length: 99 }) }
    const { cache } = cacheOver([...Array.from({ length: 30 }, () => long), one])
    await cache.refresh()
    expect(cache.leftOut[0]?.key).toHaveLength(100)
    expect(error.mock.lastCall?.[0]).toMatchObject({ count: 30, things: { length: 20 } })
  })
})

describe('a source that is suddenly empty', () => {
  test('is not believed for ten seconds, in which nothing counts as absent', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = []
    expect(await cache.refresh()).toBe(false)
    expect([cache.get(1), cache.current, source.fetched.length]).toEqual(['one', false, 1])
    source.time += 9_999
    expect(await cache.refresh()).toBe(false)
    expect([cache.get(1), cache.get(2), source.finds]).toEqual(['one', undefined, 0])
    expect(warn).toHaveBeenCalledExactlyOnceWith(
      { reason: 'there are suddenly none' },
      'things could not be fetched; those already known are kept',
    )
    source.time += 1
    expect(await cache.refresh()).toBe(true)
    expect([cache.size, cache.current, source.fetched.at(-1)]).toEqual([0, true, []])
    expect(await cache.refresh()).toBe(true)
  })

  test('is believed again as soon as it has any rows', async () => {
    const { cache, source } = cacheOver([one, two])
    await cache.refresh()
    source.rows = []
    await cache.refresh()
    source.time += 5_000
    source.rows = [two]
    expect(await cache.refresh()).toBe(true)
    expect([cache.size, cache.current]).toEqual([1, true])
    source.rows = []
    source.time += 5_000
    expect(await cache.refresh()).toBe(false)
  })

  test('has to stay empty without a failure in between', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = []
    await cache.refresh()
    source.down = true
    source.time += 9_000
    await cache.refresh()
    source.down = false
    source.time += 9_000
    expect(await cache.refresh()).toBe(false)
    source.time += 10_000
    expect(await cache.refresh()).toBe(true)
  })

  test('is believed at once if its rows no longer count, or none were known', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = []
    source.more = true
    expect(await cache.refresh()).toBe(true)
    expect(cache.size).toBe(0)
    expect(await cacheOver([]).cache.refresh()).toBe(true)
  })
})

test('a source without tables yet is no warning', async () => {
  const { cache, source } = cacheOver([])
  Object.assign(source, { down: true, reason: 'relation "things" does not exist (42P01)' })
  expect(await cache.refresh()).toBe(false)
  expect(warn).not.toHaveBeenCalled()
  source.reason = 'down'
  await cache.refresh()
  expect(warn).toHaveBeenCalledOnce()
})

test('of many unknown keys at a time four are looked up, and the others not remembered', async () => {
  const { cache, source } = cacheOver([one, two])
  await cache.refresh()
  source.rows = [
    { id: 3, name: 'three' },
    { id: 9, name: 'nine' },
  ]
  const asked = [3, 4, 5, 6].map((id) => cache.get(id))
  expect(cache.get(9)).toBeUndefined()
  expect(await cache.get(3)).toBe('three')
  expect(source.finds).toBe(4)
  await Promise.all(asked)
  await settle()
  expect(await cache.get(9)).toBe('nine')
})
