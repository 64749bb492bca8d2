import type { IncomingMessage } from 'node:http'
import { type Answer, type ApiFault, faultAnswer } from './answer.ts'
import { bodyTooLarge, longestBody, tooLarge } from './read.ts'

/** A request whose body, if it has one, has arrived: Astro's adapter reads it from here and not from the socket. */
export type WholeRequest = IncomingMessage & {
  body?: Buffer
  /** Tells a client that waits for it to send its body (`Expect: 100-continue`). */
  goOn?: () => void
}

export type Bodies = {
  /** Calls `whole` once the body is there, or `refused` with why it is not accepted; neither if the client has gone. */
  read(request: WholeRequest, whole: () => void, refused: (fault: ApiFault) => void): void
  /** The same for a body that is discarded: it may be longer. */
  drop(request: WholeRequest, whole: () => void, refused: (fault: ApiFault) => void): void
}

/** Milliseconds that a body may take. */
export const longestWait = 10_000
/** Milliseconds for which a body is read as it comes. */
const readAtOnce = 250
/** How many bodies may be arriving at a time, each with up to 16 KiB. */
const mostBodies = 4_000
/** Bytes that are set aside for a body before any of it is there. */
const firstRoom = 1024
/** Bytes of a discarded body: what a content management system sends about an entry may be long. */
export const longestDropped = 1024 * 1024

export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/** The declared length in bytes; a body that declares none counts as the longest. */
const declaredLength = ({ headers }: Pick<IncomingMessage, 'headers'>): number =>
  Number(headers['content-length'] ?? longestBody)

/**
 * Reads bodies before anything else sees their requests, so that no form parser and no route gets one that is larger
 * than 16 KiB or never ends. If too many are arriving, the oldest is cut off: a normal body arrives within
 * milliseconds.
 *
 * Reading thousands that drip would take the processor from redirects. So a slow one is looked at only when it has
 * taken twice as long as at the look before, which at worst doubles the time of an honest one.
 */
export function createBodies({ wait = longestWait, atOnce = readAtOnce, most = mostBodies } = {}): Bodies {
  /** Functions that cut off an arriving body, oldest first. */
  const underWay = new Set<() => void>()

  const receive = (
    request: WholeRequest,
    whole: () => void,
    refused: (fault: ApiFault) => void,
    { longest, room, fault }: { longest: number; room: number; fault: ApiFault },
  ): void => {
    // Requests of HTTP/2 share their socket.
    const source = request.httpVersionMajor === 1 ? request.socket : request
    let kept = Buffer.allocUnsafe(Math.min(room, firstRoom))
    let size = 0
    let elapsed = Math.min(atOnce, wait)

    const take = (chunk: Buffer): void => {
      const from = size
      size += chunk.byteLength
      if (size > longest) end(() => refused(fault))
      else if (room > 0) {
        if (size > kept.byteLength) kept = Buffer.concat([kept], Math.min(room, 2 * size))
        chunk.copy(kept, from)
      }
    }
    const finish = (): void => {
      request.body = kept.subarray(0, size)
      end(whole)
    }
    const gone = (): void => end(() => {})
    const cut = (): void => end(() => refused(bodyTooSlow(wait)))
    const rest = (): void => {
      source.pause()
      const next = Math.min(2 * elapsed, wait)
      timer = setTimeout(look, next - elapsed)
      elapsed = next
    }
    const look = (): void => {
      source.resume()
      // What has arrived by now is read before this comes to its turn.
      looking = setImmediate(elapsed < wait ? rest : cut)
    }
    let timer = setTimeout(elapsed < wait ? rest : cut, elapsed)
    let looking: NodeJS.Immediate | undefined
    const end = (then: () => void): void => {
      clearTimeout(timer)
      clearImmediate(looking)
      underWay.delete(cut)
      request.off('data', take).off('end', finish).off('close', gone)
      source.resume()
      then()
    }

    const [oldest] = underWay
    if (oldest && underWay.size >= most) oldest()
    underWay.add(cut)
    request.goOn?.()
    request.on('data', take).on('end', finish).on('close', gone)
  }

  return {
    read(request, whole, refused) {
      const declared = declaredLength(request)
      if (declared > longestBody) return refused(bodyTooLarge)
      receive(request, whole, refused, { longest: declared, room: declared, fault: bodyTooLarge })
    },
    drop(request, whole, refused) {
      const limit = { longest: longestDropped, room: 0, fault: tooLarge(longestDropped) }
      if (declaredLength(request) > longestDropped) refused(limit.fault)
      else receive(request, whole, refused, limit)
    },
  }
}

export const bodyTooSlow = (wait: number): ApiFault => ({
  error: 'body_too_slow',
  details: { body: `did not arrive within ${wait / 1000} s; send it without pausing` },
})

/** The answer to a body that is not accepted: an API error for endpoints, else plain text. */
export function refusedBody(fault: ApiFault, path: string): Answer {
  const answer = faultAnswer(fault)
  if (path.includes('/api/v1/promo/')) return answer
  const headers = { ...answer.headers, 'content-type': 'text/plain; charset=utf-8' }
  return { ...answer, headers, body: `The body ${fault.details?.body}.` }
}
