import { pino } from 'pino'
import { expect, test } from 'vitest'
import { createUnchecked } from '../../src/lib/tracking/unchecked.ts'

const noon = Date.UTC(2026, 10, 18, 12)

function open(most: number) {
  const state = { waiting: 0, time: noon, logged: [] as string[], told: [] as unknown[] }
  const write = (line: string) => {
    const { msg, waiting, most } = JSON.parse(line)
    state.logged.push(msg)
    state.told.push({ waiting, most })
  }
  const log = pino({}, { write })
  const unchecked = createUnchecked({ most, waiting: () => state.waiting, now: () => state.time, log })
  const admit = (address?: string) => {
    const admitted = unchecked.admit(address)
    if (admitted) state.waiting += 1
    return admitted
  }
  const admitted = (addresses: readonly (string | undefined)[]) => addresses.filter(admit).length
  return { state, unchecked, admit, admitted }
}

const addresses = Array.from({ length: 200 }, (_, index) => `203.0.113.${index}`)

test('clicks wait up to the limit, and one more when one has been judged', () => {
  const { state, unchecked, admit, admitted } = open(100)
  expect(admitted(addresses)).toBe(100)
  expect([admit(), unchecked.overflowing]).toEqual([false, true])
  state.waiting -= 1
  expect([admit(), admit()]).toEqual([true, false])
})

test('an address has a tenth of the room, and a caller of ours all of it', () => {
  const { state, unchecked, admitted } = open(100)
  expect(admitted(Array.from({ length: 30 }, () => '203.0.113.7'))).toBe(10)
  expect(admitted(['203.0.113.8'])).toBe(1)
  unchecked.judged()
  expect(admitted(['203.0.113.7'])).toBe(1)
  state.waiting = 0
  expect(admitted(Array.from({ length: 101 }, () => undefined))).toBe(100)
})

test('the addresses of an IPv6 network of 64 bits share their room', () => {
  const { admitted } = open(100)
  expect(admitted(Array.from({ length: 30 }, (_, index) => `2001:db8::${index}`))).toBe(10)
  expect(admitted(['2001:db8:0:1::1', '2001:db8::1'])).toBe(1)
})

test('a refused click is reported for a minute, and logged from time to time', () => {
  const { state, unchecked, admitted } = open(100)
  expect(unchecked.overflowing).toBe(false)
  admitted(addresses.slice(0, 150))
  expect(state.logged).toEqual([
    'a click was not recorded: too many clicks are waiting to be checked (PROMO_UNCHECKED_MAX)',
  ])
  expect(state.told).toEqual([{ waiting: 100, most: 100 }])
  state.time += 9_999
  admitted(['192.0.2.1'])
  expect(state.logged).toHaveLength(1)
  state.time += 1
  state.waiting = 0
  admitted(Array.from({ length: 11 }, () => '203.0.113.7'))
  expect(state.logged[1]).toContain('of one address')
  state.time += 59_999
  expect(unchecked.overflowing).toBe(true)
  state.time += 1
  expect(unchecked.overflowing).toBe(false)
})
