import { expect, test } from 'vitest'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { boundClicks, createSurplus, type MachineClick } from '../../src/lib/tracking/surplus.ts'

const minute = 60_000
const noon = Date.UTC(2026, 10, 18, 12)

function open(limit: number) {
  const surplus = createSurplus(limit, createEventIds())
  const count = (changes: Partial<MachineClick> = {}) =>
    surplus({ at: noon, network: 'a', offerId: 4, variationId: 42, reason: 'self_declared', ...changes })
  return { count, counts: (...clicks: Partial<MachineClick>[]) => clicks.map((one) => count(one)?.clicks) }
}

test('the first machine clicks of an address in a minute are kept separately', () => {
  const { counts } = open(2)
  const b = { network: 'b' }
  expect(counts({}, {}, {}, b, {}, b, b)).toEqual([undefined, undefined, 1, undefined, 2, undefined, 3])
  expect(counts({ at: noon + minute }, { at: noon + minute }, { at: noon + minute })).toEqual([
    undefined,
    undefined,
    1,
  ])
})

test.each([1, 2, 120])('people and machines of an address each have %i clicks a minute', (limit) => {
  const { flood, surplus } = boundClicks(limit, createEventIds())
  const machine = { at: noon, network: 'a', offerId: 4, variationId: 42, reason: 'self_declared' }
  for (let made = 0; made < limit; made += 1)
    expect([flood('a', noon), surplus(machine)]).toEqual([false, undefined])
  expect([flood('a', noon), surplus(machine)?.clicks]).toEqual([true, 1])
})

test('a machine’s clicks beyond the limit are added up, and count towards no other machine', () => {
  const { counts } = open(1)
  const flood = { reason: 'flood' }
  expect(counts(flood, flood, {}, {})).toEqual([1, 2, undefined, 1])
})

test('a count is of one text, offer, reason and minute, and keeps its id and its first time', () => {
  const { count } = open(0)
  const flood = { reason: 'flood' }
  const first = count(flood)
  const again = count({ ...flood, at: noon + minute - 1 })
  expect(first).toEqual({
    kind: 'surplus',
    event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    caller_key: false,
    at: noon,
    offer_id: 4,
    variation_id: 42,
    reason: 'flood',
    clicks: 1,
  })
  expect(again).toEqual({ ...first, clicks: 2 })
  const others = [
    count({ ...flood, variationId: 43 }),
    count({ ...flood, offerId: 5 }),
    count({ ...flood, reason: 'flood', at: noon + minute }),
    count({ ...flood, reason: 'flood', at: noon - 1 }),
    count(flood),
  ]
  expect(others.map((other) => other?.clicks)).toEqual([1, 1, 1, 1, 1])
  expect(new Set([first, ...others].map((one) => one?.event_id)).size).toBe(6)
})
