import { bearerOf } from '../http/access.ts'
import { type ApiFault, databaseUnavailable } from '../http/answer.ts'
import type { HeaderReader } from '../http/client.ts'
import type { CheckToken } from './check-token.ts'
import { type Sessions, sessionIn } from './session.ts'

/**
 * Who may read the analytics API: callers with a token, and editors who are signed in, so that the links of their pages
 * work. `undefined` if access is granted.
 */
export async function refuseReader(
  { checkToken, sessions, siteUrl }: { checkToken: CheckToken; sessions: Sessions; siteUrl: string },
  header: HeaderReader,
): Promise<ApiFault | undefined> {
  const authorization = header('authorization')
  if (authorization === undefined) {
    const session = await sessions.check(sessionIn(header('cookie'), siteUrl))
    if (session.ok) return undefined
    if (session.fault.code === 'unavailable') return databaseUnavailable
    const message =
      'Send a token as "Authorization: Bearer …" (npm run promo -- token makes one), or sign in at /sign-in'
    return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer' } }
  }
  const token = bearerOf(authorization)
  if (token === undefined) {
    const message = 'The Authorization header must be "Bearer", a space, and the token'
    return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer' } }
  }
  const checked = await checkToken(token)
  if (checked.ok) return undefined
  const { code, message } = checked.fault
  if (code === 'keys_unavailable') return { error: code, message, headers: { 'retry-after': '30' } }
  if (code === 'forbidden') return { error: 'forbidden', message }
  return { error: 'unauthorized', message, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
}
