import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPublicAddresses } from '../../src/lib/neighbours/addresses.ts'
import { guardedFetch } from '../../src/lib/neighbours/guarded-fetch.ts'
import { openMessageSender } from '../../src/lib/webhooks/send-message.ts'
import { aSecret, startFakeReceiver } from '../support/fake-receiver.ts'
import type { FakeStrapi } from '../support/fake-strapi.ts'

describe('addresses', () => {
  const isPublic = createPublicAddresses()
  test.each([
    ...['127.0.0.1', '127.255.255.254', '10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1'],
    ...[
      '169.254.169.254',
      '100.64.0.1',
      '0.0.0.0',
      '255.255.255.255',
      '224.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
    ],
    ...[
      '::1',
      '::',
      'fe80::1',
      'fd00::1',
      'fc00::1',
      'ff02::1',
      '::ffff:127.0.0.1',
      '::ffff:8.8.8.8',
      '::7f00:1',
    ],
    ...['64:ff9b::a00:1', '2002:7f00:1::', '2001:0:1::1', '2001:db8::1', 'fec0::1'],
    ...['', 'localhost', '1', '0x7f.1', '127.1'],
  ])('%s are not public', (address) => expect(isPublic(address)).toBe(false))
  test.each(['8.8.8.8', '172.32.0.1', '11.0.0.1', '2606:4700:4700::1111', '2a00:1450:4001::1'])(
    '%s are',
    (address) => expect(isPublic(address)).toBe(true),
  )
})

/** A sender, and what is known of a receiver on this machine. */
async function begin(addresses: 'public' | 'any', given: { patience?: number; url?: string } = {}) {
  const receiver = await startFakeReceiver(aSecret)
  const sender = openMessageSender({
    ...{ addresses, now: Date.now, elapsed: () => performance.now(), patience: given.patience ?? 5_000 },
  })
  onTestFinished(() => sender.stop())
  const webhook = { id: 1, url: given.url ?? `${receiver.url}/promo?a=b`, secret: aSecret }
  const message = { id: 'one', type: 'webhook.test', data: { text: 'höher' } }
  return { receiver, sender, webhook, send: () => sender.send(webhook, message) }
}

describe('a message', () => {
  test('is posted with an id, a time and a valid signature', async () => {
    const { receiver, send } = await begin('any')
    expect(await send()).toEqual({ ok: true, value: 204 })
    expect(receiver).toMatchObject({ forged: 0, messages: [{ id: 'one', data: { text: 'höher' } }] })
    expect(receiver.headers[0]).toMatchObject({
      'content-type': 'application/json',
      'webhook-id': 'one',
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,/),
    })
  })

  test('goes to no private address, whatever its name or form', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::1]', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]']) {
      const { receiver } = await begin('public')
      const { send } = await begin('public', { url: receiver.url.replace('127.0.0.1', host) })
      expect(await send(), host).toMatchObject({
        fault: { code: 'unreachable', message: expect.stringContaining('is not a public address') },
      })
      expect(receiver.headers).toEqual([])
    }
  })

  test('goes to the public addresses of a name, and to no other', async () => {
    const asked: string[] = []
    const { receiver } = await begin('any')
    const fetch = guardedFetch((address) => {
      asked.push(address)
      return address === '127.0.0.1'
    })
    const init = {
      method: 'POST',
      headers: {},
      body: '{}',
      redirect: 'manual',
      signal: new AbortController().signal,
    } as const
    const answer = await fetch(receiver.url.replace('127.0.0.1', 'localhost'), init)
    expect(answer.status).toBe(400)
    expect(asked).toContain('127.0.0.1')
    await expect(fetch('https://localhost:1/', init)).rejects.toThrow('ECONNREFUSED')
    await expect(fetch('https://127.0.0.2:1/', init)).rejects.toThrow('127.0.0.2 is not a public address')
    await expect(fetch('http://no-such-host.invalid/', init)).rejects.toThrow('no-such-host')
  })

  const tenMegabytes = Buffer.alloc(10 * 1024 * 1024, 'x')
  test.for<[string, FakeStrapi['answer'], string, string]>([
    ['no answer', () => {}, 'unreachable', 'no complete answer within 2 s'],
    [
      'an answer in drips',
      (_, r) => void r.writeHead(500).write('x'),
      'unreachable',
      'no complete answer within 2 s',
    ],
    ['a circle', (q, r) => r.writeHead(302, { location: `${q.url}` }).end(), 'unsuitable', 'status 302'],
    ['10 MB of an error', (_, r) => r.writeHead(500).end(tenMegabytes), 'failing', 'status 500'],
    ['a pause', (_, r) => r.writeHead(429, { 'retry-after': '60' }).end(), 'busy', 'status 429'],
    [
      'half an answer',
      (_, r) => r.writeHead(500, { 'content-length': '9' }).write('x', () => r.destroy()),
      'unreachable',
      '',
    ],
    [
      'an echo of the secret',
      (_, r) => r.writeHead(500).end(JSON.stringify({ message: `no ${aSecret}` })),
      'failing',
      'no …',
    ],
  ])('that gets %s is not accepted', async ([, answer, code, message]) => {
    const { receiver, send } = await begin('any', { patience: 2_000 })
    receiver.instead = answer
    const sent = await send()
    expect(sent).toMatchObject({ fault: { code, message: expect.stringContaining(message) } })
    expect(JSON.stringify(sent)).not.toContain(aSecret)
  })

  test('is accepted with any successful status, however long the answer is', async () => {
    const { receiver, send } = await begin('any')
    receiver.instead = (_, response) =>
      response.writeHead(202, { 'set-cookie': ['a', 'b'] }).end(tenMegabytes)
    expect(await send()).toEqual({ ok: true, value: 202 })
  })

  test('is ended by a stop, and fails if nobody listens', async () => {
    const { receiver, sender, send } = await begin('any')
    receiver.instead = () => sender.stop()
    expect(await send()).toMatchObject({ fault: { code: 'unreachable' } })
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const nobody = await begin('any', { url: `http://127.0.0.1:${port}` })
    expect(await nobody.send()).toMatchObject({ fault: { message: expect.stringContaining('ECONNREFUSED') } })
  })
})
