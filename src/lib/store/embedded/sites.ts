import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { isMarkAlive } from '../../operations/process-mark.ts'

const Sites = v.array(v.string())

const fileIn = (cluster: string): string => join(cluster, 'promo.sites.json')

function liveSites(cluster: string): string[] {
  try {
    return v.parse(Sites, JSON.parse(readFileSync(fileIn(cluster), 'utf8'))).filter(isMarkAlive)
  } catch {
    return []
  }
}

/** Notes that the process with this mark uses the server; again changes nothing. The caller holds the lock. */
export function joinSites(cluster: string, mark: string): void {
  const sites = new Set([...liveSites(cluster), mark])
  writeFileSync(fileIn(cluster), JSON.stringify([...sites]), { mode: 0o600 })
}

/** Takes the note back; answers how many live processes remain. The caller holds the lock. */
export function leaveSites(cluster: string, mark: string): number {
  const remaining = liveSites(cluster).filter((site) => site !== mark)
  writeFileSync(fileIn(cluster), JSON.stringify(remaining), { mode: 0o600 })
  return remaining.length
}
