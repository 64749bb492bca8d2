import { Webhook as Signer } from 'standardwebhooks'
import { fail, ok, type Result } from '../base/result.ts'
import { createPublicAddresses } from '../neighbours/addresses.ts'
import { guardedFetch } from '../neighbours/guarded-fetch.ts'
import { type NeighbourFault, openNeighbour } from '../neighbours/neighbour.ts'
import type { Webhook } from '../store/webhooks.ts'
import type { AddressChoice } from './addresses.ts'

export type MessageSender = {
  /** Sends a message once, signed; returns the status of the receiver's answer. */
  send(webhook: Webhook, message: { id: string }): Promise<Result<number, NeighbourFault>>
  stop(): void
}

/** In milliseconds: receivers should accept a message first, and process it afterwards. */
const usualPatience = 10_000
/** Only the status of an answer matters. */
const longestAnswer = 64 * 1024

/**
 * Sends messages as Standard Webhooks prescribes: with a stable id, the time of this attempt, and a signature over
 * both.
 */
export function openMessageSender({
  addresses,
  now,
  elapsed,
  patience = usualPatience,
}: {
  addresses: AddressChoice
  /** Milliseconds since 1970. */
  now: () => number
  /** A monotonic clock in milliseconds. */
  elapsed: () => number
  patience?: number
}): MessageSender {
  const stopped = new AbortController()
  const allows = addresses === 'any' ? () => true : createPublicAddresses()

  return {
    async send({ url, secret }, message) {
      const neighbour = openNeighbour({
        most: longestAnswer,
        secrets: () => [secret],
        advise: () => undefined,
        elapsed,
        fetch: guardedFetch(allows),
      })
      const stop = () => neighbour.stop()
      stopped.signal.addEventListener('abort', stop)
      const at = new Date(now())
      const body = JSON.stringify(message)
      const answer = await neighbour.ask({
        url,
        patience,
        method: 'POST',
        body,
        wanted: isTaken,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'promo-tracking',
          'webhook-id': message.id,
          'webhook-timestamp': `${Math.floor(at.getTime() / 1_000)}`,
          'webhook-signature': new Signer(secret).sign(message.id, at, body),
        },
      })
      stopped.signal.removeEventListener('abort', stop)
      if (answer.ok) return ok(answer.value.status)
      // Even if the answer is too long: the message was accepted.
      const { status = 0 } = answer.fault
      return isTaken(status) ? ok(status) : fail(answer.fault)
    },
    stop: () => stopped.abort(),
  }
}

const isTaken = (status: number): boolean => status >= 200 && status < 300
