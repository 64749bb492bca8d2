import { createHash } from 'node:crypto'
import { existsSync, realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { makeDataFolder } from '../../base/data-folder.ts'
import { ok, type Result } from '../../base/result.ts'
import { canEnter, chooseAccount } from './account.ts'
import { copyBinaries, makeOpenFolder, type PostgresBinaries, whyNotRunnable } from './binaries.ts'
import { type EmbeddedFault, fault, reasonOf } from './fault.ts'
import type { Account } from './run.ts'

/** Where the server's files are and who runs it. `notice` describes a place other than the data folder. */
export type Place = {
  home: string
  cluster: string
  binaries: PostgresBinaries
  account: Account | undefined
  notice: string | undefined
}

/** For data and binaries of a site that root runs from a folder that the user `postgres` cannot enter. */
export const usualSharedDir = '/var/lib/promo-tracking'

export const clusterIn = (home: string): string => join(home, 'postgres')

const holdsCluster = (home: string): boolean => existsSync(join(clusterIn(home), 'PG_VERSION'))

function outsideHome(dataDir: string, sharedDir: string): string {
  const path = existsSync(dataDir) ? realpathSync(dataDir) : resolve(dataDir)
  return join(sharedDir, createHash('sha256').update(path).digest('hex').slice(0, 16))
}

/** The folder that already holds the cluster of a data folder, or the data folder itself. */
export function knownHome(dataDir: string, sharedDir: string): string {
  const outside = outsideHome(dataDir, sharedDir)
  return holdsCluster(outside) ? outside : resolve(dataDir)
}

/** Decides where cluster and binaries are, and creates the folders and the account that are missing. */
export async function choosePlace(
  dataDir: string,
  sharedDir: string,
  packaged: PostgresBinaries,
): Promise<Result<Place, EmbeddedFault>> {
  try {
    makeDataFolder(dataDir)
    const known = knownHome(dataDir, sharedDir)
    const account = await chooseAccount(clusterIn(known))
    if (!account.ok) return account
    const home = await enterableHome(known, dataDir, sharedDir, account.value)
    if (!home.ok) return home
    const binaries = await runnableBinaries(packaged, sharedDir, account.value)
    if (!binaries.ok) return binaries
    const moved = [
      ...(home.value === resolve(dataDir) ? [] : [`data in ${home.value}`]),
      ...(binaries.value === packaged ? [] : [`binaries in ${binaries.value.native}`]),
    ].join(', ')
    return ok({
      home: home.value,
      cluster: clusterIn(home.value),
      binaries: binaries.value,
      account: account.value,
      notice: moved
        ? `PostgreSQL runs as ${account.value?.name}, who could not enter the site's folder: ${moved}`
        : undefined,
    })
  } catch (error) {
    return notWritable(dataDir, error)
  }
}

export const notWritable = (folder: string, error: unknown) =>
  fault(
    'not_writable',
    `The data folder ${resolve(folder)} cannot be written (${reasonOf(error)}). ` +
      'Make it writable for the user who starts the site, or set PROMO_DATA_DIR to another folder.',
  )

async function enterableHome(
  known: string,
  dataDir: string,
  sharedDir: string,
  account: Account | undefined,
): Promise<Result<string, EmbeddedFault>> {
  const outside = outsideHome(dataDir, sharedDir)
  if (known === outside || !account || (await canEnter(account, known))) return ok(known)
  if (holdsCluster(known)) return notEnterable(known, account)
  await makeOpenFolder(sharedDir)
  await makeOpenFolder(outside)
  return (await canEnter(account, outside)) ? ok(outside) : notEnterable(outside, account)
}

const notEnterable = (home: string, account: Account) =>
  fault(
    'not_writable',
    `The database in ${clusterIn(home)} belongs to ${account.name}, who cannot enter ${home}. ` +
      'Allow it on every folder of that path (chmod o+x), or set PROMO_DATA_DIR to a folder that every user can enter.',
  )

async function runnableBinaries(
  packaged: PostgresBinaries,
  sharedDir: string,
  account: Account | undefined,
): Promise<Result<PostgresBinaries, EmbeddedFault>> {
  const obstacle = await whyNotRunnable(packaged, account)
  if (obstacle === undefined) return ok(packaged)
  const copied = account ? await copyBinaries(packaged, sharedDir) : packaged
  const remaining = account ? await whyNotRunnable(copied, account) : obstacle
  if (remaining === undefined) return ok(copied)
  return fault(
    'no_binaries',
    `The PostgreSQL binaries in ${copied.native} do not run here: ${remaining}. ` +
      'Set DATABASE_URL to a PostgreSQL server instead.',
  )
}
