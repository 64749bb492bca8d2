import { randomBytes } from 'node:crypto'
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { makeDataFolder } from '../base/data-folder.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import type { Config } from '../settings/config.ts'

export type SecretFault = { code: 'keys_elsewhere' | 'unusable_file'; message: string }

const secretText = v.pipe(v.string(), v.trim(), v.minLength(32))

/**
 * The secret that this site signs analytics tokens with: the one from the settings, else one that is generated in the
 * data folder, once, however many processes ask for it at the same time.
 */
export function tokenSecret(
  config: Pick<Config, 'PROMO_JWT_SECRET' | 'PROMO_JWKS_URL' | 'PROMO_DATA_DIR'>,
): Result<Uint8Array, SecretFault> {
  if (config.PROMO_JWT_SECRET !== undefined) return ok(new TextEncoder().encode(config.PROMO_JWT_SECRET))
  if (config.PROMO_JWKS_URL !== undefined) {
    const message =
      `Tokens are checked with the keys at ${config.PROMO_JWKS_URL} (PROMO_JWKS_URL), so they must come ` +
      'from the back end ' +
      'that has these keys. Set PROMO_JWT_SECRET to let this site sign its own tokens.'
    return fail({ code: 'keys_elsewhere', message })
  }
  return keptSecret(config)
}

function keptSecret({ PROMO_DATA_DIR }: Pick<Config, 'PROMO_DATA_DIR'>): Result<Uint8Array, SecretFault> {
  const path = join(PROMO_DATA_DIR, 'jwt-secret')
  try {
    makeDataFolder(PROMO_DATA_DIR)
    const secret = v.safeParse(secretText, readOrCreate(path))
    if (secret.success) return ok(new TextEncoder().encode(secret.output))
    return unusable(path, 'it has fewer than 32 characters')
  } catch (error) {
    return unusable(path, messageOf(error))
  }
}

function readOrCreate(path: string): string {
  return read(path) ?? create(path)
}

/**
 * The complete file gets its name atomically, and only if there is none yet, so no process ever reads half a secret.
 */
function create(path: string): string {
  const draft = `${path}.${randomBytes(6).toString('hex')}`
  try {
    writeFileSync(draft, `${randomBytes(32).toString('base64url')}\n`, { mode: 0o600, flag: 'wx' })
    linkSync(draft, path)
  } catch (error) {
    if (read(path) === undefined) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  return readFileSync(path, 'utf8')
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

const unusable = (path: string, reason: string) =>
  fail<SecretFault>({
    code: 'unusable_file',
    message: `The secret in ${path} cannot be used: ${reason}. Fix it, or set PROMO_JWT_SECRET.`,
  })
