import { describe, expect, test } from 'vitest'
import { createRefreshingCache } from '../../src/lib/links/refreshing-cache.ts'
import { fail, ok, type Result } from '../../src/lib/result.ts'

type Row = { id: number; name: string }

/** A cache over a source whose rows, failures and speed the test decides, at a time that it decides too. */
function cacheOver(rows: Row[], initial: Row[] = []) {
  const source = {
    rows,
    down: false,
    lists: 0,
    finds: 0,
    time: 1_000_000,
    fetched: [] as Row[][],
    wait: Promise.resolve(),
  }
  const answer = async <Value>(value: () => Value): Promise<Result<Value, string>> => {
    await source.wait
    return source.down ? fail('down') : ok(value())
  }
  const cache = createRefreshingCache<number, Row, string>({
    list: () => {
      source.lists += 1
      return answer(() => source.rows)
    },
    find: (id) => {
      source.finds += 1
      return answer(() => source.rows.find((row) => row.id === id))
    },
    keyOf: ({ id }) => id,
    prepare: ({ name }) => name,
    now: () => source.time,
    initial,
    onFetched: (fetched) => void source.fetched.push(fetched),
  })
  return { cache, source }
}

/** Lets everything that waits for no one finish. */
const settle = () => new Promise((resolve) => setImmediate(resolve))

const one = { id: 1, name: 'one' }
const two = { id: 2, name: 'two' }

describe('known rows', () => {
  test('are there at once after a fetch, which is told', async () => {
    const { cache, source } = cacheOver([one, two])
    expect([cache.size, cache.current]).toEqual([0, false])
    expect(await cache.refresh()).toBe(true)
    expect([cache.get(1), cache.get(2), cache.size, cache.current]).toEqual(['one', 'two', 2, true])
    expect(source.fetched).toEqual([[one, two]])
  })

  test('are not fetched again for thirty seconds, then served while they are', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = [{ id: 1, name: 'changed' }]
    source.time += 29_999
    expect(cache.get(1)).toBe('one')
    expect(source.lists).toBe(1)
    source.time += 1
    expect([cache.get(1), cache.get(1), source.lists]).toEqual(['one', 'one', 2])
    await settle()
    expect(cache.get(1)).toBe('changed')
  })

  test('are fetched again as well when the clock is set back', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.time -= 30_000
    cache.get(1)
    expect(source.lists).toBe(2)
  })

  test('are served without limit while the source fails, which is asked again each second', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.down = true
    source.time += 86_400_000
    expect(cache.get(1)).toBe('one')
    await settle()
    expect(cache.current).toBe(false)
    expect([cache.get(1), source.lists]).toEqual(['one', 2])
    source.time += 999
    cache.get(1)
    expect(source.lists).toBe(2)
    source.time += 1
    source.down = false
    cache.get(1)
    await settle()
    expect([source.lists, cache.current, source.fetched.length]).toEqual([3, true, 2])
  })

  test('of an earlier run are there before the first fetch', async () => {
    const { cache, source } = cacheOver([two], [one])
    source.down = true
    expect([cache.get(1), cache.size]).toEqual(['one', 1])
    await settle()
    expect(source.lists).toBe(1)
    source.down = false
    expect(await cache.refresh()).toBe(true)
    expect(cache.size).toBe(1)
    expect(await cache.get(1)).toBeUndefined()
  })

  test('are fetched once, however many ask', async () => {
    const { cache, source } = cacheOver([one])
    expect(await Promise.all([cache.refresh(), cache.refresh(), cache.refresh()])).toEqual([true, true, true])
    expect([source.lists, source.fetched.length]).toEqual([1, 1])
  })
})

describe('a row that is not known', () => {
  test('is asked for once, however many want it, and known from then on', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.rows = [one, two]
    expect(await Promise.all([cache.get(2), cache.get(2), cache.get(2)])).toEqual(['two', 'two', 'two'])
    expect(source.finds).toBe(1)
    expect(cache.get(2)).toBe('two')
  })

  test('is taken as absent for five seconds', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    expect(await cache.get(9)).toBeUndefined()
    source.time += 4_999
    expect(cache.get(9)).toBeUndefined()
    expect(source.finds).toBe(1)
    source.time += 2
    // The cache looks at the clock once a millisecond at the most.
    await new Promise((resolve) => setTimeout(resolve, 5))
    source.rows = [one, { id: 9, name: 'nine' }]
    expect(await cache.get(9)).toBe('nine')
    expect(source.finds).toBe(2)
  })

  test('is no longer taken as absent after a fetch', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    await cache.get(2)
    source.rows = [one, two]
    await cache.refresh()
    expect(cache.get(2)).toBe('two')
  })

  test('is not asked for while the source fails, and then not believed to be absent', async () => {
    const { cache, source } = cacheOver([one])
    await cache.refresh()
    source.down = true
    expect(await cache.get(2)).toBeUndefined()
    expect([cache.current, source.finds]).toEqual([false, 1])
    expect(cache.get(2)).toBeUndefined()
    expect(source.finds).toBe(1)
    source.down = false
    source.rows = [one, two]
    source.time += 1_000
    cache.get(1)
    await settle()
    expect(cache.get(2)).toBe('two')
  })
})

test('of many unknown keys at a time only four are asked for, and the others are not remembered', async () => {
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
