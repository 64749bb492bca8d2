import { randomBytes } from 'node:crypto'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as v from 'valibot'
import { ok, type Result } from '../../base/result.ts'
import { giveTo } from './account.ts'
import { majorVersion, type PostgresBinaries } from './binaries.ts'
import { type EmbeddedFault, fault, reasonOf } from './fault.ts'
import type { Place } from './place.ts'
import { type Account, complaintsIn, run } from './run.ts'

/** Name of the role that owns everything, and of its database. */
export const role = 'promo'

const clusterAccessSchema = v.object({ password: v.string(), port: v.number() })

/** How to connect: the generated password, and the last loopback port. */
export type ClusterAccess = v.InferOutput<typeof clusterAccessSchema>

type Owned = Pick<Place, 'cluster' | 'account'>

const accessFile = (cluster: string): string => join(cluster, 'promo.json')

export const readAccess = (cluster: string): ClusterAccess =>
  v.parse(clusterAccessSchema, JSON.parse(readFileSync(accessFile(cluster), 'utf8')))

/** Replaces the file atomically, so that a crash leaves the old or the new one. */
export async function writeAccess({ cluster, account }: Owned, access: ClusterAccess): Promise<void> {
  const unfinished = `${accessFile(cluster)}.new`
  writeFileSync(unfinished, JSON.stringify(access), { mode: 0o600 })
  await giveTo(account, unfinished)
  renameSync(unfinished, accessFile(cluster))
}

/** Writes the settings of the next start. */
export async function writeSettings({ cluster, account }: Owned, port: number): Promise<void> {
  const file = join(cluster, 'promo.conf')
  writeFileSync(file, settings(port), { mode: 0o600 })
  await giveTo(account, file)
}

// The server's log has what clients do not see: its starts, stops and crashes. Statements and errors, which can contain
// a visitor's data, only go to the client. Files are reused every week, so the log stays bounded.
const settings = (port: number): string => `# Written at every start. Change settings with "alter system".
listen_addresses = '127.0.0.1'
port = ${port}
unix_socket_directories = ''
max_connections = 50
shared_buffers = '64MB'
max_wal_size = '512MB'
timezone = 'UTC'
log_timezone = 'UTC'
logging_collector = on
log_directory = 'log'
log_filename = 'postgresql-%a.log'
log_truncate_on_rotation = on
log_rotation_age = '1d'
log_min_messages = 'log'
log_min_error_statement = 'panic'
log_error_verbosity = 'terse'
log_checkpoints = off
`

/**
 * Creates the cluster with its role and database if there is none. It is created next to its final place and moved
 * there when complete: what a crash leaves is done again. The caller holds the lock.
 */
export async function ensureCluster(place: Place, port: number): Promise<Result<void, EmbeddedFault>> {
  const { cluster, binaries, account } = place
  if (existsSync(join(cluster, 'PG_VERSION'))) {
    if (account && statSync(cluster).uid !== account.uid) await giveTo(account, cluster)
    const version = checkVersion(cluster, binaries)
    return version.ok ? closeToOthers(cluster) : version
  }
  if (existsSync(cluster) && readdirSync(cluster).length > 0) {
    return fault(
      'start_failed',
      `${cluster} holds something other than a PostgreSQL data folder: move it away.`,
    )
  }
  await removeUnfinished(cluster)
  const unfinished = `${cluster}.new-${randomBytes(6).toString('hex')}`
  const made = await createCluster(binaries, account, unfinished, port)
  if (made.ok) await rename(unfinished, cluster)
  await removeUnfinished(cluster)
  return made
}

