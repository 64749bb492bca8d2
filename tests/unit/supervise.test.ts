import { expect, test } from 'vitest'
import { pauseAfter } from '../../src/server/supervise.ts'
import { readWorkerMessage } from '../../src/server/worker-messages.ts'

test('the pause before a worker is started again grows with each early death, up to half a minute', () => {
  expect([0, 1, 2, 5, 8, 9, 100, 5_000].map(pauseAfter)).toEqual([
    100, 200, 400, 3_200, 25_600, 30_000, 30_000, 30_000,
  ])
})

test("messages between processes are read, and Node's own are left alone", () => {
  const told = { promo: 'told', question: 3, counts: [{ name: 'promo_rejects', values: [{ value: 1 }] }] }
  expect(readWorkerMessage(told)).toEqual(told)
  for (const other of [{ cmd: 'NODE_CLUSTER' }, undefined, 'all', { promo: 'all', question: 1 }])
    expect(readWorkerMessage(other)).toBeUndefined()
})
