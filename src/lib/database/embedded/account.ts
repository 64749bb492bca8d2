import { chown, lstat, readdir, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ok, type Result } from '../../base/result.ts'
import { type EmbeddedFault, fault } from './fault.ts'
import { takeLock } from './lock.ts'
import { type Account, run } from './run.ts'

const accountName = 'postgres'
/** How long another process may take to create it, in milliseconds. */
const creationWait = 30_000

/**
 * The user to run PostgreSQL as: the site's own, except that PostgreSQL refuses root. Then it is the owner
 * of the cluster if there is one, otherwise the user `postgres`, who is created if missing.
 */
export async function chooseAccount(cluster: string): Promise<Result<Account | undefined, EmbeddedFault>> {
  const own = process.getuid?.()
  const owner = await stat(cluster).catch(() => undefined)
  if (own !== 0)
    return own === undefined || !owner || owner.uid === own ? ok(undefined) : notOurs(cluster, owner.uid, own)
  const account = owner && owner.uid !== 0 ? await ownerOf(owner) : ((await lookUp()) ?? (await create()))
  if (!account) return refused(`the user "${accountName}" could not be created`)
  const become = await run('id', ['-u'], { account })
  return become.code === 0
    ? ok(account)
    : refused(
        `root may not run programs as ${account.name} here (${become.output}; it takes the capabilities ` +
          'CHOWN, SETGID and SETUID)',
      )
}

const notOurs = (cluster: string, owner: number, own: number) =>
  fault(
    'not_writable',
    `The database in ${cluster} belongs to the user id ${owner}, and the site runs as ${own}: ` +
      'PostgreSQL accepts no other user than its ' +
      `owner. Run the site as ${owner}, give it the folder ("chown -R ${own} ${cluster}"), or set ` +
      'PROMO_DATA_DIR to another one.',
  )

const refused = (reason: string) =>
  fault(
    'start_failed',
    `PostgreSQL does not run as root, and ${reason}. Start the site as an ordinary user who can write to the data ` +
      'folder, or set DATABASE_URL to a PostgreSQL server.',
  )

async function ownerOf({ uid, gid }: { uid: number; gid: number }): Promise<Account> {
  const named = await run('id', ['-un', `${uid}`])
  return { uid, gid, name: named.code === 0 ? named.output : `user ${uid}` }
}

async function lookUp(): Promise<Account | undefined> {
  const [uid, gid] = await Promise.all([run('id', ['-u', accountName]), run('id', ['-g', accountName])])
  if (uid.code !== 0 || gid.code !== 0) return undefined
  return { uid: Number(uid.output), gid: Number(gid.output), name: accountName }
}

// One process per machine at a time: two concurrent runs of useradd give the user two different ids.
async function create(): Promise<Account | undefined> {
  const release = await takeLock(join(tmpdir(), 'promo-tracking-account.lock'), creationWait)
  try {
    const meanwhile = await lookUp()
    if (meanwhile) return meanwhile
    const made = await run('useradd', ['--system', '--user-group', '--no-create-home', accountName])
    if (made.code !== 0) {
      await run('addgroup', ['-S', accountName])
      await run('adduser', ['-S', '-D', '-H', '-G', accountName, accountName])
    }
    return await lookUp()
  } finally {
    release?.()
  }
}

/** Whether the account can enter the folder, for whatever reason. */
export async function canEnter(account: Account, folder: string): Promise<boolean> {
  return (await run('/bin/sh', ['-c', 'cd -- "$0"', folder], { account })).code === 0
}

/** Makes the account the owner of a file or folder and its contents. */
export async function giveTo(account: Account | undefined, path: string): Promise<void> {
  if (!account) return
  await chown(path, account.uid, account.gid)
  if (!(await lstat(path)).isDirectory()) return
  for (const name of await readdir(path)) {
    const entry = join(path, name)
    if (!(await lstat(entry)).isSymbolicLink()) await giveTo(account, entry)
  }
}
