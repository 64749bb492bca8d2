import { createHash, timingSafeEqual } from 'node:crypto'
import type { ApiFault } from './answer.ts'
import type { Caller, HeaderReader } from './client.ts'

/**
 * Who may post events, ask for a promo and read metrics: callers with the token or, as long as none is set, callers on
 * this machine. `undefined` if access is granted.
 */
export function refuseCaller(
  { local }: Pick<Caller, 'local'>,
  header: HeaderReader,
  token: string | undefined,
): ApiFault | undefined {
  const given = bearerOf(header('authorization'))
  if (given === undefined && token === undefined && local) return undefined
  if (given !== undefined && token !== undefined && equal(given, token)) return undefined
  const message = messages[token === undefined ? 'unset' : 'set'][given === undefined ? 'without' : 'with']
  return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer' } }
}

/** Who may report changes in Strapi: anybody who knows the secret, from anywhere. `undefined` if access is granted. */
export function refuseWebhook(header: HeaderReader, secret: string | undefined): ApiFault | undefined {
  const given = bearerOf(header('authorization'))
  if (given !== undefined && secret !== undefined && equal(given, secret)) return undefined
  const message =
    secret === undefined
      ? 'Set PROMO_STRAPI_WEBHOOK_SECRET for the site and have Strapi send it as the header "Authorization: Bearer …"'
      : 'Have Strapi send the value of PROMO_STRAPI_WEBHOOK_SECRET as the header "Authorization: Bearer …"'
  return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer' } }
}

/** The token of an `Authorization` header. */
export const bearerOf = (authorization: string | undefined): string | undefined =>
  /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1]

/** By whether the site has a token, and whether the caller sent one. */
const messages = {
  unset: {
    without:
      'Only programs on this machine that call localhost directly, not through a proxy, are accepted ' +
      'without a token: set PROMO_INGEST_TOKEN for the site and send it as "Authorization: Bearer …"',
    with:
      'This site has no token, so no token can be right: set PROMO_INGEST_TOKEN for the site and send ' +
      'its value; programs on the same machine may also call without a token',
  },
  set: {
    without: 'Send the value of PROMO_INGEST_TOKEN as "Authorization: Bearer …"',
    with: 'This token is not the value of PROMO_INGEST_TOKEN: send the value that the site was started with',
  },
}

/** Takes the same time wherever the texts differ. */
export const equal = (one: string, other: string): boolean => timingSafeEqual(digest(one), digest(other))

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
