import { SignJWT } from 'jose'
import { fail, ok, type Result } from '../base/result.ts'
import type { Config } from '../settings/config.ts'

export type TokenRequest = {
  secret: Uint8Array
  subject: string
  /** Seconds. */
  lifetime: number
  /** Milliseconds since 1970. */
  now: number
  /** Issuer and audience are set if the settings name them, since they are checked then. */
  config: Pick<Config, 'PROMO_JWT_ISSUER' | 'PROMO_JWT_AUDIENCE'>
}

const secondsIn: Record<string, number> = { s: 1, m: 60, h: 3_600, d: 86_400 }
const longestDays = 366

/** The seconds of `45s`, `30m`, `1h` or `7d`: at least one second, at most a year. */
export function parseLifetime(text: string): Result<number, { message: string }> {
  const [, amount, unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? []
  const seconds = Number(amount) * (secondsIn[unit] ?? Number.NaN)
  if (seconds >= 1 && seconds <= longestDays * 86_400) return ok(seconds)
  return fail({ message: `"${text}" is not a lifetime from 1s to ${longestDays}d, such as 30m, 1h or 7d` })
}

/** A token for the analytics API: an HS256 JWT. */
export function signToken({ secret, subject, lifetime, now, config }: TokenRequest): Promise<string> {
  const issuedAt = Math.floor(now / 1000)
  const token = new SignJWT({})
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + lifetime)
  if (config.PROMO_JWT_ISSUER !== undefined) token.setIssuer(config.PROMO_JWT_ISSUER)
  if (config.PROMO_JWT_AUDIENCE !== undefined) token.setAudience(config.PROMO_JWT_AUDIENCE)
  return token.sign(secret)
}
