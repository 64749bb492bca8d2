import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok, type Result } from '../../src/lib/base/result.ts'
import { type KeptFresh, keepFresh } from '../../src/lib/links/keep-fresh.ts'
import { timers } from '../support/timers.ts'

const log = createLog('silent')
let kept: KeptFresh | undefined

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  kept?.stop()
  vi.useRealTimers()
})

/** Two caches over a database that the test lets change, fail and hang. */
function begin() {
  const state = {
    ...{ version: '1', down: false, wait: Promise.resolve(), looks: 0, seen: [] as string[] },
    /** Whether the version cannot be read, although everything else can. */
    blind: false,
  }
  const cache = {
    current: true,
    refresh: vi.fn(async () => {
      const seen = state.version
      await state.wait
      if (!state.down) state.seen.push(seen)
      cache.current = !state.down
      return !state.down
    }),
  }
  const other = { current: true, refresh: vi.fn(async () => true) }
  const readVersion = async (): Promise<Result<string, string>> => {
    state.looks += 1
    const { version } = state
    await state.wait
    return state.down || state.blind ? fail('down') : ok(version)
  }
  const fresh = keepFresh({ caches: [cache, other], readVersion, elapsed: () => performance.now(), log })
  kept = fresh
  const pass = (milliseconds: number) => vi.advanceTimersByTimeAsync(milliseconds)
  return { state, cache, other, fresh, pass }
}

test('a change arrives within half a second, without requests, and causes the only fetch', async () => {
  const { state, cache, other, fresh, pass } = begin()
  expect(await fresh.refresh()).toBe(true)
  await pass(2_000)
  expect([cache, other].map(({ refresh }) => refresh.mock.calls.length)).toEqual([1, 1])
  expect(state.looks).toBe(5)
  state.version = '2'
  await pass(500)
  expect([cache, other].map(({ refresh }) => refresh.mock.calls.length)).toEqual([2, 2])
  expect(state.seen.at(-1)).toBe('2')
  await pass(2_000)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
})

test('everything is fetched every eight seconds anyway, even if the clock jumps', async () => {
  const { cache, fresh, pass } = begin()
  await fresh.refresh()
  await pass(7_500)
  expect(cache.refresh).toHaveBeenCalledTimes(1)
  await pass(500)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
  for (const jump of [86_400_000, -10 * 86_400_000]) {
    cache.refresh.mockClear()
    vi.setSystemTime(Date.now() + jump)
    await pass(7_500)
    expect(cache.refresh).not.toHaveBeenCalled()
    await pass(500)
    expect(cache.refresh).toHaveBeenCalledOnce()
  }
})

test('without versions everything is fetched every eight seconds', async () => {
  const { state, cache, pass } = begin()
  state.down = true
  await pass(500)
  expect(cache.refresh).toHaveBeenCalledTimes(1)
  await pass(7_500)
  expect(cache.refresh).toHaveBeenCalledTimes(1)
  await pass(1_000)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
})

test('a version that could not be read for a while is no change', async () => {
  const { state, cache, fresh, pass } = begin()
  await fresh.refresh()
  state.blind = true
  await pass(8_000)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
  state.blind = false
  await pass(7_500)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
})

test('looks do not pile up while the database hangs, and continue half a second later', async () => {
  const { state, cache, fresh, pass } = begin()
  await fresh.refresh()
  const hanging = Promise.withResolvers<void>()
  state.wait = hanging.promise
  const looks = state.looks
  await pass(60_000)
  expect(state.looks).toBe(looks + 1)
  state.version = '2'
  state.wait = Promise.resolve()
  hanging.resolve()
  await pass(500)
  expect(state.seen.at(-1)).toBe('2')
  expect(cache.current).toBe(true)
})

test('a failed fetch is repeated as soon as versions can be read, and loses no change', async () => {
  const { state, cache, fresh, pass } = begin()
  await fresh.refresh()
  cache.refresh.mockImplementationOnce(async () => false)
  state.version = '2'
  await pass(500)
  expect(state.seen).toEqual(['1'])
  await pass(500)
  expect(state.seen).toEqual(['1', '2'])
  cache.current = false
  await pass(500)
  expect(state.seen).toEqual(['1', '2', '2'])
})

test('a change during a fetch is fetched by the next look, or for a request before it', async () => {
  const { state, fresh, pass } = begin()
  const slow = Promise.withResolvers<void>()
  state.wait = slow.promise
  const first = fresh.refresh()
  const asked = fresh.refresh()
  await pass(0)
  expect(state.looks).toBe(1)
  state.version = '2'
  slow.resolve()
  expect(await Promise.all([first, asked])).toEqual([true, true])
  expect(state.seen.at(-1)).toBe('2')
  state.version = '3'
  await pass(500)
  expect(state.seen.at(-1)).toBe('3')
  state.down = true
  expect(await fresh.refresh()).toBe(false)
})

test('a look requested during another follows it at once, and only once', async () => {
  const { state, cache, fresh, pass } = begin()
  const slow = Promise.withResolvers<void>()
  state.wait = slow.promise
  void fresh.refresh()
  state.version = '2'
  for (let times = 0; times < 3; times += 1) fresh.look()
  await pass(0)
  expect(state.looks).toBe(1)
  slow.resolve()
  await pass(0)
  expect([state.looks, cache.refresh.mock.calls.length]).toEqual([2, 2])
  fresh.look()
  await pass(0)
  expect([state.looks, cache.refresh.mock.calls.length]).toEqual([3, 2])
})

test('an exception is logged, and the next look works', async () => {
  const error = vi.spyOn(log, 'error')
  const { cache, fresh, pass } = begin()
  cache.refresh.mockRejectedValueOnce(new Error('broken'))
  expect(await fresh.refresh()).toBe(false)
  expect(error).toHaveBeenCalledExactlyOnceWith({ reason: 'broken' }, 'refreshing broke')
  await pass(500)
  expect(cache.refresh).toHaveBeenCalledTimes(2)
})

test('a process that has nothing else to do may end', async () => {
  vi.useRealTimers()
  const before = timers()
  begin()
  expect(timers()).toBe(before)
})

test('after a stop there are no looks', async () => {
  const { state, fresh, pass } = begin()
  await fresh.stop()
  await pass(60_000)
  fresh.look()
  expect(await fresh.refresh()).toBe(false)
  expect(state.looks).toBe(0)
})

test('a stop waits for the look under way, which fetches nothing else', async () => {
  const { state, cache, fresh, pass } = begin()
  const slow = Promise.withResolvers<void>()
  state.wait = slow.promise
  const asked = fresh.refresh()
  const over = vi.fn()
  const stopping = fresh.stop().then(over)
  await pass(0)
  expect(over).not.toHaveBeenCalled()
  slow.resolve()
  expect(await asked).toBe(false)
  await stopping
  expect(cache.refresh).not.toHaveBeenCalled()
})
