import { expect, test } from 'vitest'
import { json } from '../../src/lib/http/answer.ts'
import { createRemember, wantsFresh } from '../../src/lib/reports/report-cache.ts'

/** Answers with a number each, to distinguish them. */
function counted(status = 200) {
  let made = 0
  return async () => {
    made += 1
    return json(status, made)
  }
}

const setUp = () => {
  const clock = { time: 1_000_000 }
  const remember = createRemember(() => clock.time)
  return {
    clock,
    remember: (key: string, make: () => Promise<ReturnType<typeof json>>, fresh = false) =>
      remember({ key, fresh }, make),
  }
}

test('the same query gets the same answer for three seconds, another one its own', async () => {
  const { clock, remember } = setUp()
  const make = counted()
  expect((await remember('a', make)).body).toBe('1')
  clock.time += 2_999
  expect((await remember('a', make)).body).toBe('1')
  expect((await remember('b', make)).body).toBe('2')
  clock.time += 1
  expect((await remember('a', make)).body).toBe('3')
})

test('an answer is not reused for longer after the clock was set back', async () => {
  const { clock, remember } = setUp()
  const make = counted()
  await remember('a', make)
  clock.time -= 3_000
  expect((await remember('a', make)).body).toBe('2')
})

test('a request for an answer that is being computed waits for it', async () => {
  const { remember } = setUp()
  const make = counted()
  const answers = await Promise.all([remember('a', make), remember('a', make), remember('a', make)])
  expect(answers.map(({ body }) => body)).toEqual(['1', '1', '1'])
})

test('a fresh answer is computed again, and reused afterwards', async () => {
  const { remember } = setUp()
  const make = counted()
  await remember('a', make)
  expect((await remember('a', make, true)).body).toBe('2')
  expect((await remember('a', make)).body).toBe('2')
})

test.each([304, 400, 503])('an answer %i is not cached', async (status) => {
  const { remember } = setUp()
  const make = counted(status)
  await remember('a', make)
  expect((await remember('a', make)).body).toBe('2')
})

test('an exception reaches all who waited, and the next request tries again', async () => {
  const { remember } = setUp()
  const broken = async () => {
    throw new Error('broken')
  }
  const waiting = [remember('a', broken), remember('a', broken)]
  for (const answer of waiting) await expect(answer).rejects.toThrow('broken')
  expect((await remember('a', counted())).body).toBe('1')
})

test('a failure does not remove a later answer', async () => {
  const { remember } = setUp()
  let end = (_: ReturnType<typeof json>) => {}
  const slow = remember('a', () => new Promise((resolve) => (end = resolve)))
  const make = counted()
  await remember('a', make, true)
  end(json(503, 'late'))
  expect((await slow).status).toBe(503)
  expect((await remember('a', make)).body).toBe('1')
})

test.each([
  ['no-cache', true],
  ['max-age=0, No-Store', true],
  ['max-age=0', false],
  [undefined, false],
])('cache-control %s asks for a fresh answer: %s', (value, fresh) => {
  const headers = new Headers(value === undefined ? {} : { 'cache-control': value })
  expect(wantsFresh({ headers })).toBe(fresh)
})
