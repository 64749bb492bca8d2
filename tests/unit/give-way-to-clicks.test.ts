import { beforeEach, expect, test } from 'vitest'
import { createGiveWay } from '../../src/lib/pace/give-way-to-clicks.ts'

let now: number
let visits: number
let perSecond: number
let waits: number[]

const pass = (milliseconds: number) => {
  now += milliseconds
  visits += (milliseconds / 1_000) * perSecond
}
const giveWayWith = (wait: (milliseconds: number) => void) =>
  createGiveWay(
    () => visits,
    () => now,
    async (milliseconds) => {
      waits.push(milliseconds)
      wait(milliseconds)
    },
  )
/** A reader whose work takes so long. */
const taking = (milliseconds: number) => async () => {
  pass(milliseconds)
  return milliseconds
}

beforeEach(() => {
  now = 1_000
  visits = 0
  perSecond = 1_000
  waits = []
})

test('without a rush nobody waits, however long reports take', async () => {
  const giveWay = giveWayWith(pass)
  perSecond = 999
  for (let reader = 0; reader < 3; reader += 1) {
    pass(100)
    expect(await giveWay(taking(500))).toBe(500)
  }
  expect(waits).toEqual([])
})

test('in a rush, reports pause thirty times as long as they took', async () => {
  const giveWay = giveWayWith(pass)
  pass(100)
  expect(await giveWay(taking(10))).toBe(10)
  pass(100)
  expect(await giveWay(taking(10))).toBe(10)
  pass(299)
  await giveWay(taking(10))
  pass(300)
  await giveWay(taking(10))
  expect(waits).toEqual([200, 1])
})

test('reports pause at most two seconds, and a moment if they took no time', async () => {
  const giveWay = giveWayWith(pass)
  pass(100)
  await giveWay(taking(400))
  await giveWay(taking(0))
  await giveWay(taking(0))
  expect(waits).toEqual([2_000, 50])
})

test('concurrent readers are served one after another, and none waits longer than two seconds', async () => {
  const giveWay = giveWayWith(() => {})
  pass(100)
  const readers = Array.from({ length: 60 }, () => giveWay(async () => {}))
  await Promise.all(readers)
  expect(waits).toHaveLength(59)
  expect(waits.slice(0, 2)).toEqual([50, 100])
  expect(Math.max(...waits)).toBe(2_000)
})

test('a rush and its end are detected within a tenth of a second', async () => {
  const giveWay = giveWayWith(pass)
  perSecond = 0
  pass(60_000)
  await giveWay(taking(0))
  perSecond = 10_000
  pass(99)
  await giveWay(taking(1))
  expect(waits).toEqual([])
  await giveWay(taking(99))
  await giveWay(taking(1))
  expect(waits).toEqual([2_000])
  perSecond = 0
  pass(10_000)
  await giveWay(taking(100))
  await giveWay(taking(100))
  expect(waits).toEqual([2_000])
})

test('a failed report lets redirects go first, too', async () => {
  const giveWay = giveWayWith(pass)
  pass(100)
  const broken = giveWay(async () => {
    pass(10)
    throw new Error('gone')
  })
  await expect(broken).rejects.toThrow('gone')
  await giveWay(taking(0))
  expect(waits).toEqual([300])
})
