import { createServer } from 'node:http'
import { handler } from './dist/server/entry.mjs'

const answer = (request, response) =>
  handler(request, response, () => {
    response.writeHead(404, { 'content-type': 'text/plain' })
    response.end('Nothing of the server here')
  })

createServer(answer).listen(Number(process.env.PORT), process.env.HOST)
