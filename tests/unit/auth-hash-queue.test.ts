import { expect, test } from 'vitest'
import { createHashQueue, type Rank } from '../../src/lib/auth/hash-queue.ts'
import { createSignInHistory } from '../../src/lib/auth/sign-in-history.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A queue that is held up by one who works, and the order in which the others work afterwards. */
async function heldUp(places = { most: 20, mostOfOne: 20 }) {
  const queue = createHashQueue(places)
  const order: string[] = []
  let release = () => {}
  const held = queue.enter({ rank: 0, address: 'first' })?.work(
    () =>
      new Promise<void>((resolve) => {
        release = resolve
      }),
  )
  await turn()
  const enter = (rank: Rank, address: string) =>
    queue.enter({ rank, address })?.work(async () => void order.push(address))
  const finish = async (waiting: unknown[]) => {
    release()
    await Promise.all([held, ...waiting])
    return order.join(' ')
  }
  return { queue, enter, finish }
}

test('within a rank addresses take turns, however many attempts each has waiting', async () => {
  const { enter, finish } = await heldUp()
  const waiting = ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((address) => enter(2, address))
  expect(await finish(waiting)).toBe('a b c a b a a')
})

test('known people go first, and every fourth turn is for the last rank', async () => {
  const { enter, finish } = await heldUp()
  const ranks: [Rank, string][] = [
    [2, 'x'],
    [2, 'y'],
    [1, 'n'],
    [0, 'k'],
    [0, 'l'],
    [0, 'm'],
  ]
  expect(await finish(ranks.map(([rank, address]) => enter(rank, address)))).toBe('k l x m n y')
})

test('the places of a rank and of an address are limited, and can be reused', async () => {
  const { queue, enter, finish } = await heldUp({ most: 4, mostOfOne: 2 })
  const waiting = [enter(2, 'a'), enter(2, 'a')]
  expect(enter(2, 'a')).toBeUndefined()
  const left = queue.enter({ rank: 2, address: 'b' })
  waiting.push(enter(2, 'c'))
  expect(enter(2, 'd')).toBeUndefined()
  waiting.push(enter(1, 'd'))
  left?.leave()
  waiting.push(enter(2, 'e'))
  expect(await finish(waiting)).toBe('d a c e a')
})

test('a place that is not ready delays nobody, nor does an attempt that throws', async () => {
  const queue = createHashQueue({ most: 4, mostOfOne: 4 })
  queue.enter({ rank: 0, address: 'slow' })
  const broken = queue.enter({ rank: 2, address: 'a' })?.work(() => Promise.reject(new Error('broken')))
  await expect(broken).rejects.toThrow('broken')
  expect(await queue.enter({ rank: 2, address: 'a' })?.work(async () => 'worked')).toBe('worked')
})

test('the memory of successful and failed attempts is bounded', () => {
  const known = createSignInHistory(() => 0)
  const anna = { name: 'anna', address: 'home' }
  known.succeeded(anna)
  expect(known.rankOf(anna)).toBe(0)
  expect(known.rankOf({ ...anna, address: 'away' })).toBe(1)
  expect(known.rankOf({ ...anna, name: 'ben' })).toBe(2)
  for (let failure = 0; failure < 200; failure += 1) known.failed({ name: 'carl', address: 'away' })
  expect(known.delayOf({ name: 'carl', address: 'elsewhere' })).toBe(5_000)
  for (let index = 0; index < 10_000; index += 1) {
    known.failed({ name: `n${index}`, address: `a${index}` })
    known.succeeded({ name: `n${index}`, address: `a${index}` })
  }
  expect(known.rankOf(anna)).toBe(2)
  expect(known.delayOf({ name: 'carl', address: 'elsewhere' })).toBe(0)
})
