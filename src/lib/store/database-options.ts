import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type postgres from 'postgres'
import { fail, messageOf, ok, type Result } from '../result.ts'
import { type DatabaseAddress, parseDatabaseUrl } from './database-url.ts'

export type Options = postgres.Options<Record<string, never>>

/** `withoutEffect` are parameters that change nothing here. */
export type ReadUrl = { options: Options; withoutEffect: string[] }

/**
 * What the driver needs to connect to where a URL leads. `authority` is the path of a certificate authority's PEM file, for
 * URLs that name none. Faults say what is wrong with the URL, without repeating it, or with a file.
 */
export function databaseOptions(url: string, authority?: string): Result<ReadUrl, string> {
  const parsed = parseDatabaseUrl(url)
  if (!parsed.ok) return fail(`DATABASE_URL ${parsed.fault}`)
  const address = withAuthority(parsed.value, authority)
  const tls = tlsOptions(address)
  if (!tls.ok) return tls
  const { hosts, user, password, database, writable, connections, connectTimeout, keepAlive, parameters } =
    address
  const [first] = hosts
  const options: Options = {
    ...(first?.host.startsWith('/') && { path: `${first.host}/.s.PGSQL.${first.port}` }),
    user,
    pass: password,
    database,
    ssl: tls.value,
    ...(writable && { target_session_attrs: 'read-write' }),
    ...(connections !== undefined && { max: connections }),
    ...(connectTimeout !== undefined && { connect_timeout: connectTimeout }),
    ...(keepAlive !== undefined && { keep_alive: keepAlive === false ? null : keepAlive }),
    connection: parameters,
  }
  // What the driver takes and its types do not tell of.
  const untyped = {
    host: hosts.map(({ host }) => host),
    port: hosts.map(({ port }) => port),
    ...(address.directTls && { sslnegotiation: 'direct' }),
  }
  return ok({ options: Object.assign(options, untyped), withoutEffect: address.withoutEffect })
}

const withAuthority = (address: DatabaseAddress, authority: string | undefined): DatabaseAddress =>
  authority === undefined || address.authority !== undefined
    ? address
    : { ...address, authority, tls: address.tls === 'chain' ? 'chain' : 'full' }

function tlsOptions(address: DatabaseAddress): Result<false | 'prefer' | ConnectionOptions, string> {
  const { tls, authority, certificate, key, hosts } = address
  if (tls === 'off') return ok(false)
  if (tls === 'if_offered') return ok('prefer')
  try {
    const [first] = hosts
    return ok({
      rejectUnauthorized: tls !== 'unchecked',
      // A certificate for an address is not looked for under a name.
      ...(first && hosts.length === 1 && isIP(first.host) !== 0 && { host: first.host }),
      ...(tls === 'chain' && { checkServerIdentity: () => undefined }),
      ...(authority !== undefined && authority !== 'system' && { ca: readFileSync(authority) }),
      ...(certificate !== undefined && { cert: readFileSync(certificate) }),
      ...(key !== undefined && { key: readFileSync(key) }),
    })
  } catch (error) {
    return fail(
      `DATABASE_URL (sslrootcert, sslcert, sslkey) or PROMO_DATABASE_CA names a file that cannot be read: ${messageOf(error)}. Name a PEM file that the site's user may read`,
    )
  }
}
