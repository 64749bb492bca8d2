import { readFile, stat } from 'node:fs/promises'
import * as v from 'valibot'
import { isMarkAlive, processMark, processPlace } from './process-mark.ts'

/**
 * Processes that share a folder show by a file that they live. A process of the same place is looked up. Every
 * other is gone when it has shown no sign for a minute: the sign is when the file system last changed its file,
 * measured against a change of a file of one's own. So it is one clock that tells, the file system's, and since
 * that may jump, the silence has to be watched as well. What cannot be read is not known, and nobody is taken
 * for gone by it.
 *
 * `gone` was looked up; `silent` has shown no sign.
 */
export type LifeState = 'lives' | 'gone' | 'silent' | 'unknown'

const ownerSchema = v.object({ process: v.string(), place: v.string(), host: v.optional(v.string()) })

/** Who a file says that its process is. */
export type Owner = v.InferOutput<typeof ownerSchema>

/** Processes show a sign every ten seconds. */
export const beatEvery = 10_000
const watchedFor = 20_000

/** A process that cannot be looked up says nothing of itself, and is not taken for gone then. */
export const ownProcess = (place = processPlace()) => ({ process: processMark(process.pid), place })

export const readOwner = async (path: string): Promise<Owner | undefined> => {
  try {
    return v.parse(ownerSchema, JSON.parse(await readFile(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** When the file system last changed anything of a file, by its own clock; nobody can set that time. */
export const changedAt = async (path: string): Promise<number | undefined> => {
  try {
    return (await stat(path)).ctimeMs
  } catch {
    return undefined
  }
}

export type LifeOptions = {
  /** Where processes can be looked up. */
  place?: string
  /** A clock of this process in milliseconds, from anywhere, that never jumps. */
  watch?: () => number
  /** How many milliseconds by the file system's clock make a silence. */
  silentFor?: number
}

/** Judges by what a file says, by its last sign, and by the file system's clock (a change of a file just now). */
export type JudgeLife = (
  name: string,
  owner: Owner | undefined,
  sign: number | undefined,
  clock: number,
) => LifeState

/** Remembers what it has seen of each name, so that a silence is one that was watched. */
export function createJudgeLife({
  place = processPlace(),
  watch = () => performance.now(),
  silentFor = 60_000,
}: LifeOptions = {}): JudgeLife {
  const signs = new Map<string, { sign: number; since: number }>()

  const isSilent = (name: string, sign: number, clock: number): boolean => {
    const seen = signs.get(name)
    if (seen?.sign === sign) return clock - sign > silentFor && watch() - seen.since >= watchedFor
    signs.set(name, { sign, since: watch() })
    return false
  }

  return (name, owner, sign, clock) => {
    if (owner?.place === place) return isMarkAlive(owner.process) ? 'lives' : 'gone'
    return sign !== undefined && isSilent(name, sign, clock) ? 'silent' : 'unknown'
  }
}
