import type { Log } from '../base/log.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { ApiFault } from '../http/answer.ts'
import type { HeaderReader } from '../http/client.ts'
import type { Config } from '../settings/config.ts'
import { endSessions } from '../store/editors.ts'
import { endTokenSessions } from '../store/handed-over-tokens.ts'
import { createTokenCheck } from './check-token.ts'
import { createHandOver, type HandOverFault } from './hand-over.ts'
import { refuseReader } from './reader.ts'
import {
  createSessions,
  type SessionFault,
  type SignedInEditor,
  sessionCookieFor,
  sessionIn,
} from './session.ts'
import { createSessionSecret } from './session-secret.ts'
import { createSignIn, databaseAway, type SignIn, type SignInFault } from './sign-in.ts'

const tokensNotTaken = 'This site accepts no tokens: neither PROMO_JWKS_URL nor PROMO_JWT_SECRET is set.'

/** Who may read the analytics: editors with a session, and callers with a token. Cookies are whole header values. */
export type Access = {
  /** Why a request may not read the API; `undefined` if it may. */
  refuseReader(header: HeaderReader): Promise<ApiFault | undefined>
  /** The cookie of a new session. */
  signIn(given: Parameters<SignIn>[0]): Promise<Result<string, SignInFault>>
  /** The same for somebody whom another back end vouches for with a token. */
  handOver(token: string): Promise<Result<string, HandOverFault>>
  /** Whether `handOver` accepts tokens: those that this site makes for itself are for programs. */
  readonly takesTokens: boolean
  /** Who is signed in, and a cookie if it is time for a new one. */
  readSession(
    cookies: string | undefined,
  ): Promise<Result<{ editor: SignedInEditor; cookie: string | undefined }, SessionFault>>
  /** Whether cookies have the session of an editor, without waiting: see `Sessions.seems`. */
  seemsEditor(cookies: string): boolean
  /** The cookie that ends a session; with `everywhere` all sessions of the same person end. */
  signOut(
    cookies: string | undefined,
    everywhere: boolean,
  ): Promise<Result<string, SessionFault | DatabaseFault>>
}

export function createAccess(options: {
  config: Config
  database: Database
  now: () => number
  log: Log
}): Access {
  const { config, database, now, log } = options
  const readSecret = createSessionSecret({ database, dataFolder: config.PROMO_DATA_DIR, now })
  const sessions = createSessions({ readSecret, database, now })
  const signIn = createSignIn(database, { now })
  const checkToken = createTokenCheck(config, now, log)
  const handOver = createHandOver({ database, checkToken, now })
  const takesTokens = config.PROMO_JWKS_URL !== undefined || config.PROMO_JWT_SECRET !== undefined
  const begin = async (editor: SignedInEditor) => {
    const token = await sessions.begin(editor)
    return token.ok ? ok(sessionCookieFor(token.value, config.SITE_URL)) : fail(databaseAway)
  }

  return {
    refuseReader: (header) => refuseReader({ checkToken, sessions, siteUrl: config.SITE_URL }, header),
    async signIn(given) {
      const signedIn = await signIn(given)
      return signedIn.ok ? await begin(signedIn.value) : signedIn
    },
    async handOver(token) {
      if (!takesTokens) return fail({ code: 'forbidden', message: tokensNotTaken })
      const handedOver = await handOver(token)
      return handedOver.ok ? await begin(handedOver.value) : handedOver
    },
    takesTokens,
    async readSession(cookies) {
      const checked = await sessions.check(sessionIn(cookies, config.SITE_URL))
      if (!checked.ok) return checked
      const { editor, renewed } = checked.value
      return ok({ editor, cookie: renewed && sessionCookieFor(renewed, config.SITE_URL) })
    },
    seemsEditor(cookies) {
      const token = cookies.includes('promo_session') ? sessionIn(cookies, config.SITE_URL) : undefined
      return token !== undefined && sessions.seems(token)
    },
    async signOut(cookies, everywhere) {
      const cookie = ok(sessionCookieFor(undefined, config.SITE_URL))
      if (!everywhere) return cookie
      const session = await sessions.check(sessionIn(cookies, config.SITE_URL))
      if (!session.ok) return session.fault.code === 'signed_out' ? cookie : session
      const { by, name } = session.value.editor
      const end = by === 'password' ? endSessions : endTokenSessions
      const ended = await database.run((sql) => end(sql, name))
      if (!ended.ok) return ended
      sessions.forgetVersions()
      return cookie
    },
  }
}
