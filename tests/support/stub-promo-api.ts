import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

/** What the stub does with one request, whose body has been read. */
export type Behaviour = (response: ServerResponse) => void

export type ReceivedCall = {
  method: string
  path: string
  query: URLSearchParams
  headers: IncomingMessage['headers']
  body: string
}

export type StubPromoApi = AsyncDisposable & {
  /** What goes into the script's `--api`. */
  url: string
  received: readonly ReceivedCall[]
  /** Refuses connections from now on; the ones that are open may end. */
  refuse(): void
}

/** A promo as `select-random` answers it. */
export const samplePromo = {
  offer_id: 4,
  offer_name: 'No Code MBA - Learn to Build Without Coding',
  offer_type: 'affiliate',
  variation_id: 42,
  text_content: 'Build your dream startup this weekend. Tools & tricks included.',
  cta_text: 'Build Now →',
  tone: 'exciting',
  length_category: 'short',
  link: 'http://localhost:4321/nocodemba?promo_var=42&utm_source=newsletter',
  strategy: 'weighted',
}

/** Answers with a status and a JSON body; a string is sent as it is, so that it can be broken. */
export const answer =
  (status: number, body?: object | string, headers: Record<string, string> = {}): Behaviour =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close', ...headers })
    response.end(typeof body === 'object' ? JSON.stringify(body) : body)
  }

/** Takes the request and never answers. */
export const hang: Behaviour = () => undefined

/** Sends a header every 100 ms and never comes to an end: no pause is long enough for a socket's timeout. */
export const drip: Behaviour = ({ socket }) => {
  socket?.write('HTTP/1.1 200 OK\r\n')
  const timer = setInterval(() => socket?.write('X-More: yes\r\n'), 100)
  socket?.once('close', () => clearInterval(timer))
}

/** A promo service on a free loopback port, with the given answers. */
export async function startStubPromoApi(
  behaviours: { select?: Behaviour; track?: Behaviour } = {},
): Promise<StubPromoApi> {
  const { select = answer(200, samplePromo), track = answer(204) } = behaviours
  const received: ReceivedCall[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://stub')
    const { method = '', headers } = request
    received.push({
      method,
      path: pathname,
      query: searchParams,
      headers,
      body: Buffer.concat(chunks).toString(),
    })
    const behaviour = new Map([
      ['GET /promo/select-random', select],
      ['POST /promo/track-impression', track],
    ]).get(`${method} ${pathname}`)
    const act = behaviour ?? answer(404, { error: 'not_found', message: 'no such endpoint' })
    act(response)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the stub listens on no port')
  return {
    url: `http://127.0.0.1:${address.port}/promo`,
    received,
    refuse: () => void server.close(),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((done) => server.close(done))
    },
  }
}
