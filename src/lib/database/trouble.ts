import { messageOf } from '../base/result.ts'
import type { DriverOptions } from './database-options.ts'

/** What somebody has to do, by the code that a reason ends with, or by its words. */
const remedies: readonly [RegExp, string][] = [
  [/\(28P01\)$/, 'correct its user and password'],
  [
    /no encryption \(28000\)$/,
    'add sslmode=require if the server wants TLS, otherwise allow it in its pg_hba.conf',
  ],
  [/\(28000\)$/, 'correct its user, or allow it in pg_hba.conf of the server'],
  [/\(3D000\)$/, 'correct its name, or create the database'],
  [/\(42501\)$/, 'grant its user what "Roles and privileges" in db/README.md names'],
  [
    /\(3F000\)$/,
    "create the schema that the URL or its user's search_path names, and let the user create tables there",
  ],
  [/\(53300\)$/, 'end other connections, raise max_connections, or add connection_limit=3'],
  [/\(57P03\)$/, 'wait until the server has started'],
  [
    /\(25006\)$/,
    'name the server that accepts writes, or reset default_transaction_read_only for its user and database',
  ],
  [/\((ENOTFOUND|EAI_AGAIN)\)$/, 'no such host is known: correct it, or find out why DNS does not know it'],
  [/\((ECONNREFUSED|ENOENT)\)$/, 'nothing listens there: start PostgreSQL, or correct its host and port'],
  [
    /^Client network socket disconnected/,
    'the server offers no TLS: remove sslmode, or set "ssl = on" there',
  ],
  [/\(ERR_TLS_CERT_ALTNAME_INVALID\)$/, 'name the host as its certificate does, or set sslmode=verify-ca'],
  [
    /\(CERT_(HAS_EXPIRED|NOT_YET_VALID)\)$/,
    "renew the server's certificate, or correct the clock of this machine",
  ],
  [/\([A-Z_]*(CERT|SIGNATURE)[A-Z_]*\)$/, 'name who signed its certificate in PROMO_DATABASE_CA'],
  [
    /\((CONNECT_TIMEOUT|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\)$/,
    'correct its host and port, or let it through a firewall',
  ],
  [
    /^no answer in time$/,
    'correct its host and port if that is no PostgreSQL server, or check whether it hangs',
  ],
]

/** The code of an error of the driver, of Node or of PostgreSQL; empty where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : ''

/** What an error says, with its code at the end. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error)
  return code === '' ? messageOf(error) : `${messageOf(error)} (${code})`
}

/** Why a server cannot be used, with what to do about it where that is known. */
export function withRemedy(reason: string): string {
  const [, remedy] = remedies.find(([cause]) => cause.test(reason)) ?? []
  return remedy === undefined ? reason : `${reason}: ${remedy}`
}

/** The sentence for whoever runs the site: which server and why, and what to do where a setting names it. */
export function troubleWith(
  { host, port, path, database }: Pick<DriverOptions, 'host' | 'port' | 'path' | 'database'>,
  reason: string,
  embedded: boolean,
): string {
  const place = `${path ?? `${host}:${port}`}, database ${database}`
  return embedded
    ? `the embedded PostgreSQL (${place}): ${reason}`
    : `DATABASE_URL (${place}): ${withRemedy(reason)}`
}

/** What fails only because the database has no tables yet; what keeps them from being made says why. */
export const isConsequence = (reason: string): boolean => reason.endsWith('(42P01)')
