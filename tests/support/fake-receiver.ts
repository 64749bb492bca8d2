import type { IncomingMessage } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { type FakeStrapi, startFakeStrapi } from './fake-strapi.ts'

type Message = { id: string; type: string; version: number; timestamp: string; data: Record<string, unknown> }

export type FakeReceiver = Pick<FakeStrapi, 'url' | 'start' | 'stop'> & {
  /** Messages with a valid signature, each as often as it came. */
  messages: Message[]
  /** Messages with an invalid signature. */
  forged: number
  headers: IncomingMessage['headers'][]
  /** What it does in place of taking messages. */
  instead: FakeStrapi['answer'] | undefined
}

/** A receiver of webhooks that checks signatures as Standard Webhooks prescribes. */
export async function startFakeReceiver(secret: string): Promise<FakeReceiver> {
  const server = await startFakeStrapi(async (request, response) => {
    if (fake.instead) return fake.instead(request, response)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString()
    fake.headers.push(request.headers)
    try {
      const headers = Object.entries(request.headers).map(([name, value]) => [name, `${value}`])
      new Webhook(secret).verify(body, Object.fromEntries(headers))
      fake.messages.push(JSON.parse(body))
      response.writeHead(204).end()
    } catch {
      fake.forged += 1
      response.writeHead(400).end()
    }
  })
  const fake: FakeReceiver = {
    ...{ url: server.url, start: server.start, stop: server.stop },
    ...{ messages: [], forged: 0, headers: [], instead: undefined },
  }
  return fake
}

export const aSecret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
