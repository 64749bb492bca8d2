import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { chmod, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import {
  changedAt,
  createJudgeLife,
  type LifeOptions,
  type LifeState,
  livesHere,
  type Owner,
  ownProcess,
  readOwner,
} from '../../processes/life-signs.ts'

/**
 * Which sites use the server of a data folder: each has a file in `postgres.sites`. Only a process of the same host,
 * boot and PID namespace can see whether a server runs; a second server on the same files would destroy them.
 */
export type Sites = {
  /** Records that this process uses the server; repeated calls renew its sign of life. */
  join(): Promise<void>
  /** Removes the record; returns how many live processes of this place remain. The caller holds the lock. */
  leave(): Promise<number>
  /** Whether another live process of this place uses the server, for a process that ends and cannot wait. */
  hasOthers(): boolean
  /**
   * A site elsewhere that may have the server running; records of those that are gone are removed. `clock` is when the
   * file system has just changed a file. The caller holds the lock.
   */
  elsewhere(clock: number): Promise<{ host: string; seconds: number } | undefined>
}

export function sitesOf(home: string, options: LifeOptions = {}): Sites {
  const folder = join(home, 'postgres.sites')
  const judge = createJudgeLife(options)
  const own = JSON.stringify({ host: hostname(), ...ownProcess(options.place) })
  const ownFile = join(folder, `${createHash('sha256').update(own).digest('hex').slice(0, 16)}.site`)

  const others = async (clock: number) => {
    const names = await readdir(folder).catch(() => [])
    const found: { path: string; owner: Owner | undefined; sign: number; state: LifeState }[] = []
    for (const path of names.filter((name) => name.endsWith('.site')).map((name) => join(folder, name))) {
      const sign = await changedAt(path)
      if (path === ownFile || sign === undefined) continue
      const owner = await readOwner(path)
      found.push({ path, owner, sign, state: judge(path, owner, sign, clock) })
    }
    return found
  }

  return {
    async join() {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      // A full disk accepts neither new contents nor times, but a new mode.
      await writeFile(ownFile, own, { mode: 0o600 }).catch(() => chmod(ownFile, 0o600))
    },
    async leave() {
      await rm(ownFile, { force: true })
      return (await others(0)).filter(({ state }) => state === 'lives').length
    },
    hasOthers() {
      const names = existsSync(folder) ? readdirSync(folder) : []
      return names.map((name) => join(folder, name)).some((path) => path !== ownFile && livesHere(path))
    },
    async elsewhere(clock) {
      let living: { host: string; seconds: number } | undefined
      for (const { path, owner, sign, state } of await others(clock)) {
        if (state === 'gone' || state === 'silent') await rm(path, { force: true })
        if (state === 'unknown')
          living = { host: owner?.host ?? 'unknown', seconds: Math.max(0, Math.round((clock - sign) / 1000)) }
      }
      return living
    },
  }
}
