import { randomBytes } from 'node:crypto'
import type { Config } from '../config.ts'
import type { HeaderReader } from '../http/client.ts'
import type { Log } from '../operations/log.ts'
import { ok } from '../result.ts'
import type { Database } from '../store/database.ts'
import { endSessions } from '../store/editors.ts'
import { createTokenCheck } from './check-token.ts'
import { refuseReader } from './reader.ts'
import { sessionSecret } from './secret.ts'
import { createSessions, type Editor, sessionCookieFor, sessionIn } from './session.ts'
import { createSignIn } from './sign-in.ts'

/** Who may read the analytics: editors with a session, and callers with a token. */
export function openAccess(options: { config: Config; database: Database; now: () => number; log: Log }) {
  const { config, database, now, log } = options
  const secret = sessionSecret(config)
  if (!secret.ok) log.error({ reason: secret.fault.message }, 'sessions will end with this process')
  const sessions = createSessions({ secret: secret.ok ? secret.value : randomBytes(32), database, now })
  const signIn = createSignIn(database)
  const checkToken = createTokenCheck(config, now)
  const cookieFor = async (editor: Editor) => sessionCookieFor(await sessions.begin(editor), config.SITE_URL)

  return {
    /** Why a request may not read the API. */
    refuseReader: (header: HeaderReader) => refuseReader({ checkToken, sessions }, header),
    /** The cookie of a new session. */
    async signIn(given: { name: string; password: string; address: string }) {
      const signedIn = await signIn(given)
      return signedIn.ok ? ok(await cookieFor(signedIn.value)) : signedIn
    },
    /** The same for somebody whom another back end vouches for with a token. */
    async handOver(token: string) {
      const checked = await checkToken(token)
      return checked.ok ? ok(await cookieFor({ name: checked.value })) : checked
    },
    /** Who is signed in, and the cookie to go on with where it is time for a new one. */
    async readSession(cookies: string | undefined) {
      const checked = await sessions.check(sessionIn(cookies))
      if (!checked.ok) return checked
      const { editor, renewed } = checked.value
      return ok({ editor, cookie: renewed && sessionCookieFor(renewed, config.SITE_URL) })
    },
    /** The cookie that ends a session; with the name of an editor, all sessions of theirs end. */
    async signOut(everywhere?: string) {
      if (everywhere !== undefined) {
        const ended = await database.run((sql) => endSessions(sql, everywhere))
        if (!ended.ok) return ended
        sessions.forgetVersions()
      }
      return ok(sessionCookieFor(undefined, config.SITE_URL))
    },
  }
}
