import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import * as v from 'valibot'
import { isMarkAlive, processMark } from '../operations/process-mark.ts'
import { instanceOfSegment, type SegmentFile } from './journal.ts'

/**
 * Which running process writes which segments. Several instances may share the folder: each writes its own segments
 * and a file `<instance>.owner` that says who it is, and takes over the segments of those that are gone.
 */
export type Instance = {
  id: string
  /** Shows other hosts that share the folder that this instance lives. */
  beat(): void
  /** The segments whose writers are gone, oldest first. */
  orphans(): SegmentFile[]
  /** Gives up the name, at a graceful stop. */
  leave(): void
}

const ownerSchema = v.object({ host: v.string(), process: v.string() })

/** An owner on another host, whose process cannot be looked up, counts as gone after this many milliseconds. */
const silentFor = 60_000

export function joinInstances(folder: string, now: () => number): Instance {
  const id = randomUUID().slice(0, 8)
  const ownerFile = (instance: string) => join(folder, `${instance}.owner`)
  const owner = { host: hostname(), process: processMark(process.pid) }
  let known = new Set<string>()

  const beat = () => {
    try {
      utimesSync(ownerFile(id), now() / 1000, now() / 1000)
    } catch {
      writeOwner()
    }
  }

  const writeOwner = () => {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 })
      writeFileSync(ownerFile(id), JSON.stringify(owner), { mode: 0o600 })
    } catch {
      // The next segment tries again.
    }
  }

  const isGone = (instance: string): boolean => {
    if (instance === id) return false
    try {
      const other = v.parse(ownerSchema, JSON.parse(readFileSync(ownerFile(instance), 'utf8')))
      if (other.host !== owner.host) return now() - statSync(ownerFile(instance)).mtimeMs > silentFor
      return !isMarkAlive(other.process)
    } catch {
      return true
    }
  }

  /** A segment whose owner file is missing may have a writer all the same: one that could not write the file. */
  const isAbandoned = ({ name, instance }: Segment): boolean => {
    try {
      if (existsSync(ownerFile(instance))) return isGone(instance)
      return instance !== id && now() - statSync(join(folder, name)).mtimeMs > silentFor
    } catch {
      return false
    }
  }

  writeOwner()

  return {
    id,
    beat,
    orphans() {
      const names = listFolder(folder)
      const segments = names.flatMap((name) => {
        const instance = instanceOfSegment(name)
        return instance === undefined ? [] : [{ name, instance }]
      })
      const found = segments
        .filter((segment) => !known.has(segment.name) && isAbandoned(segment))
        .sort(byName)
      known = new Set([...known, ...found.map(({ name }) => name)].filter((name) => names.includes(name)))
      for (const instance of names.flatMap(ownerOfFile)) {
        const writes = segments.some((segment) => segment.instance === instance)
        if (!writes && isGone(instance)) removeFile(ownerFile(instance))
      }
      return found.flatMap(({ name }) => sizeOf(join(folder, name)))
    },
    leave() {
      // A segment that stays behind needs its owner, to be known as gone at once.
      if (listFolder(folder).some((name) => instanceOfSegment(name) === id)) return
      removeFile(ownerFile(id))
    },
  }
}

type Segment = { name: string; instance: string }

const byName = (one: Segment, other: Segment): number => one.name.localeCompare(other.name)

const ownerOfFile = (name: string): string[] =>
  name.endsWith('.owner') ? [name.slice(0, -'.owner'.length)] : []

const removeFile = (path: string): void => {
  try {
    rmSync(path, { force: true })
  } catch {
    // An owner file too many costs nothing.
  }
}

const listFolder = (folder: string): string[] => {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

const sizeOf = (path: string): SegmentFile[] => {
  try {
    return [{ path, bytes: statSync(path).size }]
  } catch {
    return []
  }
}
