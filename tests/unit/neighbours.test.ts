import { expect, onTestFinished, test } from 'vitest'
import { jsonOf, openNeighbour, type Refusal } from '../../src/lib/neighbours/neighbour.ts'
import { type FakeStrapi, sendJson, startFakeStrapi } from '../support/fake-strapi.ts'

async function begin(answer: FakeStrapi['answer'], secrets: (string | undefined)[] = []) {
  const fake = await startFakeStrapi(answer)
  const clock = { time: 0 }
  const refusals: Refusal[] = []
  const neighbour = openNeighbour({
    most: 1_000,
    secrets: () => secrets,
    advise(refusal) {
      refusals.push(refusal)
      return refusal.status === 401 ? 'mend the token' : undefined
    },
    elapsed: () => clock.time,
  })
  onTestFinished(neighbour.stop)
  return { fake, clock, refusals, neighbour }
}

test('a body is posted, and an expected status is an answer', async () => {
  let got = ''
  const { fake, neighbour } = await begin((request, response) => {
    request.on('data', (chunk) => {
      got += chunk
    })
    request.on('end', () => sendJson(response, 201, { made: true }, { 'x-id': '7' }))
  })
  const question = {
    url: fake.url,
    patience: 2_000,
    method: 'POST' as const,
    headers: { 'content-type': 'text/plain' },
    body: 'hello',
  }
  expect(await neighbour.ask(question)).toMatchObject({ fault: { code: 'failing', status: 201 } })
  const answer = await neighbour.ask({ ...question, wanted: (status) => status < 300 })
  expect(got).toBe('hellohello')
  expect(answer).toMatchObject({ ok: true, value: { status: 201 } })
  if (!answer.ok) return
  expect(answer.value.headers.get('x-id')).toBe('7')
  expect(jsonOf(answer.value)).toEqual({ ok: true, value: { made: true } })
  expect(jsonOf({ ...answer.value, body: Buffer.from('{') })).toMatchObject({ fault: { code: 'failing' } })
})

test('a message contains the advice, but no secret', async () => {
  const { fake, neighbour, refusals } = await begin(
    (_, response) =>
      sendJson(response, 401, { error: 'invalid_grant', error_description: 'no word, no key' }),
    ['word', undefined, '', 'key'],
  )
  expect(await neighbour.ask({ url: fake.url, patience: 2_000 })).toEqual({
    ok: false,
    fault: {
      code: 'refused',
      message: 'answered with status 401: no …, no …',
      advice: 'mend the token',
      status: 401,
    },
  })
  expect(refusals).toEqual([{ status: 401, said: 'no …, no …', redirectedTo: undefined }])
})

test.each([
  [302, 'unsuitable'],
  [400, 'unsuitable'],
  [401, 'refused'],
  [403, 'refused'],
  [404, 'unsuitable'],
  [408, 'failing'],
  [429, 'busy'],
  [499, 'unsuitable'],
  [500, 'failing'],
  [503, 'failing'],
])('status %i is %s', async (status, code) => {
  const { fake, neighbour } = await begin((_, response) => response.writeHead(status).end())
  expect(await neighbour.ask({ url: fake.url, patience: 2_000 })).toMatchObject({ fault: { code, status } })
})

test('a pause reports how much of it is left', async () => {
  const { fake, clock, neighbour } = await begin((_, response) =>
    response.writeHead(503, { 'retry-after': '20' }).end(),
  )
  const ask = () => neighbour.ask({ url: fake.url, patience: 2_000 })
  expect(await ask()).toMatchObject({ fault: { code: 'busy', status: 503, pause: 20_000 } })
  clock.time = 5_000
  expect(await ask()).toMatchObject({ fault: { code: 'busy', pause: 15_000 } })
  expect(fake.requests).toHaveLength(1)
})

test('a body of the largest size is read, one byte more is not', async () => {
  let size = 1_000
  const { fake, neighbour } = await begin((_, response) => response.end('x'.repeat(size)))
  expect(await neighbour.ask({ url: fake.url, patience: 2_000 })).toMatchObject({ ok: true })
  size += 1
  expect(await neighbour.ask({ url: fake.url, patience: 2_000 })).toMatchObject({
    fault: { code: 'unsuitable', message: 'answered with more than 1000 bytes', status: 200 },
  })
})
