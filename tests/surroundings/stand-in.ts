import { createServer } from 'node:http'

/** In place of the site, since it cannot be asked to break: what a proxy does with its connections and requests. */
export type StandIn = {
  url: string
  /** How often each path was asked with POST. */
  posts: Record<string, number>
  /** Connections that are open, but for those of health checks. */
  readonly open: number
  /** Connections that this side has ended for being idle. */
  readonly endedBySite: number
  close(): Promise<void>
}

/** Keeps connections as long as the site does; `/breaks` reads the request and breaks its connection. */
export async function openStandIn(): Promise<StandIn> {
  const used = new Set<object>()
  const posts: Record<string, number> = {}
  let endedBySite = 0
  const server = createServer((request, response) => {
    const { method, socket, url = '' } = request
    if (url.endsWith('/health/live')) return void response.setHeader('connection', 'close').end()
    used.add(socket)
    if (method === 'POST') posts[url] = (posts[url] ?? 0) + 1
    request.resume().on('end', () => {
      if (url === '/breaks') socket.destroy()
      else response.end('fine')
    })
  })
  server.keepAliveTimeout = 65_000
  server.on('connection', (socket) => {
    let endedByPeer = false
    socket.on('end', () => {
      endedByPeer = true
    })
    socket.on('timeout', () => {
      if (!endedByPeer) endedBySite += 1
    })
    socket.on('close', () => used.delete(socket))
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    posts,
    get open() {
      return used.size
    },
    get endedBySite() {
      return endedBySite
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
