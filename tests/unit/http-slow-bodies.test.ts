import { once } from 'node:events'
import { createServer, IncomingMessage } from 'node:http'
import { connect, Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { beforeEach, expect, test, vi } from 'vitest'
import { createBodies, longestWait, type WholeRequest } from '../../src/lib/http/bodies.ts'
import { listenForTest } from '../support/listen.ts'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  return () => vi.useRealTimers()
})

/** A connection whose body has begun, and both of its ends. */
async function beginBody() {
  const bodies = createBodies()
  const told: string[] = []
  const server = createServer((request: WholeRequest, response) => {
    const answer = (text: string) => {
      told.push(text)
      response.end(text)
    }
    bodies.read(
      request,
      () => answer(`whole: ${request.body}`),
      ({ error }) => answer(error),
    )
  })
  const port = await listenForTest(server)
  const open = async () => {
    const client = connect(port, '127.0.0.1')
    const [[socket]] = await Promise.all([once(server, 'connection'), once(client, 'connect')])
    client.write('POST /form HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n')
    return { client, socket }
  }
  const slow = await open()
  slow.client.write('1\r\na\r\n')
  await once(server, 'request')
  return {
    told,
    ...slow,
    /** Returns once the server has read all that came before on connections that it reads. */
    async untilRead() {
      const { client } = await open()
      client.write('0\r\n\r\n')
      await once(client, 'data')
      client.destroy()
      await nextTurn()
    },
    /** Lets time pass, and what is due happen as it does where a timer calls it. */
    async pass(milliseconds: number) {
      await nextTurn()
      vi.advanceTimersByTime(milliseconds)
      await nextTurn()
      await nextTurn()
    },
  }
}

test('a body that is not there after a quarter of a second is read when it is looked at', async () => {
  const { client, told, untilRead, pass } = await beginBody()
  await untilRead()
  expect(told.splice(0)).toEqual(['whole: '])
  await pass(250)
  client.write('1\r\nb\r\n0\r\n\r\n')
  await untilRead()
  await pass(249)
  expect(told.splice(0)).toEqual(['whole: '])
  await pass(1)
  expect(told).toEqual(['whole: ab'])
})

test('until then it is read as it comes', async () => {
  const { client, told, untilRead, pass } = await beginBody()
  await untilRead()
  await pass(249)
  client.write('1\r\nb\r\n0\r\n\r\n')
  await untilRead()
  expect(told).toEqual(['whole: ', 'whole: ab', 'whole: '])
})

test('each look at a slow body comes when it has taken twice as long, the last when it is given up', async () => {
  const { client, socket, told, pass } = await beginBody()
  let passed = 0
  const looks: number[] = []
  socket.on('resume', () => looks.push(passed))
  while (told.length === 0 && passed < 2 * longestWait) {
    client.write('1\r\na\r\n')
    passed += 50
    await pass(50)
  }
  expect(looks).toEqual([500, 1000, 2000, 4000, 8000, 10_000])
  expect([told, passed]).toEqual([['body_too_slow'], longestWait])
})

test('a body whose end comes just before it would be given up is accepted', async () => {
  const { client, told, untilRead, pass } = await beginBody()
  await untilRead()
  for (const until of [250, 250, 500, 1000, 2000, 4000, 1999]) await pass(until)
  client.write('1\r\nb\r\n0\r\n\r\n')
  await untilRead()
  await pass(1)
  expect(told).toEqual(['whole: ', 'whole: ', 'whole: ab'])
})

const begun = () => Object.assign(new IncomingMessage(new Socket()), { httpVersionMajor: 1 })

test('four thousand bodies may be under way; one more ends the oldest', () => {
  const bodies = createBodies()
  const refused: number[] = []
  const begin = (n: number) =>
    bodies.read(
      begun(),
      () => {},
      () => refused.push(n),
    )
  for (let n = 1; n <= 4_000; n += 1) begin(n)
  expect(refused).toEqual([])
  begin(4_001)
  expect(refused).toEqual([1])
})

test('what a client sends after it was cut off is read, so that it gets its answer', () => {
  const bodies = createBodies({ most: 1 })
  const [oldest, next] = [begun(), begun()]
  const refused = vi.fn()
  bodies.read(oldest, () => {}, refused)
  vi.advanceTimersByTime(250)
  expect(oldest.socket.isPaused()).toBe(true)
  bodies.read(next, () => {}, refused)
  expect([refused.mock.calls.length, oldest.socket.isPaused()]).toEqual([1, false])
})

test('memory is set aside for what has arrived, not for what may come', () => {
  const bodies = createBodies()
  const before = process.memoryUsage().arrayBuffers
  for (let n = 0; n < 1_000; n += 1) {
    const request = begun()
    bodies.read(
      request,
      () => {},
      () => {},
    )
    request.emit('data', Buffer.from('a'))
  }
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(4 * 1024 * 1024)
})

test('a request that shares its connection with others pauses alone', () => {
  const request = Object.assign(begun(), { httpVersionMajor: 2 })
  const paused = vi.spyOn(request, 'pause')
  const others = vi.spyOn(request.socket, 'pause')
  createBodies().read(
    request,
    () => {},
    () => {},
  )
  vi.advanceTimersByTime(250)
  expect([paused.mock.calls.length, others.mock.calls.length]).toEqual([1, 0])
})
