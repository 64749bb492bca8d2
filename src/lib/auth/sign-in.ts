import { setTimeout as sleep } from 'node:timers/promises'
import { createNetworkReader } from '../base/address.ts'
import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { findEditors } from '../store/editors.ts'
import { foldName, pickNamed } from './editor-name.ts'
import { createHashQueue } from './hash-queue.ts'
import { verifyPassword } from './password.ts'
import type { SignedInEditor } from './session.ts'
import { createSignInHistory } from './sign-in-history.ts'

export type SignInFault =
  | { code: 'wrong' | 'unavailable'; message: string }
  | { code: 'busy'; message: string; wait: number }

export type SignIn = (given: {
  name: string
  password: string
  address: string
}) => Promise<Result<SignedInEditor, SignInFault>>

/** The message for people who cannot be signed in through no fault of theirs. */
export const databaseAway = {
  code: 'unavailable' as const,
  message: 'The database does not answer, so nobody can sign in just now. Try again in a minute.',
}

const places = { most: 20, mostOfOne: 4 }
/** Seconds after which an attempt may find a place again. */
const busyFor = 10

/**
 * Checks names and passwords. An unknown name takes as long as a wrong password and gets the same message. Nobody is
 * locked out: attempts wait in a bounded queue, known people first, and failures delay what follows. `hold` waits this
 * many milliseconds.
 */
export function createSignIn(
  database: Database,
  { now, hold = sleep }: { now: () => number; hold?: (delay: number) => Promise<unknown> },
): SignIn {
  const queue = createHashQueue(places)
  const known = createSignInHistory(now)
  const networkOf = createNetworkReader()

  return async (given) => {
    const wanted = given.name.trim().normalize('NFC')
    const one = { name: foldName(wanted), address: networkOf(given.address) }
    const place = queue.enter({ rank: known.rankOf(one), address: one.address })
    if (!place) return fail({ code: 'busy', message: tooBusy, wait: busyFor })
    const delay = known.delayOf(one)
    if (delay > 0) await hold(delay)
    const found = await database.run((sql) => findEditors(sql, one.name), 3_000)
    if (!found.ok) {
      place.leave()
      return fail(databaseAway)
    }
    const editor = pickNamed(found.value, wanted)
    const right = await place.work(() => verifyPassword(given.password, editor?.password_hash ?? ''))
    if (!editor || !right) {
      known.failed(one)
      return fail({ code: 'wrong', message: 'The name or the password is wrong.' })
    }
    known.succeeded(one)
    return ok({ by: 'password', id: editor.id, name: editor.name, version: editor.session_version })
  }
}

const tooBusy = `Too many people are trying to sign in. Try again in ${busyFor} seconds.`

const startPage = '/analytics'

/** Where to go after signing in: always a page of the analytics, whatever the address says. */
export function pageAfterSignIn(given: string | null): string {
  if (given === null || !/^\/analytics(?:[/?][\w\-./?=&%:+~,]*)?$/.test(given)) return startPage
  const url = new URL(given, 'http://site.invalid')
  const inside = url.pathname === startPage || url.pathname.startsWith(`${startPage}/`)
  return url.host === 'site.invalid' && inside ? `${url.pathname}${url.search}` : startPage
}
