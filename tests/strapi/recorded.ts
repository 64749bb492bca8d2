import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import * as v from 'valibot'
import { type State, type StrapiUnderTest, states, token, webhookSecret } from './cases.ts'

/** What Strapi answered in a state, by path, and what its webhooks said on the way to it. */
const recordingSchema = v.object({
  answers: v.record(v.string(), v.object({ status: v.number(), body: v.string() })),
  webhooks: v.array(v.object({ event: v.string(), body: v.string() })),
})
export type Recording = v.InferOutput<typeof recordingSchema>

export const fileOf = (state: State): string => join(import.meta.dirname, 'recorded', `${state}.json`)

export const writeRecording = (state: State, recording: Recording): void =>
  writeFileSync(fileOf(state), `${JSON.stringify(recording, undefined, 1)}\n`)

/** Sends a webhook as Strapi does. */
export async function sendWebhook(url: string, event: string, body: string): Promise<void> {
  await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-strapi-event': event,
      authorization: `Bearer ${webhookSecret}`,
    },
    body,
  })
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A server on a free port; nothing is answered where the token is not the right one. */
export async function listen(handle: Handler) {
  const server = createServer((request, response) => {
    if (request.headers.authorization === `Bearer ${token}`) handle(request, response)
    else response.writeHead(401, { 'content-type': 'application/json' }).end('{"data":null}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Answers what a real Strapi has answered, state by state. */
export async function openRecorded(webhook: () => string): Promise<StrapiUnderTest> {
  const recordings = new Map(
    states.map((state) => [state, v.parse(recordingSchema, JSON.parse(readFileSync(fileOf(state), 'utf8')))]),
  )
  let current: Recording = { answers: {}, webhooks: [] }
  let stopped = false
  const server = await listen((request, response) => {
    if (stopped) {
      request.socket.destroy()
      return
    }
    const path = decodeURIComponent(request.url ?? '')
    // Which slugs are looked up by themselves is a matter of time; what is not there looks the same for all.
    const { status, body } = current.answers[path] ?? { status: 200, body: nothing }
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' }).end(body)
  })
  return {
    url: server.url,
    async reach(state) {
      stopped = state === 'stopped'
      current = recordings.get(state) ?? current
      for (const { event, body } of current.webhooks) await sendWebhook(webhook(), event, body)
    },
    close: server.close,
  }
}

const nothing = '{"data":[],"meta":{"pagination":{"page":1,"pageSize":10,"pageCount":0,"total":0}}}'
