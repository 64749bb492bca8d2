import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import {
  type Maintenance,
  type MaintenanceSteps,
  openMaintenance,
} from '../../src/lib/operations/maintenance.ts'

/** Fake timers leave this module alone, so it is put on top of them. */
vi.mock('node:timers/promises', () => ({
  setTimeout: (delay: number, value: unknown, { signal }: { signal: AbortSignal }) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, delay, value)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        reject(new Error('aborted'))
      })
    }),
}))

const second = 1_000
const hour = 3_600 * second
const day = 24 * hour
const log = createLog('silent')
let maintenance: Maintenance | undefined

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  maintenance?.stop()
  vi.useRealTimers()
  vi.restoreAllMocks()
})

/** Steps that work by default. */
function begin(changes: Partial<MaintenanceSteps> = {}) {
  const steps = {
    prepare: vi.fn(changes.prepare ?? (async () => true)),
    tend: vi.fn(changes.tend ?? (() => {})),
    settle: vi.fn(changes.settle ?? (async () => {})),
    provide: vi.fn(changes.provide ?? (async () => {})),
    purge: vi.fn(changes.purge ?? (async () => {})),
  }
  const started = openMaintenance(steps, log)
  maintenance = started
  const calls = () => [steps.tend, steps.provide, steps.purge].map((step) => step.mock.calls.length)
  return { ...steps, calls, maintenance: started }
}

const broken = async () => {
  throw new Error('broken')
}

test('preparing is repeated every second until it works, through false answers and faults', async () => {
  const error = vi.spyOn(log, 'error')
  const prepare = vi
    .fn<() => Promise<boolean>>()
    .mockResolvedValueOnce(false)
    .mockRejectedValueOnce(new Error('no table'))
    .mockResolvedValue(true)
  const begun = begin({ prepare })
  await vi.advanceTimersByTimeAsync(2 * second - 1)
  expect(prepare).toHaveBeenCalledTimes(2)
  expect(begun.maintenance.ready).toBe(false)
  expect(begun.calls()).toEqual([0, 0, 0])
  await vi.advanceTimersByTimeAsync(1)
  expect(begun.maintenance.ready).toBe(true)
  expect(error).toHaveBeenCalledExactlyOnceWith({ reason: 'no table' }, 'maintenance broke')
  await vi.advanceTimersByTimeAsync(5 * second)
  expect(prepare).toHaveBeenCalledTimes(3)
})

test('retention runs at the start once the database is ready', async () => {
  const { calls } = begin()
  await vi.advanceTimersByTimeAsync(0)
  expect(calls()).toEqual([0, 0, 1])
})

test('steps run every ten seconds and every hour', async () => {
  const { calls } = begin()
  await vi.advanceTimersByTimeAsync(10 * second)
  expect(calls()).toEqual([1, 0, 1])
  await vi.advanceTimersByTimeAsync(hour - 10 * second)
  expect(calls()).toEqual([360, 1, 2])
  await vi.advanceTimersByTimeAsync(day - hour)
  expect(calls()).toEqual([8_640, 24, 25])
})

test('clicks are settled every fifteen seconds, not before the database is ready, and one at a time', async () => {
  const slow = Promise.withResolvers<boolean>()
  const long = Promise.withResolvers<void>()
  const begun = begin({ prepare: () => slow.promise, settle: () => long.promise })
  await vi.advanceTimersByTimeAsync(30 * second)
  expect(begun.settle).not.toHaveBeenCalled()
  slow.resolve(true)
  await vi.advanceTimersByTimeAsync(45 * second)
  expect(begun.settle).toHaveBeenCalledTimes(1)
  long.resolve()
  await vi.advanceTimersByTimeAsync(15 * second)
  expect(begun.settle).toHaveBeenCalledTimes(2)
  const signal = begun.settle.mock.calls[0]?.[0]
  expect(signal?.aborted).toBe(false)
  begun.maintenance.stop()
  expect(signal?.aborted).toBe(true)
})

test('a step that throws is logged, and stops neither itself nor the others', async () => {
  const error = vi.spyOn(log, 'error')
  const tend = () => {
    throw new Error('tend')
  }
  const { calls } = begin({ tend, provide: broken, purge: broken })
  await vi.advanceTimersByTimeAsync(2 * hour)
  expect(calls()).toEqual([720, 2, 3])
  expect(error).toHaveBeenCalledTimes(725)
})

test('a start waits until the database is ready, and no longer than the given time', async () => {
  const slow = Promise.withResolvers<boolean>()
  const begun = begin({ prepare: () => slow.promise })
  const over = vi.fn()
  const waiting = begun.maintenance.prepared(8 * second).then(over)
  await vi.advanceTimersByTimeAsync(8 * second - 1)
  expect(over).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1)
  await waiting
  expect(begun.maintenance.ready).toBe(false)
  slow.resolve(true)
  await begun.maintenance.prepared(8 * second)
  expect(begun.maintenance.ready).toBe(true)
  expect(vi.getTimerCount()).toBe(4)
})

test('after a stop nothing runs or is tried again', async () => {
  const begun = begin({ prepare: async () => false })
  await vi.advanceTimersByTimeAsync(3 * second)
  begun.maintenance.stop()
  await vi.advanceTimersByTimeAsync(2 * day)
  expect(begun.prepare).toHaveBeenCalledTimes(4)
  expect(begun.calls()).toEqual([0, 0, 0])
  expect(vi.getTimerCount()).toBe(0)
})

test('a stop resolves when the steps under way have ended, and not before', async () => {
  const [tending, settling] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const begun = begin({ tend: () => tending.promise, settle: () => settling.promise })
  await vi.advanceTimersByTimeAsync(15 * second)
  const over = vi.fn()
  const stopping = begun.maintenance.stop().then(over)
  tending.resolve()
  await vi.advanceTimersByTimeAsync(second)
  expect(over).not.toHaveBeenCalled()
  settling.resolve()
  await stopping
  expect(over).toHaveBeenCalledOnce()
})

test('a stop while the database is made ready keeps retention from starting', async () => {
  const slow = Promise.withResolvers<boolean>()
  const begun = begin({ prepare: () => slow.promise })
  begun.maintenance.stop()
  slow.resolve(true)
  await begun.maintenance.prepared(second)
  expect(begun.purge).not.toHaveBeenCalled()
})