/** Runs initdb in a folder that does not exist yet. Password and port are in its access file. */
export async function createCluster(
  binaries: PostgresBinaries,
  account: Account | undefined,
  cluster: string,
  port: number,
): Promise<Result<void, EmbeddedFault>> {
  const password = randomBytes(24).toString('base64url')
  const passwordFile = `${cluster}.password`
  await mkdir(cluster, { mode: 0o700 })
  const closed = closeToOthers(cluster)
  if (!closed.ok) return closed
  writeFileSync(passwordFile, password, { mode: 0o600 })
  await giveTo(account, cluster)
  await giveTo(account, passwordFile)
  const options = ['-D', cluster, '-U', role, '--auth=scram-sha-256', `--pwfile=${passwordFile}`]
  const initdb = await run(binaries.initdb, [...options, ...storage(binaries)], { account })
  await rm(passwordFile)
  if (/could not look up effective user ID/.test(initdb.output)) return namelessUser()
  if (initdb.code !== 0) return fault('start_failed', `initdb failed: ${complaintsIn(initdb.output)}`)
  appendFileSync(join(cluster, 'postgresql.conf'), "include_if_exists = 'promo.conf'\n")
  const single = ['--single', '-D', cluster, 'postgres']
  const created = await run(binaries.postgres, single, { account, input: `create database ${role};\n` })
  if (created.code !== 0 || /ERROR|FATAL|PANIC/.test(created.output)) {
    return fault('start_failed', `The database could not be created: ${complaintsIn(created.output)}`)
  }
  await writeAccess({ cluster, account }, { password, port })
  return ok(undefined)
}

const openToOthers = 0o027

/**
 * PostgreSQL refuses a folder that others may enter, as is the case with volumes with a group of their own and with
 * restored backups.
 */
function closeToOthers(cluster: string): Result<void, EmbeddedFault> {
  const { mode } = statSync(cluster)
  if (process.platform === 'win32' || (mode & openToOthers) === 0) return ok(undefined)
  let reason = 'the file system does not store permissions'
  try {
    chmodSync(cluster, 0o700)
    if ((statSync(cluster).mode & openToOthers) === 0) return ok(undefined)
  } catch (error) {
    reason = reasonOf(error)
  }
  return fault(
    'not_writable',
    `The database folder ${cluster} is open to others (mode ${(mode & 0o777).toString(8)}), which ` +
      'PostgreSQL refuses, and its ' +
      `permissions cannot be changed (${reason}). Set PROMO_DATA_DIR to a folder on a file system with ` +
      'permissions, not a ' +
      'share or a folder of Windows, or set DATABASE_URL to a PostgreSQL server.',
  )
}

const namelessUser = () =>
  fault(
    'start_failed',
    `The user id ${process.getuid?.()} has no name here, as in OpenShift, and PostgreSQL needs one to ` +
      'create a database. Give ' +
      'it a line in /etc/passwd, by the image or by nss_wrapper (LD_PRELOAD, NSS_WRAPPER_PASSWD, ' +
      'NSS_WRAPPER_GROUP), run the ' +
      'container as a user of the image, or set DATABASE_URL to a PostgreSQL server.',
  )

// A collation that does not depend on the system's locales; since version 17 there is one for Unicode.
const storage = (binaries: PostgresBinaries): string[] => [
  '--data-checksums',
  '--encoding=UTF8',
  '--locale=C',
  ...(majorVersion(binaries) >= 17 ? ['--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : []),
]

async function removeUnfinished(cluster: string): Promise<void> {
  const names = await readdir(dirname(cluster))
  for (const name of names.filter((name) => name.startsWith(`${basename(cluster)}.new-`))) {
    // An initdb whose site was killed may still write into it; then the next start removes it.
    await rm(join(dirname(cluster), name), { recursive: true, force: true }).catch(() => undefined)
  }
}

function checkVersion(cluster: string, binaries: PostgresBinaries): Result<void, EmbeddedFault> {
  const found = Number.parseInt(readFileSync(join(cluster, 'PG_VERSION'), 'utf8'), 10)
  const ours = majorVersion(binaries)
  const facts = `The data folder ${cluster} is of PostgreSQL ${found}, the installed binaries are PostgreSQL ${ours}.`
  if (found > ours) {
    return fault(
      'newer_version',
      `${facts} Install the version of this project that made it, or set PROMO_DATA_DIR to another folder.`,
    )
  }
  if (found < ours) {
    return fault(
      'older_version',
      `${facts} Dump it with pg_dump under PostgreSQL ${found} and restore it into a new data folder ` +
        `(PROMO_DATA_DIR), or run PostgreSQL ${found} on it and set DATABASE_URL.`,
    )
  }
  return ok(undefined)
}
