import { type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose'
import * as v from 'valibot'
import type { Log } from '../base/log.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { Config } from '../settings/config.ts'
import { createRemoteKeys } from './remote-keys.ts'
import { tokenSecret } from './secret.ts'
import { describeTokenFault, type TokenFault, type WantedToken } from './token-fault.ts'

/** Returns whom a token identifies, and the second since 1970 in which it expires. */
export type CheckToken = (
  token: string,
) => Promise<Result<{ subject: string; expiresAt: number }, TokenFault>>

type TokenConfig = Pick<
  Config,
  'PROMO_JWT_SECRET' | 'PROMO_JWKS_URL' | 'PROMO_JWT_ISSUER' | 'PROMO_JWT_AUDIENCE' | 'PROMO_DATA_DIR'
>

/** Algorithms whose signatures can be checked with a public key. */
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
/** How far two clocks may differ, in seconds. */
const clockTolerance = 5

/**
 * Checks tokens for the analytics API with the keys of the settings. The algorithms are fixed by the kind of key, never
 * by the token; tokens must expire; issuer and audience are checked if they are set. `now` is in milliseconds.
 */
export function createTokenCheck(config: TokenConfig, now: () => number, log: Log): CheckToken {
  const { PROMO_JWKS_URL, PROMO_JWT_ISSUER, PROMO_JWT_AUDIENCE } = config
  const algorithms = PROMO_JWKS_URL === undefined ? ['HS256'] : publicKeyAlgorithms
  const options: JWTVerifyOptions = {
    algorithms,
    requiredClaims: ['exp'],
    clockTolerance,
    ...(PROMO_JWT_ISSUER !== undefined && { issuer: PROMO_JWT_ISSUER }),
    ...(PROMO_JWT_AUDIENCE !== undefined && { audience: PROMO_JWT_AUDIENCE }),
  }
  const key = keyOf(config, now, log)
  const wanted: WantedToken = {
    algorithms,
    issuer: PROMO_JWT_ISSUER,
    audience: PROMO_JWT_AUDIENCE,
    published: PROMO_JWKS_URL !== undefined,
  }
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, key, { ...options, currentDate: new Date(now()) })
      const read = v.safeParse(claims, payload)
      if (read.success) return ok({ subject: read.output.sub, expiresAt: read.output.exp })
      return fail({
        code: 'unauthorized',
        message: 'The token has a "sub" that is not a string; get one whose "sub" is',
      })
    } catch (error) {
      const described = describeTokenFault(error, wanted)
      if (!described) log.error({ reason: messageOf(error) }, 'a token could not be checked')
      const message = 'The token cannot be checked; the log of the site says why'
      return fail(described ?? { code: 'unauthorized', message })
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
