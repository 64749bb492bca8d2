import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect, type Socket } from 'node:net'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createAnswerAndClose } from '../../src/lib/http/answer-and-close.ts'
import { createBodies, hasBody, refusedBody, type WholeRequest } from '../../src/lib/http/bodies.ts'
import { readForm } from '../../src/lib/http/read-form.ts'
import { listenForTest } from '../support/listen.ts'

/** A server that says how many bytes have arrived, and what they were. */
async function serve(options?: { wait?: number; most?: number; linger?: number; perSecond?: number }) {
  const bodies = createBodies(options)
  const answerAndClose = createAnswerAndClose(options?.perSecond ? { ...options, now: () => 0 } : {})
  const seen: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((request: WholeRequest, response) => {
    sockets.add(request.socket)
    bodies[request.url === '/dropped' ? 'drop' : 'read'](
      request,
      () => {
        seen.push(request.body?.toString('latin1') ?? 'none')
        response.end('whole')
      },
      (fault) => answerAndClose(request, response, refusedBody(fault, request.url ?? '')),
    )
  })
  const port = await listenForTest(server)
  return {
    seen,
    read: () => [...sockets].reduce((sum, { bytesRead }) => sum + bytesRead, 0),
    async open(text: string | Buffer = '') {
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      socket.write(text)
      return socket
    },
  }
}

/** All that a server says until it closes the connection; rejects where it resets it. */
async function heard(socket: Socket): Promise<string> {
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk) => {
    text += chunk
  })
  const [hadError] = await once(socket, 'close')
  expect(hadError).toBe(false)
  return text
}

const head = (...lines: string[]) => `POST /form HTTP/1.1\r\nHost: a\r\n${lines.join('\r\n')}\r\n\r\n`
const chunked = 'Transfer-Encoding: chunked'
const chunk = (text: string) => `${text.length.toString(16)}\r\n${text}\r\n`
const most = 16 * 1024

test.each([
  ['declared', (body: string) => `${head(`Content-Length: ${body.length}`, 'Connection: close')}${body}`],
  ['in chunks', (body: string) => `${head(chunked, 'Connection: close')}${chunk(body)}0\r\n\r\n`],
])('a body of 16 KiB arrives as it was sent, and one byte more is refused: %s', async (_, write) => {
  const { open, seen } = await serve()
  for (const length of [1, most - 1, most]) {
    expect(await heard(await open(write('a'.repeat(length))))).toMatch(/^HTTP\/1\.1 200/)
  }
  expect(seen.map((body) => body.length)).toEqual([1, most - 1, most])
  const refused = await heard(await open(write('a'.repeat(most + 1))))
  expect(refused).toMatch(
    /^HTTP\/1\.1 413 [\s\S]*\r\nconnection: close\r\n[\s\S]*The body is larger than 16384 bytes/i,
  )
  expect(seen).toHaveLength(3)
})

test('a body that nobody reads may be longer, and nothing of it is kept', async () => {
  const { open, seen } = await serve()
  const dropped = (text: string) => text.replace('/form', '/dropped')
  const longest = 1024 * 1024
  const declared = (length: number) =>
    dropped(`${head(`Content-Length: ${length}`, 'Connection: close')}${'a'.repeat(length)}`)
  expect(await heard(await open(declared(longest)))).toMatch(/^HTTP\/1\.1 200/)
  expect(seen).toEqual([''])
  const body = chunk('a'.repeat(most)).repeat(64)
  expect(await heard(await open(dropped(`${head(chunked, 'Connection: close')}${body}0\r\n\r\n`)))).toMatch(
    / 200 /,
  )
  expect(await heard(await open(dropped(`${head(chunked)}${body}${chunk('a')}0\r\n\r\n`)))).toMatch(/ 413 /)
  expect(await heard(await open(declared(longest + 1)))).toMatch(/ 413 [\s\S]*larger than 1048576 bytes/)
  expect(seen).toEqual(['', ''])
})

test('the parts in which a body arrives change nothing', async () => {
  const { open, seen } = await serve()
  const parts = fc.array(fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 300 }), { maxLength: 20 })
  await fc.assert(
    fc.asyncProperty(parts, async (texts) => {
      seen.length = 0
      const socket = await open(head(chunked, 'Connection: close'))
      for (const text of texts) socket.write(chunk(text), 'latin1')
      socket.write('0\r\n\r\n')
      await heard(socket)
      expect(seen).toEqual([texts.join('')])
    }),
    { numRuns: 50 },
  )
})

