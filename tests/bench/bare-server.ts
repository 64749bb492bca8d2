/** What any Node server costs at the least: a constant 307 by node:http. */
import { createServer } from 'node:http'

const server = createServer((_, response) => {
  response.writeHead(307, { location: 'https://merchant.example/course', 'content-length': '0' })
  response.end()
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address)
    console.log(`"url":"http://127.0.0.1:${address.port}" "listening"`)
})
