/**
 * Strapi, Matomo, Mautic and a receiver of webhooks in one server and a process of its own, which fails on
 * request. Its parent sends a way of failing; each message back has the requests and the accepted messages since
 * the start.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { type BadWay, badAnswers } from '../support/bad-neighbours.ts'
import { collection, sendJson } from '../support/fake-strapi.ts'

export type Way = BadWay | 'gone' | 'well'

export type Told = {
  port: number
  /** Requests by who was asked: `strapi`, `matomo`, `mautic`, `webhook`. */
  asked: Record<string, number>
  /**
   * Messages to webhooks that got an answer of success, and clicks that Matomo has tracked, each as often as it
   * came.
   */
  messages: string[]
  clicks: number[]
}

const link = {
  ...{ id: 1, documentId: 'a', slug: 'nocodemba', active: true },
  destination_url: 'https://merchant.example/course?ref=daily',
}
const strapi = collection(() => [link])
const told: Told = { port: 0, asked: {}, messages: [], clicks: [] }
let way: Way = 'well'

const kinds = { '/api/emails': 'mautic', '/api/': 'strapi', '/matomo': 'matomo' }
const kindOf = (path: string): string =>
  Object.entries(kinds).find(([start]) => path.startsWith(start))?.[1] ?? 'webhook'

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = '', headers } = request
  const kind = kindOf(url)
  told.asked[kind] = (told.asked[kind] ?? 0) + 1
  const id = headers['webhook-id']
  if (typeof id === 'string' && (way === 'well' || way === 'garbage' || way === '10 MB'))
    told.messages.push(id)
  if (way !== 'well' && way !== 'gone') return badAnswers[way](request, response)
  if (kind === 'strapi' && url.startsWith('/api/affiliate-links')) return strapi(request, response)
  if (kind === 'strapi') return sendJson(response, 200, { data: [], meta: { pagination: { total: 0 } } })
  if (kind === 'mautic') return sendJson(response, 200, { total: 0, emails: [] })
  if (kind === 'webhook') return void response.writeHead(204).end()
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  const { requests }: { requests: string[] } = JSON.parse(Buffer.concat(chunks).toString())
  told.clicks.push(...requests.map((query) => Number(new URLSearchParams(query).get('cdt'))))
  sendJson(response, 200, { status: 'success', tracked: requests.length, invalid: 0 })
}

const server = createServer((request, response) => void answer(request, response).catch(() => {}))
const listen = () => once(server.listen(told.port, '127.0.0.1'), 'listening')
await listen()
const address = server.address()
if (typeof address === 'object' && address) told.port = address.port

process.on('message', async (next: Way) => {
  const [was, is] = [way, next]
  way = next
  // What hangs is not to hang on.
  if (was !== is) server.closeAllConnections()
  if (is === 'gone' && was !== 'gone') await new Promise((resolve) => server.close(resolve))
  if (is !== 'gone' && was === 'gone') await listen()
  process.send?.(told)
})
process.send?.(told)
