import { readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { appendFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import type { InTurn } from '../base/queue.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import { eventSchema, type TrackingEvent } from '../model/event.ts'

/** An event that the database refused, when (milliseconds since 1970), and why. */
export type Reject = { rejected_at: number; reason: string; event: TrackingEvent }

export type Rejects = {
  /**
   * Appends to the rejects file, except unchecked clicks on unknown texts: anybody can make those up, and they would
   * fill the disk. On failure, the caller has to keep them.
   */
  append(rejects: readonly Reject[]): Promise<Result<void, { message: string }>>
  /** The same for events that were tried before: those that the file has are left out. */
  appendNew(rejects: readonly Reject[]): Promise<Result<void, { message: string }>>
  /** How many lines the file has. */
  count(): number
}

const schema = v.object({ rejected_at: v.number(), reason: v.string(), event: eventSchema })

const madeUp = ['unknown_variation', 'other_slug']

export const rejectsFile = (folder: string): string => join(folder, 'rejects.ndjson')

/** The file of events that the database rejects, one JSON object per line. */
export function createRejects(folder: string, inTurn: InTurn): Rejects {
  const path = rejectsFile(folder)
  let torn = false
  let known = { version: '', lines: 0 }

  const write = async (lines: string): Promise<Result<void, { message: string }>> => {
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await appendFile(path, torn ? `\n${lines}` : lines, { mode: 0o600 })
      torn = false
      return ok(undefined)
    } catch (error) {
      torn = true
      return fail({ message: messageOf(error) })
    }
  }

  const append = async (rejects: readonly Reject[]): Promise<Result<void, { message: string }>> => {
    const kept = rejects.filter(({ reason }) => !madeUp.includes(reason))
    if (kept.length === 0) return ok(undefined)
    const lines = kept.map((reject) => `${JSON.stringify(withoutDetails(reject))}\n`).join('')
    return await inTurn(() => write(lines))
  }

  return {
    append,
    async appendNew(rejects) {
      const known = rejects.length > 0 ? readLines(path).join('\n') : ''
      return await append(rejects.filter(({ event }) => !known.includes(event.event_id)))
    },
    count() {
      const version = versionOf(path)
      if (version !== known.version) known = { version, lines: readLines(path).length }
      return known.lines
    },
  }
}

/**
 * Takes the rejects out of the file, for another try: the file is set aside first, so that new rejects start a new one;
 * until `done`, another call returns it again. `done`, called with milliseconds since 1970, deletes it, or renames it
 * if it has unreadable lines.
 */
export function takeRejects(folder: string): {
  rejects: Reject[]
  damaged: number
  done: (now: number) => void
} {
  const aside = `${rejectsFile(folder)}.replaying`
  let lines = readLines(aside)
  if (lines.length === 0 && readLines(rejectsFile(folder)).length > 0) {
    renameSync(rejectsFile(folder), aside)
    lines = readLines(aside)
  }
  const parsed = lines.map(parseLine)
  const rejects = parsed.filter((reject) => reject !== undefined)
  const damaged = parsed.length - rejects.length
  return {
    rejects,
    damaged,
    done(now) {
      if (damaged > 0) renameSync(aside, `${rejectsFile(folder)}.damaged-${now}`)
      else rmSync(aside, { force: true })
    },
  }
}

/** Rejects may be kept for long, so they contain nothing about the visitor. */
function withoutDetails(reject: Reject): Reject {
  if (reject.event.kind !== 'click') return reject
  return {
    ...reject,
    event: { ...reject.event, referrer: null, user_agent: null, ip_hash: null, address_hash: null },
  }
}

/** Changes with the file: reading all of it whenever metrics are read would delay redirects. */
function versionOf(path: string): string {
  try {
    const { size, mtimeMs } = statSync(path)
    return `${size} ${mtimeMs}`
  } catch {
    return ''
  }
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').filter(Boolean)
  } catch {
    return []
  }
}

function parseLine(line: string): Reject | undefined {
  try {
    const parsed = v.safeParse(schema, JSON.parse(line))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
