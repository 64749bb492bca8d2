import { createHmac, timingSafeEqual } from 'node:crypto'
import { SignJWT } from 'jose'
import { LRUCache } from 'lru-cache'
import * as v from 'valibot'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { readSessionVersion } from '../store/editors.ts'
import { readTokenVersion } from '../store/handed-over-tokens.ts'
import type { ReadSecret } from './session-secret.ts'

/** Who is signed in, and by what: `id` and `version` are those of the editor, or of the token of another back end. */
export type SignedInEditor = { by: 'password' | 'token'; id: number; name: string; version: number }

/** `signed_out`: no session, or one that has ended. `unavailable`: unknown, since the database does not answer. */
export type SessionFault = { code: 'signed_out' | 'unavailable' }

export type Sessions = {
  /** A token for the cookie. */
  begin(editor: SignedInEditor): Promise<Result<string, SessionFault>>
  /** Who a token belongs to, and a new token if it is time for one. */
  check(
    token: string | undefined,
  ): Promise<Result<{ editor: SignedInEditor; renewed?: string }, SessionFault>>
  /**
   * Whether a token is that of a session, as far as this process knows without asking the database: by the secret and
   * versions that were read last. False until the secret was read for the first time, which this starts.
   */
  seems(token: string): boolean
  /** Reads the versions again, since one of them was raised. */
  forgetVersions(): void
}

/** Seconds without a request after which a session ends. */
export const sessionLength = 12 * 3_600
/** Seconds after which a session ends for good, however often it is used. */
export const longestSession = 7 * 86_400
/** Seconds after which a request gets a new token. */
const renewAfter = 600
/** Milliseconds within which "sign out everywhere" takes effect on the other instances. */
const versionFreshFor = 5_000
const audience = 'promo-editor'
/** In characters; ours have about 300. */
const longestToken = 2_000

const claims = v.object({
  aud: v.literal(audience),
  exp: v.number(),
  sub: v.string(),
  iat: v.number(),
  /** When its editor signed in, in seconds; earlier versions did not say. */
  began: v.optional(v.number()),
  by: v.optional(v.picklist(['password', 'token']), 'password'),
  id: v.number(),
  version: v.number(),
})

/**
 * Sessions are signed tokens, so that instances share nothing but the secret; each names the version of its editor's
 * sessions (or of those of the token that it began with), and raising that in the database ends them all. While the
 * database is unavailable, no version can be read: an editor with a known version stays signed in, since without the
 * database there is nothing to read anyway.
 */
export function createSessions(options: {
  readSecret: ReadSecret
  database: Database
  now: () => number
}): Sessions {
  const { database, now } = options
  let secretSeen: Uint8Array | undefined
  const readSecret: ReadSecret = async () => {
    const secret = await options.readSecret()
    secretSeen = secret ?? secretSeen
    return secret
  }
  const versions = new LRUCache<string, { version: number | undefined; seenAt: number }>({ max: 1_000 })

  const currentVersion = async ({
    by,
    id,
  }: SignedInEditor): Promise<Result<number | undefined, SessionFault>> => {
    const key = `${by} ${id}`
    const known = versions.get(key)
    // A clock that was set back must not keep ended sessions alive.
    if (known && Math.abs(now() - known.seenAt) < versionFreshFor) return ok(known.version)
    const readVersion = by === 'password' ? readSessionVersion : readTokenVersion
    const read = await database.run((sql) => readVersion(sql, id), 2_000)
    if (!read.ok) return known ? ok(known.version) : fail({ code: 'unavailable' })
    const version = read.value[0]?.session_version
    versions.set(key, { version, seenAt: now() })
    return ok(version)
  }

  const sign = (secret: Uint8Array, { by, id, name, version }: SignedInEditor, began?: number) => {
    const issuedAt = Math.floor(now() / 1000)
    return new SignJWT({ by, id, version, began: began ?? issuedAt })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(name)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + sessionLength)
      .sign(secret)
  }

  return {
    async begin(editor) {
      const secret = await readSecret()
      return secret ? ok(await sign(secret, editor)) : fail({ code: 'unavailable' })
    },
    seems(token) {
      if (secretSeen === undefined) void readSecret()
      const claimed = secretSeen && claimsOf(token, secretSeen, now())
      if (!claimed) return false
      const known = versions.peek(`${claimed.by} ${claimed.id}`)
      return !known || known.version === claimed.version
    },
    forgetVersions: () => versions.clear(),
    async check(token) {
      if (token === undefined) return fail({ code: 'signed_out' })
      const secret = await readSecret()
      if (!secret) return fail({ code: 'unavailable' })
      const claimed = claimsOf(token, secret, now())
      if (!claimed) return fail({ code: 'signed_out' })
      const { sub: name, by, id, version, iat, began } = claimed
      const editor = { by, id, name, version }
      const current = await currentVersion(editor)
      if (!current.ok) return current
      if (current.value !== version) return fail({ code: 'signed_out' })
      // Somebody whom another back end vouches for has to come from there again after twelve hours.
      const goesOn = by === 'token' || now() / 1000 - iat < renewAfter
      return goesOn ? ok({ editor }) : ok({ editor, renewed: await sign(secret, editor, began) })
    },
  }
}

type Claims = v.InferOutput<typeof claims> & { began: number }

/**
 * The claims of a token that was signed with the secret (HS256, RFC 7515), synchronously, unlike the library;
 * `undefined` if it is not a session's, or if the session has ended by `now`, in milliseconds.
 */
function claimsOf(token: string, secret: Uint8Array, now: number): Claims | undefined {
  if (token.length > longestToken) return undefined
  const end = token.lastIndexOf('.')
  const signature = Buffer.from(token.slice(end + 1), 'base64url')
  const expected = createHmac('sha256', secret).update(token.slice(0, end)).digest()
  if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return undefined
  const [, payload = ''] = token.split('.')
  const parsed = v.safeParse(claims, JSON.parse(Buffer.from(payload, 'base64url').toString()))
  if (!parsed.success) return undefined
  const { iat, exp, began = iat } = parsed.output
  const at = now / 1000
  return at < exp && at - began < longestSession ? { ...parsed.output, began } : undefined
}

/**
 * A site with TLS accepts a cookie only under a name that browsers reserve for cookies of this very host: otherwise
 * another host of the same domain could set one.
 */
const cookieOf = (siteUrl: string): string =>
  siteUrl.startsWith('https:') ? '__Host-promo_session' : 'promo_session'

/** The session in a `Cookie` header. */
export const sessionIn = (cookies: string | undefined, siteUrl: string): string | undefined =>
  new RegExp(`(?:^|;\\s*)${cookieOf(siteUrl)}=([\\w.-]+)`).exec(cookies ?? '')?.[1]

/** `Set-Cookie` for a session, or, without a token, for its end. A site on localhost has no TLS. */
export function sessionCookieFor(token: string | undefined, siteUrl: string): string {
  const { protocol, hostname } = new URL(siteUrl)
  const local = protocol === 'http:' && /^(localhost|127\..*|\[::1\])$/.test(hostname)
  const lifetime = token === undefined ? 0 : sessionLength
  return (
    `${cookieOf(siteUrl)}=${token ?? ''}; Path=/; Max-Age=${lifetime}; HttpOnly; ` +
    `SameSite=Lax${local ? '' : '; Secure'}`
  )
}
