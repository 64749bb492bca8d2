import { createConnection } from 'node:net'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'

/** One whole answer: the n-th request's, counted from 0. */
export type LoadAnswer = {
  n: number
  status: number
  /** Its header lines, in small letters. */
  head: string
  body: string
  microseconds: number
}

export type LoadOptions = {
  /** The server's origin; the path is in the requests. */
  url: string
  /** Each sends its next request when it has the whole answer to the one before. */
  connections: number
  /** The whole n-th request, with its header lines. */
  request: (n: number) => string | Buffer
  onAnswer?: (answer: LoadAnswer) => void
  /** The run ends after so many seconds or requests, or when `signal` aborts, whatever comes first. */
  seconds?: number
  requests?: number
  signal?: AbortSignal
  /** Milliseconds between an answer and the next request of its connection. */
  pause?: number
}

/** `failures` are requests without a whole answer, and refused connections; times are in microseconds. */
export type LoadResult = {
  answered: number
  failures: number
  statuses: Record<number, number>
  perSecond: number
  p50: number
  p99: number
  max: number
}

/** Longer than any answer may take, in milliseconds. */
const answerDeadline = 20_000
const reconnectAfter = 20

/**
 * Keeps a server busy over kept-alive connections. A connection that breaks is opened again, also while the server
 * is away, so a run outlives the server that it loads. Requests under way at the end are waited for.
 */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const { url, connections, request, onAnswer, seconds = Number.POSITIVE_INFINITY, pause = 0 } = options
  const { requests = Number.POSITIVE_INFINITY, signal } = options
  const latencies = createHistogram()
  const statuses: Record<number, number> = {}
  const started = performance.now()
  let sent = 0
  let failures = 0
  const over = () => signal?.aborted || sent >= requests || performance.now() - started >= seconds * 1000

  const useConnection = async (connection: Connection): Promise<void> => {
    while (!over()) {
      const n = sent
      sent += 1
      const asked = performance.now()
      const answer = await connection.ask(request(n))
      if (!answer) {
        failures += 1
        return
      }
      const microseconds = Math.max(1, Math.round((performance.now() - asked) * 1000))
      latencies.record(microseconds)
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      const { status, head, body } = answer
      onAnswer?.({ n, status, head, body, microseconds })
      if (answer.last) return
      if (pause > 0) await sleep(pause)
    }
  }

  const keepBusy = async (): Promise<void> => {
    while (!over()) {
      const connection = await connect(url)
      if (connection) await useConnection(connection).finally(connection.close)
      else failures += 1
      if (!connection && !over()) await sleep(reconnectAfter)
    }
  }

  await Promise.all(Array.from({ length: connections }, keepBusy))
  return {
    answered: latencies.count,
    failures,
    statuses,
    perSecond: latencies.count / ((performance.now() - started) / 1000),
    p50: latencies.percentile(50),
    p99: latencies.percentile(99),
    max: latencies.max,
  }
}

type Answer = { status: number; head: string; body: string; last: boolean }

type Connection = { ask: (request: string | Buffer) => Promise<Answer | undefined>; close: () => void }

/** `undefined` where the server takes no connection. */
function connect(url: string): Promise<Connection | undefined> {
  const { hostname, port } = new URL(url)
  const socket = createConnection({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port),
    noDelay: true,
  })
  let received = ''
  let settle: (answer: Answer | undefined) => void = () => {}
  socket.setEncoding('latin1')
  socket.setTimeout(answerDeadline, () => socket.destroy())
  socket.on('data', (chunk) => {
    received += String(chunk)
    const answer = wholeAnswer(received)
    if (!answer) return
    received = ''
    settle(answer)
  })
  socket.on('error', () => {})
  socket.on('close', () => settle(undefined))
  return new Promise((resolve) => {
    const connection: Connection = {
      ask: (request) =>
        new Promise((answered) => {
          settle = answered
          if (socket.destroyed) answered(undefined)
          else socket.write(request)
        }),
      close: () => socket.destroy(),
    }
    socket.once('connect', () => resolve(connection))
    socket.once('close', () => resolve(undefined))
  })
}

/** The answer, once all of it is there. One character is one byte. */
function wholeAnswer(text: string): Answer | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = text.slice(0, headEnd).toLowerCase()
  const rest = text.slice(headEnd + 4)
  const status = Number(head.slice(9, 12))
  const body = status === 204 || status === 304 ? '' : wholeBody(head, rest)
  return body === undefined ? undefined : { status, head, body, last: head.includes('\r\nconnection: close') }
}

function wholeBody(head: string, rest: string): string | undefined {
  const length = /\r\ncontent-length: *(\d+)/.exec(head)?.[1]
  if (length !== undefined) return rest.length >= Number(length) ? rest : undefined
  if (!head.includes('\r\ntransfer-encoding: chunked')) return rest
  let body = ''
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at)
    const size = Number.parseInt(rest.slice(at, lineEnd), 16)
    const end = lineEnd + 2 + size + 2
    if (lineEnd === -1 || rest.length < end) return undefined
    if (size === 0) return body
    body += rest.slice(lineEnd + 2, end - 2)
    at = end
  }
}
