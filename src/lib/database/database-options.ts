import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { type ConnectionOptions, createSecureContext } from 'node:tls'
import type postgres from 'postgres'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import { type DatabaseAddress, parseDatabaseUrl, type WantedServer } from '../settings/database-url.ts'

export type DriverOptions = postgres.Options<Record<string, never>>

/** The servers of a URL, each as the driver needs it, and which of them are acceptable. */
export type Servers = { servers: DriverOptions[]; wanted: WantedServer }

/** `withoutEffect` are parameters that change nothing here. */
export type ReadUrl = Servers & { withoutEffect: string[] }

/**
 * The driver's options for a URL. `authority` is the path of a certificate authority's PEM file, for URLs that name
 * none. Faults say what is wrong with the URL, without repeating it, or with a file.
 */
export function databaseOptions(url: string, authority?: string): Result<ReadUrl, string> {
  const parsed = parseDatabaseUrl(url)
  if (!parsed.ok) return fail(`DATABASE_URL ${parsed.fault}`)
  const address = withAuthority(parsed.value, authority)
  const files = readFiles(address)
  if (!files.ok) return files
  const { hosts, wanted, withoutEffect } = address
  const servers = hosts.map((host) => serverOptions(address, host, files.value))
  return ok({ servers, wanted, withoutEffect })
}

function serverOptions(
  address: DatabaseAddress,
  { host, port }: DatabaseAddress['hosts'][number],
  files: CertificateFiles,
): DriverOptions {
  const { user, password, database, connections, connectTimeout, keepAlive, parameters } = address
  const options: DriverOptions = {
    ...(host.startsWith('/') && { path: `${host}/.s.PGSQL.${port}` }),
    user,
    pass: password,
    database,
    ssl: tlsOptions(address, host, files),
    ...(connections !== undefined && { max: connections }),
    ...(connectTimeout !== undefined && { connect_timeout: connectTimeout }),
    ...(keepAlive !== undefined && { keep_alive: keepAlive === false ? null : keepAlive }),
    connection: parameters,
  }
  // Options that the driver takes but its types lack.
  const untyped = { host: [host], port: [port], ...(address.directTls && { sslnegotiation: 'direct' }) }
  return Object.assign(options, untyped)
}

const withAuthority = (address: DatabaseAddress, authority: string | undefined): DatabaseAddress =>
  authority === undefined || address.authority !== undefined
    ? address
    : { ...address, authority, tls: address.tls === 'chain' ? 'chain' : 'full' }

type CertificateFiles = Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>

function readFiles({ tls, authority, certificate, key }: DatabaseAddress): Result<CertificateFiles, string> {
  if (tls === 'off' || tls === 'if_offered') return ok({})
  try {
    const files = {
      ...(authority !== undefined && authority !== 'system' && { ca: readAuthority(authority) }),
      ...(certificate !== undefined && { cert: readFileSync(certificate) }),
      ...(key !== undefined && { key: readFileSync(key) }),
    }
    // The driver would do this where nobody catches what it throws.
    createSecureContext(files)
    return ok(files)
  } catch (error) {
    return fail(
      'DATABASE_URL (sslrootcert, sslcert, sslkey) or PROMO_DATABASE_CA names a file that cannot be ' +
        `used: ${messageOf(error)}. Name PEM files that the site's user may read, and the key of sslcert`,
    )
  }
}

/** TLS would ignore a file in which it finds no certificate, and then trust nobody. */
function readAuthority(path: string): string {
  const text = readFileSync(path, 'utf8')
  try {
    new X509Certificate(text)
    return text
  } catch {
    throw new Error(`there is no certificate in ${path}`)
  }
}

function tlsOptions(
  { tls }: DatabaseAddress,
  host: string,
  files: CertificateFiles,
): false | 'prefer' | ConnectionOptions {
  // A Unix socket never has TLS, whatever is asked for.
  if (tls === 'off' || host.startsWith('/')) return false
  if (tls === 'if_offered') return 'prefer'
  return {
    rejectUnauthorized: tls !== 'unchecked',
    // The certificate of an IP address is not checked against a name.
    ...(isIP(host) !== 0 && { host }),
    ...(tls === 'chain' && { checkServerIdentity: () => undefined }),
    ...files,
  }
}
