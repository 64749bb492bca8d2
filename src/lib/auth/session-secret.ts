import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bytesOf } from '../base/hex.ts'
import type { Database } from '../database/database.ts'
import { keepSessionSecret, readSessionSecret, replaceSessionSecret } from '../store/session-secret.ts'

/** Returns the secret, or `undefined` while the database does not answer. */
export type ReadSecret = () => Promise<Uint8Array | undefined>

/** Milliseconds within which a new secret takes effect on every instance. */
const freshFor = 5_000
/** In bytes, at least. */
const secretLength = 32

/**
 * The secret that sessions are signed with. It is in the database, so that all instances have the same one without any
 * setting; anybody who can read it there can also read all figures there. While the database is unavailable, the one
 * that was read last is used.
 */
export function createSessionSecret(options: {
  database: Database
  dataFolder: string
  now: () => number
}): ReadSecret {
  const { database, dataFolder, now } = options
  let known: { secret: Uint8Array; readAt: number } | undefined
  let reading: Promise<void> | undefined

  const read = async (): Promise<void> => {
    const found = await database.run((sql) => readSessionSecret(sql), 2_000)
    const kept =
      found.ok && found.value.length === 0
        ? await database.run((sql) => keepSessionSecret(sql, candidateOf(dataFolder)), 2_000)
        : found
    const [row] = kept.ok ? kept.value : []
    const secret = bytesOf(row?.secret, secretLength) ?? known?.secret
    if (secret) known = { secret, readAt: now() }
  }

  return async () => {
    if (known && Math.abs(now() - known.readAt) < freshFor) return known.secret
    reading ??= read().finally(() => {
      reading = undefined
    })
    await reading
    return known?.secret
  }
}

const candidateOf = (dataFolder: string): Uint8Array => formerSecret(dataFolder) ?? randomBytes(secretLength)

/** A new secret, which ends all sessions within seconds. */
export const renewSessions = (database: Database) =>
  database.run((sql) => replaceSessionSecret(sql, randomBytes(secretLength)))

/** What earlier versions signed with, each instance for itself: sessions from then stay valid. */
function formerSecret(dataFolder: string): Uint8Array | undefined {
  try {
    const secret = readFileSync(join(dataFolder, 'session-secret'), 'utf8').trim()
    return secret.length >= secretLength ? new TextEncoder().encode(secret) : undefined
  } catch {
    return undefined
  }
}
