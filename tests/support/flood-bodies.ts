/** A hostile caller, as a process of its own: large forms one after another, and bodies that never end. */
import { connect } from 'node:net'

const [url = '', large = '4', unfinished = '200', pause = '0'] = process.argv.slice(2)
const { hostname, port } = new URL(url)
const head = (line: string) =>
  `POST /sign-in HTTP/1.1\r\nHost: ${hostname}:${port}\r\nOrigin: ${url}\r\n` +
  `Content-Type: application/x-www-form-urlencoded\r\n${line}\r\n\r\n`
const form = Buffer.from('a&'.repeat(500_000))

function sendLarge(): void {
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.resume()
  socket.on('close', () => setTimeout(sendLarge, Number(pause)))
  socket.end(Buffer.concat([Buffer.from(head(`Content-Length: ${form.byteLength}`)), form]))
}

function leaveUnfinished(): void {
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  socket.resume()
  socket.write(`${head('Transfer-Encoding: chunked')}1000\r\n${'a'.repeat(4096)}\r\n`)
  const drip = setInterval(() => socket.write('1\r\na\r\n'), 200)
  socket.on('close', () => {
    clearInterval(drip)
    setTimeout(leaveUnfinished, 10)
  })
}

for (let count = 0; count < Number(large); count += 1) sendLarge()
for (let count = 0; count < Number(unfinished); count += 1) leaveUnfinished()
console.log('flooding')
