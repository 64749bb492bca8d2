import { readFileSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import * as v from 'valibot'
import { isMarkAlive, processMark, processPlace } from './process-mark.ts'

/**
 * Processes that share a folder show by a file that they are alive. A process of the same place is looked up. Any other
 * is gone when it has given no sign of life for a minute: the sign is when the file system last changed its file,
 * measured against a change of one's own file. So only one clock counts, the file system's, and since that may jump,
 * the silence has to be watched as well. A file that cannot be read proves nothing.
 *
 * `gone` was looked up; `silent` has given no sign of life.
 */
export type LifeState = 'lives' | 'gone' | 'silent' | 'unknown'

const ownerSchema = v.object({ process: v.string(), place: v.string(), host: v.optional(v.string()) })

/** The process that a file names. */
export type Owner = v.InferOutput<typeof ownerSchema>

/** Processes renew their sign of life every ten seconds. */
export const beatEvery = 10_000
const watchedFor = 20_000

/** A process that cannot be looked up is not considered gone. */
export const ownProcess = (place = processPlace()) => ({ process: processMark(process.pid), place })

export const readOwner = async (path: string): Promise<Owner | undefined> => {
  try {
    return ownerIn(await readFile(path, 'utf8'))
  } catch {
    return undefined
  }
}

/** Whether the owner of a file is a live process of the same place, for a process that ends and cannot wait. */
export const livesHere = (path: string, place = processPlace()): boolean => {
  try {
    const owner = ownerIn(readFileSync(path, 'utf8'))
    return owner.place === place && isMarkAlive(owner.process)
  } catch {
    return false
  }
}

const ownerIn = (text: string): Owner => v.parse(ownerSchema, JSON.parse(text))

/** When the file system last changed anything about a file, by its own clock; no program can set that time. */
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
  /** A monotonic clock in milliseconds. */
  watch?: () => number
  /** How many milliseconds of silence, by the file system's clock, mean that a process is gone. */
  silentFor?: number
}

/**
 * Judges by the contents of a file, its last sign of life, and the file system's clock (from a file that was just
 * changed).
 */
export type JudgeLife = (
  name: string,
  owner: Owner | undefined,
  sign: number | undefined,
  clock: number,
) => LifeState

/** Remembers what it has seen of each name, so that a silence has been watched. */
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
