import { errors, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import * as v from 'valibot'
import type { Config } from '../config.ts'
import type { Log } from '../operations/log.ts'
import { fail, messageOf, ok, type Result } from '../result.ts'
import { createRemoteKeys, KeysUnavailable } from './remote-keys.ts'
import { tokenSecret } from './secret.ts'

/**
 * `unauthorized`: sign in or get a new token. `forbidden`: the token is whole, and meant for something else.
 * `keys_unavailable`: nobody can say, since its key is not known and the keys cannot be fetched.
 */
export type TokenFault = { code: 'unauthorized' | 'forbidden' | 'keys_unavailable'; message: string }

/** Answers whom a token speaks of, and the second since 1970 in which it expires. */
export type CheckToken = (
  token: string,
) => Promise<Result<{ subject: string; expiresAt: number }, TokenFault>>

type TokenConfig = Pick<
  Config,
  'PROMO_JWT_SECRET' | 'PROMO_JWKS_URL' | 'PROMO_JWT_ISSUER' | 'PROMO_JWT_AUDIENCE' | 'PROMO_DATA_DIR'
>

/** Signatures that somebody with a public key can check. */
const publicKeyAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]
const claims = v.object({ sub: v.optional(v.string(), 'token'), exp: v.number() })
/** Seconds that two clocks may be apart. */
const clockTolerance = 5

/**
 * Checks tokens for the analytics API with the keys of the settings. The algorithms are fixed by the kind of key, never
 * by the token; it must expire; issuer and audience are checked where they are set. `now` is in milliseconds.
 */
export function createTokenCheck(config: TokenConfig, now: () => number, log: Log): CheckToken {
  const { PROMO_JWKS_URL, PROMO_JWT_ISSUER, PROMO_JWT_AUDIENCE } = config
  const options: JWTVerifyOptions = {
    algorithms: PROMO_JWKS_URL === undefined ? ['HS256'] : publicKeyAlgorithms,
    requiredClaims: ['exp'],
    clockTolerance,
    ...(PROMO_JWT_ISSUER !== undefined && { issuer: PROMO_JWT_ISSUER }),
    ...(PROMO_JWT_AUDIENCE !== undefined && { audience: PROMO_JWT_AUDIENCE }),
  }
  const key = keyOf(config, now, log)
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, { ...options, currentDate: new Date(now()) })
      const { sub: subject, exp: expiresAt } = v.parse(claims, payload)
      return ok({ subject, expiresAt })
    } catch (error) {
      return fail(tokenFault(error))
    }
  }
}

function keyOf(config: TokenConfig, now: () => number, log: Log): JWTVerifyGetKey {
  if (config.PROMO_JWKS_URL !== undefined) return createRemoteKeys({ url: config.PROMO_JWKS_URL, now, log })
  return () => {
    const secret = tokenSecret(config)
    if (!secret.ok) throw new Error(secret.fault.message)
    return secret.value
  }
}

function tokenFault(error: unknown): TokenFault {
  if (error instanceof KeysUnavailable) {
    const message =
      'The keys that tokens are checked with cannot be fetched, and the key of this one is not known yet. Try again in a minute.'
    return { code: 'keys_unavailable', message }
  }
  if (error instanceof errors.JWTExpired)
    return { code: 'unauthorized', message: 'The token has expired; get a new one' }
  if (error instanceof errors.JWTClaimValidationFailed && (error.claim === 'iss' || error.claim === 'aud')) {
    return { code: 'forbidden', message: `The token is meant for something else: ${error.message}` }
  }
  return { code: 'unauthorized', message: `The token cannot be accepted: ${messageOf(error)}` }
}
