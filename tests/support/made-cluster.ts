import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { createCluster, readAccess, writeAccess } from '../../src/lib/database/embedded/cluster.ts'
import type { Place } from '../../src/lib/database/embedded/place.ts'

const copy = (from: string, to: string) => promisify(execFile)('cp', ['-a', from, to])

/**
 * Lays a cluster as the first start makes it, with a port of its own: a copy of one that was made before, since
 * `initdb` takes a second.
 */
export async function layCluster(place: Place, port: number): Promise<void> {
  const made = madeFor(place)
  if (!existsSync(made)) await make(place, made)
  await copy(made, place.cluster)
  await writeAccess(place, { ...readAccess(place.cluster), port })
}

/** Where it is kept, for these programs, their user, and how a cluster is made today. */
function madeFor({ binaries, account }: Place): string {
  const way = createHash('sha256').update(readFileSync('src/lib/database/embedded/cluster.ts'))
  const name = [binaries.version, account?.uid ?? process.getuid?.(), way.digest('hex').slice(0, 12)]
  return resolve('node_modules/.cache/clusters-for-tests', name.join('-'))
}

/** The first to be ready keeps its own; PostgreSQL's user may not be able to enter where it is kept. */
async function make({ binaries, account, cluster }: Place, made: string): Promise<void> {
  const created = await createCluster(binaries, account, cluster, 0)
  if (!created.ok) throw new Error(created.fault.message)
  const unfinished = `${made}.${process.pid}`
  mkdirSync(resolve(made, '..'), { recursive: true })
  await copy(cluster, unfinished)
  rmSync(cluster, { recursive: true })
  try {
    renameSync(unfinished, made)
  } catch {
    rmSync(unfinished, { recursive: true })
  }
}
