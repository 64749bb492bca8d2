import { readdirSync, statSync } from 'node:fs'
import { open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { Log } from '../base/log.ts'
import { messageOf } from '../base/result.ts'

/** What could not be read from the journal, kept next to it byte for byte. */
export type Damaged = {
  /** Appends lines that were read from a segment; returns whether they are on disk. */
  keep(lines: readonly Buffer[], segment: string | undefined): Promise<boolean>
  /** The files that there are. */
  paths(): string[]
  /** Size of the files. */
  bytes(): number
  /** Deletes files that got their last line before a time in milliseconds since 1970. */
  forget(before: number): Promise<void>
}

/** The file for today's damaged lines. */
export const damagedFile = (folder: string): string => join(folder, 'damaged.lines')

const ofDay = (folder: string, day: string): string => join(folder, `damaged-${day}.lines`)
const namePattern = /^damaged(?:-\d{4}-\d{2}-\d{2})?\.lines$/
const lineBreak = Buffer.from('\n')

/**
 * Together the files may grow to `maxBytes`; after that, segments with damaged lines stay in the journal, which has a
 * limit of its own. Each file has the lines of one UTC day, so that old ones can be deleted. A line may be there twice
 * if the process ended between keeping it and deleting its segment.
 */
export function createDamaged(options: {
  folder: string
  maxBytes: number
  now: () => number
  log: Log
  onDamaged: (lines: number) => void
}): Damaged {
  const { folder, maxBytes, now, log, onDamaged } = options
  const path = damagedFile(folder)

  const paths = (): string[] => damagedPaths(folder)
  const bytes = (): number => paths().reduce((sum, one) => sum + sizeOf(one), 0)

  /** Renames the file of an earlier day to its date, unless that file exists. */
  const endDay = async (): Promise<void> => {
    const written = await lastWritten(path)
    if (written === undefined || dayOf(written) === dayOf(now())) return
    const ended = ofDay(folder, dayOf(written))
    if ((await lastWritten(ended)) === undefined) await rename(path, ended)
  }

  const append = async (lines: readonly Buffer[]): Promise<void> => {
    await endDay()
    const file = await open(path, 'a', 0o600)
    try {
      const whole = Buffer.concat(lines.flatMap((line) => [line, lineBreak]))
      if (bytes() + whole.length > maxBytes)
        throw new Error(`damaged lines have reached ${maxBytes} bytes: move their files away`)
      await file.appendFile(whole)
      await file.datasync()
    } finally {
      await file.close()
    }
  }

  return {
    async keep(lines, segment) {
      if (lines.length === 0) return true
      onDamaged(lines.length)
      const about = { segment, damaged: lines.length, file: path }
      try {
        await append(lines)
        log.warn(about, 'journal lines could not be read and were set aside')
        return true
      } catch (error) {
        const reason = messageOf(error)
        log.error(
          { ...about, reason },
          'journal lines could be neither read nor set aside: their segment stays',
        )
        return false
      }
    },
    paths,
    bytes,
    async forget(before) {
      await forgetDamaged(folder, before, log)
    },
  }
}

function damagedPaths(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((name) => namePattern.test(name))
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

/** The files in a journal's folder that got their last line before a time in milliseconds since 1970. */
export async function oldDamaged(folder: string, before: number): Promise<string[]> {
  const found = await Promise.all(
    damagedPaths(folder).map(async (path) => ({ path, written: await lastWritten(path) })),
  )
  return found.filter(({ written }) => written !== undefined && written < before).map(({ path }) => path)
}

/** Deletes them, and returns how many were deleted. */
export async function forgetDamaged(folder: string, before: number, log: Log): Promise<number> {
  let deleted = 0
  for (const path of await oldDamaged(folder, before)) {
    const file = basename(path)
    try {
      await rm(path, { force: true })
      deleted += 1
      log.warn({ file }, 'damaged lines were deleted: they had reached the age limit of details')
    } catch (error) {
      log.error({ file, reason: messageOf(error) }, 'damaged lines beyond the age limit could not be deleted')
    }
  }
  return deleted
}

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10)

function sizeOf(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

async function lastWritten(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs
  } catch {
    return undefined
  }
}
