import { expect, test } from 'vitest'
import { createPace } from '../../src/lib/pace/flusher-rest.ts'

/** A pace whose clock moves by hand, in milliseconds. */
function pace() {
  let time = 0
  const restAfter = createPace(() => time)
  return (after: number, flush: { flushed: number; took: number; waiting: number }) => {
    time += after
    return restAfter(flush)
  }
}

test('with few events the next flush may follow at once', () => {
  const restAfter = pace()
  expect(restAfter(1_000, { flushed: 900, took: 20, waiting: 0 })).toBe(0)
  expect(restAfter(1_000, { flushed: 10, took: 20, waiting: 989 })).toBe(0)
})

test('in a rush the pause is thirty times the work, and at most two seconds', () => {
  const restAfter = pace()
  expect(restAfter(1_000, { flushed: 1_000, took: 20, waiting: 500 })).toBe(600)
  expect(restAfter(1_000, { flushed: 1_000, took: 200, waiting: 1_000 })).toBe(2_000)
})

test('new events are distinguished from a backlog', () => {
  const restAfter = pace()
  expect(restAfter(1_000, { flushed: 1_000, took: 10, waiting: 50_000 })).toBe(300)
  expect(restAfter(100, { flushed: 1_000, took: 10, waiting: 49_000 })).toBe(0)
  expect(restAfter(100, { flushed: 1_000, took: 10, waiting: 48_200 })).toBe(300)
})

test('a large backlog is not left to grow', () => {
  const restAfter = pace()
  expect(restAfter(1_000, { flushed: 1_000, took: 10, waiting: 99_999 })).toBe(300)
  expect(restAfter(1_000, { flushed: 1_000, took: 10, waiting: 110_000 })).toBe(0)
})

test('a clock that stands still causes no division by zero', () => {
  const restAfter = pace()
  expect(restAfter(0, { flushed: 1, took: 1, waiting: 0 })).toBe(30)
})
