import { createHash } from 'node:crypto'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { takeToken } from '../store/handed-over-tokens.ts'
import type { CheckToken } from './check-token.ts'
import { type SignedInEditor, sessionLength } from './session.ts'
import { databaseAway } from './sign-in.ts'
import type { TokenFault } from './token-fault.ts'

export type HandOverFault = TokenFault | { code: 'used' | 'unavailable'; message: string }

/** The end of the year 9999, in seconds: a token may name any time, but a database has a limit. */
const lastSecond = 253_402_300_799
/** Seconds for which an expired token may still be accepted, with a generous margin. */
const margin = 3_600

/**
 * Whom a token of another back end identifies: once for each token, on any instance. It is identified by a digest of
 * what its signature covers. The signature itself would not do, since it can be encoded in several ways.
 */
export function createHandOver(options: { database: Database; checkToken: CheckToken; now: () => number }) {
  const { database, checkToken, now } = options
  return async (token: string): Promise<Result<SignedInEditor, HandOverFault>> => {
    const checked = await checkToken(token)
    if (!checked.ok) return checked
    const { subject, expiresAt } = checked.value
    const digest = createHash('sha256')
      .update(token.slice(0, token.lastIndexOf('.')))
      .digest()
    const sessionEnd = Math.ceil(now() / 1000) + sessionLength
    const keptUntil = Math.min(lastSecond, Math.max(expiresAt, sessionEnd) + margin)
    const taken = await database.run((sql) => takeToken(sql, { digest, subject, keptUntil }), 3_000)
    if (!taken.ok) return fail(databaseAway)
    const [row] = taken.value
    if (row) return ok({ by: 'token', id: row.id, name: subject, version: row.session_version })
    const message = 'This token has already been used to sign in. Get a new one from where it was issued.'
    return fail({ code: 'used', message })
  }
}
