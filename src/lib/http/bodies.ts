import type { IncomingMessage } from 'node:http'
import { type Answer, type ApiFault, faultAnswer } from './answer.ts'
import { bodyTooLarge, longestBody, tooLarge } from './read.ts'

/** A request whose body, if it has one, has arrived: Astro's adapter reads it from here and not from the socket. */
export type WholeRequest = IncomingMessage & { body?: Buffer }

export type Bodies = {
  /** Calls `whole` once the body is there, or `refused` with why it is not accepted; neither if the client has gone. */
  read(request: WholeRequest, whole: () => void, refused: (fault: ApiFault) => void): void
  /** The same for a body that is discarded: it may be longer. */
  drop(request: WholeRequest, whole: () => void, refused: (fault: ApiFault) => void): void
}

/** Milliseconds that a body may take. */
export const longestWait = 10_000
/** How many bodies may be arriving at a time, each with up to 16 KiB. */
const mostBodies = 1_000
/** Bytes of a discarded body: what a content management system sends about an entry may be long. */
export const longestDropped = 1024 * 1024

export const hasBody = ({ headers }: Pick<IncomingMessage, 'headers'>): boolean =>
  headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0'

/** The declared length in bytes; a body that declares none counts as the longest. */
export const declaredLength = ({ headers }: Pick<IncomingMessage, 'headers'>): number =>
  Number(headers['content-length'] ?? longestBody)

/**
 * Reads bodies before anything else sees their requests, so that no form parser and no route gets one that is larger
 * than 16 KiB or never ends. If too many are arriving, the oldest is cut off: a normal body arrives within
 * milliseconds.
 */
export function createBodies({ wait = longestWait, most = mostBodies } = {}): Bodies {
  /** Functions that cut off an arriving body, oldest first. */
  const underWay = new Set<() => void>()

  const receive = (
    request: WholeRequest,
    whole: () => void,
    refused: (fault: ApiFault) => void,
    { longest, kept, fault }: { longest: number; kept: Buffer; fault: ApiFault },
  ): void => {
    let size = 0

    const take = (chunk: Buffer): void => {
      if (size + chunk.byteLength > longest) end(() => refused(fault))
      else {
        chunk.copy(kept, size)
        size += chunk.byteLength
      }
    }
    const finish = (): void => {
      request.body = kept.subarray(0, size)
      end(whole)
    }
    const gone = (): void => end(() => {})
    const cut = (): void => end(() => refused(bodyTooSlow(wait)))
    const timer = setTimeout(cut, wait)
    const end = (then: () => void): void => {
      clearTimeout(timer)
      underWay.delete(cut)
      request.off('data', take).off('end', finish).off('close', gone)
      then()
    }

    const [oldest] = underWay
    if (oldest && underWay.size >= most) oldest()
    underWay.add(cut)
    request.on('data', take).on('end', finish).on('close', gone)
  }

  return {
    read(request, whole, refused) {
      const declared = declaredLength(request)
      if (declared > longestBody) return refused(bodyTooLarge)
      const kept = Buffer.allocUnsafe(declared)
      receive(request, whole, refused, { longest: declared, kept, fault: bodyTooLarge })
    },
    drop(request, whole, refused) {
      const limit = { longest: longestDropped, kept: Buffer.alloc(0), fault: tooLarge(longestDropped) }
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
