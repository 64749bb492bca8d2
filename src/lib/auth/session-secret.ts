import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Database } from '../store/database.ts'
import { keepSessionSecret } from '../store/session-secret.ts'

/** Answers the secret, or `undefined` while the database does not. */
export type ReadSecret = () => Promise<Uint8Array | undefined>

/**
 * The secret that sessions are signed with. It is in the database, so that all instances have the same one without any
 * setting; whoever can read it there can read all figures there as well.
 */
export function createSessionSecret(options: { database: Database; dataFolder: string }): ReadSecret {
  const { database, dataFolder } = options
  let known: Uint8Array | undefined
  return async () => {
    if (known) return known
    const candidate = formerSecret(dataFolder) ?? randomBytes(32)
    const kept = await database.run((sql) => keepSessionSecret(sql, candidate), 2_000)
    known = kept.ok ? kept.value[0]?.secret : undefined
    return known
  }
}

/** What earlier versions signed with, each instance for itself: sessions from then go on. */
function formerSecret(dataFolder: string): Uint8Array | undefined {
  try {
    const secret = readFileSync(join(dataFolder, 'session-secret'), 'utf8').trim()
    return secret.length >= 32 ? new TextEncoder().encode(secret) : undefined
  } catch {
    return undefined
  }
}
