import { createHash, timingSafeEqual } from 'node:crypto'
import type { ApiFault } from './answer.ts'
import { type Client, type HeaderReader, isLocal } from './client.ts'

/**
 * Who may post events, ask for a promo and read metrics: callers on this machine, and callers with the token.
 * `undefined` where access is granted.
 */
export function refuseCaller(
  client: Client,
  header: HeaderReader,
  token: string | undefined,
): ApiFault | undefined {
  const given = /^Bearer +(\S+)$/i.exec(header('authorization') ?? '')?.[1]
  if (given === undefined && isLocal(client, header)) return undefined
  if (given !== undefined && token !== undefined && equal(given, token)) return undefined
  const message =
    token === undefined
      ? 'Only callers on this machine are accepted: set PROMO_INGEST_TOKEN and send it as "Authorization: Bearer …"'
      : 'Send the value of PROMO_INGEST_TOKEN as "Authorization: Bearer …"'
  return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer' } }
}

/** Takes the same time wherever the texts differ. */
export const equal = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
