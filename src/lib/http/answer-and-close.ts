import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Answer } from './answer.ts'

/** Answers a request whose body is rejected, and closes its connection. */
export type AnswerAndClose = (request: IncomingMessage, response: ServerResponse, answer: Answer) => void

const mebibyte = 1024 * 1024
/** Milliseconds for which a refused client may go on sending before its connection is closed. */
const lingerFor = 2_000
/** Bytes per second that are read of all rejected bodies together. */
const readPerSecond = 4 * mebibyte
/** Bytes that are read of one of them. */
const readOfOne = 2 * mebibyte

/**
 * Closing a connection with unread bytes resets it, and the client may lose the answer; so what it still sends is
 * discarded for a while. Reading takes processor time from redirects: beyond `perSecond` bytes of all clients together,
 * the others are not read until their connection is closed. `now` is in milliseconds.
 */
export function createAnswerAndClose({
  linger = lingerFor,
  perSecond = readPerSecond,
  now = () => performance.now(),
} = {}): AnswerAndClose {
  let allowed = perSecond
  let allowedAt = now()

  const mayRead = (bytes: number): boolean => {
    const at = now()
    allowed = Math.min(perSecond, allowed + ((at - allowedAt) / 1_000) * perSecond) - bytes
    allowedAt = at
    return allowed > 0
  }

  return (request, response, { status, headers, body = '' }) => {
    const length = String(Buffer.byteLength(body))
    response.writeHead(status, { ...headers, 'content-length': length, connection: 'close' })
    response.write(body)
    const close = (): void => {
      clearTimeout(timer)
      response.end()
    }
    const timer = setTimeout(close, linger)
    let rest = readOfOne
    request.on('data', (chunk: Buffer) => {
      rest -= chunk.byteLength
      if (rest < 0) close()
      else if (!mayRead(chunk.byteLength)) request.pause()
    })
    request.on('end', close).on('close', close)
  }
}
