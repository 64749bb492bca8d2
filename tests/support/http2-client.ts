import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'

export type Http2Request = {
  headers: Record<string, string>
  body?: Buffer | string
  /** Milliseconds after which the client gives up, with its body unfinished. */
  giveUpAfter?: number
}

/** One reader's connection, opened again if the server has closed it. */
export type Http2Client = {
  /** Answers the status, or what went wrong. */
  ask(request: Http2Request): Promise<number | string>
  close(): void
}

const answerDeadline = 10_000

/** Speaks HTTP/2 over TLS from an address of this machine, whatever certificate there is. */
export function openHttp2(url: string, localAddress = '127.0.0.1'): Http2Client {
  let session: ClientHttp2Session | undefined
  const opened = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session
    const { hostname, port } = new URL(url)
    // The certificate is one that the test has just made.
    const options = { host: '127.0.0.1', port: Number(port), servername: hostname, rejectUnauthorized: false }
    const protocols = { ALPNProtocols: ['h2'], localAddress }
    session = connect(url, { createConnection: () => connectTls({ ...options, ...protocols }) })
    session.on('error', () => {})
    return session
  }

  const send = ({ headers, body, giveUpAfter }: Http2Request): Promise<number | string> =>
    new Promise((resolve) => {
      const stream = opened().request(headers, { endStream: body === undefined })
      let outcome: number | string = 'no answer'
      stream.on('response', ({ ':status': status }) => {
        outcome = status ?? outcome
        // A stream whose answer came before all of its body was sent may stay open.
        if (body !== undefined) resolve(outcome)
      })
      stream.on('error', ({ message }) => {
        if (outcome === 'no answer') outcome = message
      })
      stream.on('close', () => resolve(outcome)).resume()
      if (body === undefined) return
      if (giveUpAfter === undefined) stream.end(body)
      else {
        stream.write(body)
        setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), giveUpAfter)
      }
    })

  return {
    ask: (request) => Promise.race([send(request), sleep(answerDeadline, 'no answer in time')]),
    close: () => session?.destroy(),
  }
}