test('a client that sends a megabyte before it reads gets its whole answer', async () => {
  const { open, seen } = await serve()
  const megabyte = Buffer.alloc(1_000_000, 97)
  for (const line of ['Content-Length: 1000000', chunked]) {
    const socket = await open(head(line))
    if (line === chunked) socket.write(`${megabyte.byteLength.toString(16)}\r\n`)
    await new Promise((sent) => socket.write(megabyte, sent))
    if (line === chunked) socket.write('\r\n0\r\n\r\n')
    expect(await heard(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*larger than 16384 bytes; send less\.$/)
  }
  expect(seen).toEqual([])
})

test('a client that does not stop sending is cut off', async () => {
  const { open } = await serve()
  const socket = await open(head(chunked))
  socket.on('error', () => {})
  let sent = 0
  const piece = chunk('a'.repeat(65_536))
  while (!socket.destroyed && sent < 50_000_000) {
    sent += piece.length
    await new Promise((taken) => socket.write(piece, taken))
  }
  expect(sent).toBeLessThan(20_000_000)
})

test('a body that does not end is given up, and its client gets an answer', async () => {
  const { open, seen } = await serve({ wait: 50 })
  const told = await heard(await open(`${head('Content-Length: 10')}abc`))
  expect(told).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\nconnection: close\r\n[\s\S]*did not arrive within 0.05 s/i)
  expect(seen).toEqual([])
})

test('with too many bodies under way, the one that has waited longest is given up', async () => {
  const { open, seen } = await serve({ most: 2, wait: 20_000 })
  const [oldest, second] = [await open(`${head(chunked)}${chunk('a')}`), await open(head(chunked))]
  // A server takes in connections one after another, so the first answer shows that the others wait.
  const third = await open(head(chunked))
  expect(await heard(oldest)).toMatch(/^HTTP\/1\.1 408/)
  for (const socket of [second, third]) socket.write(`${chunk('b')}0\r\n\r\n`)
  await Promise.all([once(second, 'data'), once(third, 'data')])
  expect(seen).toEqual(['b', 'b'])
  // What has arrived, or whose client has gone, waits no more.
  const gone = await open(head(chunked))
  gone.destroy()
  for (const _ of [1, 2, 3]) {
    expect(await heard(await open(`${head(chunked, 'Connection: close')}0\r\n\r\n`))).toMatch(
      /^HTTP\/1\.1 200/,
    )
  }
})

test('a request without a body is recognised by its headers', () => {
  expect(hasBody({ headers: {} })).toBe(false)
  expect(hasBody({ headers: { 'content-length': '0' } })).toBe(false)
  expect(hasBody({ headers: { 'content-length': '1' } })).toBe(true)
  expect(hasBody({ headers: { 'transfer-encoding': 'chunked' } })).toBe(true)
})

test('callers of the API get an error of the API, whatever comes before its path', () => {
  const fault = { error: 'body_too_large', details: { body: 'is too long' } } as const
  for (const path of ['/api/v1/promo/track-click', '/news/api/v1/promo/nothing']) {
    const { status, body } = refusedBody(fault, path)
    expect([status, JSON.parse(`${body}`)]).toEqual([413, fault])
  }
  expect(refusedBody(fault, '/sign-in')).toMatchObject({
    status: 413,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' },
    body: 'The body is too long.',
  })
})

test('a form is read as browsers send it, and nothing else is', async () => {
  const read = async (type: string | undefined, body: string) => {
    const headers = new Headers(type === undefined ? {} : { 'content-type': type })
    const form = await readForm(
      new Request('http://a/', { method: 'POST', headers, body: Buffer.from(body) }),
    )
    return Object.fromEntries(form)
  }
  const type = 'application/x-www-form-urlencoded'
  expect(await read(type, 'name=%C3%A5+b&next=')).toEqual({ name: 'å b', next: '' })
  expect(await read(`${type.toUpperCase()}; charset=UTF-8`, 'a=1')).toEqual({ a: '1' })
  const parts = '--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x--'
  expect(await read('multipart/form-data; boundary=x', parts)).toEqual({})
  expect(await read(undefined, 'a=1')).toEqual({})
})

test('unwanted bodies are read up to a limit, whoever sends them', async () => {
  const perSecond = 300_000
  const { open, read } = await serve({ perSecond, linger: 300 })
  const sent = 1_000_000
  const senders = await Promise.all(
    [1, 2, 3].map(() => open(head(`Content-Length: ${sent}`) + 'a'.repeat(sent))),
  )
  const told = senders.map((socket) => {
    let text = ''
    socket
      .on('error', () => {})
      .on('data', (chunk) => {
        text += chunk
      })
    return once(socket, 'close').then(() => text)
  })
  for (const text of await Promise.all(told)) expect(text).toMatch(/^(HTTP\/1\.1 413 |$)/)
  expect(read()).toBeGreaterThan(perSecond / 2)
  // Node has read some more of each connection by the time that it pauses.
  expect(read()).toBeLessThan(perSecond + 3 * 2 * 64 * 1024 + 3 * 16 * 1024)
})
