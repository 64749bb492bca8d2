/** The site without its short way: every request goes through Astro to `[slug].ts`. */
import { createServer } from 'node:http'
import { createLog } from '../../src/lib/base/log.ts'
import { openPromoTracking } from '../../src/lib/index.ts'
import { loadConfig } from '../../src/server/load-config.ts'
import { loadAstroHandler } from '../../src/server/own-pages.ts'

const config = loadConfig()
const opened = await openPromoTracking({ config, log: createLog('silent') })
if (!opened.ok) throw new Error(opened.fault.message)
const app = opened.value
const handler = await loadAstroHandler()
const server = createServer((request, response) => {
  const header = (name: string) => {
    const value = request.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  }
  const client = app.caller(request.socket.remoteAddress ?? '', header)
  void handler(request, response, () => response.writeHead(404).end(), { app, client, root: '' })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address)
    console.log(`"url":"http://127.0.0.1:${address.port}" "listening"`)
})
process.on('SIGTERM', () => {
  server.closeAllConnections()
  server.close()
  void app.close().then(() => process.exit(0))
})
