import { limitClients, limitRequests } from '../http/rate-limits.ts'
import { fail, ok, type Result } from '../result.ts'
import type { Database } from '../store/database.ts'
import { findEditor } from '../store/editors.ts'
import { verifyPassword } from './password.ts'
import type { Editor } from './session.ts'

export type SignInFault =
  | { code: 'wrong' | 'unavailable'; message: string }
  | { code: 'too_many'; message: string; wait: number }

export type SignIn = (given: {
  name: string
  password: string
  address: string
}) => Promise<Result<Editor, SignInFault>>

/** What people are told who cannot be signed in for no fault of theirs. */
export const databaseAway = {
  code: 'unavailable' as const,
  message: 'The database does not answer, so nobody can sign in just now. Try again in a minute.',
}

const window = 15 * 60
const triesAnAddress = 20
const triesAName = 10

/**
 * Checks names and passwords. An unknown name takes as long as a wrong password and is told in the same words. Tries that
 * fail are limited by address and by name; passwords are hashed one at a time, so that guessing cannot take all processors.
 */
export function createSignIn(database: Database): SignIn {
  const byAddress = limitClients(triesAnAddress, window)
  const byName = limitRequests(triesAName, window)
  let hashing: Promise<unknown> = Promise.resolve()

  const verify = (password: string, stored: string): Promise<boolean> => {
    const verified = hashing.then(() => verifyPassword(password, stored))
    hashing = verified.then(ignore, ignore)
    return verified
  }

  return async ({ name, password, address }) => {
    const wanted = name.trim().normalize('NFC')
    const key = wanted.toLowerCase()
    // An address that is refused anyway must not use up the tries of whoever has the name.
    const wait = (await byAddress(address)) ?? (await byName(key)) ?? 0
    if (wait > 0) {
      const minutes = Math.ceil(wait / 60)
      const message = `There were too many tries. Try again in ${minutes} min.`
      return fail({ code: 'too_many', message, wait })
    }
    const found = await database.run((sql) => findEditor(sql, wanted), 3_000)
    if (!found.ok) return fail(databaseAway)
    const [editor] = found.value
    const right = await verify(password, editor?.password_hash ?? '')
    if (!editor || !right) return fail({ code: 'wrong', message: 'The name or the password is wrong.' })
    await Promise.all([byAddress.giveBack(address), byName.giveBack(key)])
    return ok({ by: 'password', id: editor.id, name: editor.name, version: editor.session_version })
  }
}

const ignore = () => {}

const startPage = '/analytics'

/** Where to go after signing in: a page of the analytics, whatever somebody has put into the address. */
export function pageAfterSignIn(given: string | null): string {
  if (given === null || !/^\/analytics(?:[/?][\w\-./?=&%:+~,]*)?$/.test(given)) return startPage
  const url = new URL(given, 'http://site.invalid')
  const inside = url.pathname === startPage || url.pathname.startsWith(`${startPage}/`)
  return url.host === 'site.invalid' && inside ? `${url.pathname}${url.search}` : startPage
}
