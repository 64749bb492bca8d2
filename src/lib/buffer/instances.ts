import { randomUUID } from 'node:crypto'
import { chmod, mkdir, open, readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { basename, join } from 'node:path'
import { changedAt, createJudgeLife, type LifeState, ownProcess, readOwner } from '../processes/life-signs.ts'
import { processPlace } from '../processes/process-mark.ts'
import { instanceOfSegment, replayedSign, type SegmentFile } from './segments.ts'

/**
 * Which running process writes which segments. Several instances may share the folder: each writes its own segments and
 * identifies itself in `<instance>.owner`, and takes over the segments of those that are gone.
 */
export type Instance = {
  id: string
  /** Renews this instance's sign of life for others that share the folder. Never rejects. */
  beat(): Promise<void>
  /**
   * The segments whose writers are gone, oldest first, each returned once; with `unknownToo` also those whose writers
   * may be alive. Never rejects.
   */
  orphans(unknownToo?: boolean): Promise<SegmentFile[]>
  /**
   * Whether the vanished segment of a batch was recorded: its own writer finds the taker's marker; a segment that was
   * taken over has been recorded by another taker, unless the folder was emptied.
   */
  wasReplayed(path: string): Promise<boolean>
  /** Segments for which the last check could not determine whether their writers are gone. */
  readonly undecided: number
  /** Deletes the owner file, at a graceful stop. */
  leave(): Promise<void>
}

type LeftSegment = { name: string; instance: string }

/** `keepSigns`: how many milliseconds takers' markers are kept; for the rest, see `LifeOptions`. */
export function joinInstances(
  folder: string,
  {
    place = processPlace(),
    watch = () => performance.now(),
    silentFor = 60_000,
    keepSigns = 86_400_000,
  } = {},
): Instance {
  const id = randomUUID().slice(0, 8)
  const ownerFile = (instance: string) => join(folder, `${instance}.owner`)
  // Instances of the former version identify a process by its host.
  const owner = Buffer.from(JSON.stringify({ host: hostname(), ...ownProcess(place) }))
  const judgeLife = createJudgeLife({ place, watch, silentFor })
  let known = new Set<string>()
  let undecided = 0
  let shown = false
  let emptied = false
  let beating = Promise.resolve()

  const beat = (): Promise<void> => {
    beating = beating.then(writeOwner).catch(() => {})
    return beating
  }

  const writeOwner = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    if (shown && (await changedAt(ownerFile(id))) === undefined) emptied = true
    shown = true
    // A full disk accepts neither new contents nor times, but a new mode.
    await fill(ownerFile(id), owner).catch(() => chmod(ownerFile(id), 0o600))
  }

  /** A writer that is alive has looked for them by then. */
  const forgetSigns = async (names: readonly string[], clock: number) => {
    for (const name of names.filter((name) => writerOfSign(name) !== undefined)) {
      const left = await changedAt(join(folder, name))
      if (left !== undefined && clock - left > keepSigns) await removeAll([name])
    }
  }

  const removeAll = (names: string[]) =>
    Promise.all(names.map((name) => rm(join(folder, name)).catch(() => {})))

  const judge = async (instance: string, sign: number | undefined, clock: number): Promise<LifeState> =>
    instance === id ? 'lives' : judgeLife(instance, await readOwner(ownerFile(instance)), sign, clock)

  /** If an instance could not write its owner file or has lost it, its segments are a sign of life. */
  const signOf = async (instance: string, segments: readonly LeftSegment[]): Promise<number | undefined> => {
    const own = await changedAt(ownerFile(instance))
    if (own !== undefined) return own
    const times = await Promise.all(segments.map(({ name }) => changedAt(join(folder, name))))
    const found = times.filter((time) => time !== undefined)
    return found.length === 0 ? undefined : Math.max(...found)
  }

  return {
    id,
    beat,
    async wasReplayed(path) {
      if (instanceOfSegment(path) === id) {
        const sign = replayedSign(path)
        if ((await changedAt(sign)) === undefined) return false
        await removeAll([basename(sign)])
        return true
      }
      await beat()
      return !emptied
    },
    get undecided() {
      return undecided
    },
    async orphans(unknownToo = false) {
      await beat()
      const clock = await changedAt(ownerFile(id))
      if (clock === undefined) return []
      const names = await listFolder(folder)
      const segments = names.flatMap((name) => {
        const instance = instanceOfSegment(name)
        return instance === undefined ? [] : [{ name, instance }]
      })
      const found: (LeftSegment & { mayLive: boolean })[] = []
      undecided = 0
      await forgetSigns(names, clock)
      for (const instance of new Set([
        ...segments.map((one) => one.instance),
        ...names.flatMap(ownerOfFile),
      ])) {
        const written = segments.filter((segment) => segment.instance === instance)
        const state = await judge(instance, await signOf(instance, written), clock)
        if ((state === 'gone' || state === 'silent') && written.length === 0)
          await removeAll([`${instance}.owner`])
        if (state === 'unknown' && !unknownToo) undecided += written.length
        else if (state !== 'lives')
          found.push(
            ...written
              .filter(({ name }) => !known.has(name))
              .map((one) => ({ ...one, mayLive: state !== 'gone' })),
          )
      }
      known = new Set([...known, ...found.map(({ name }) => name)].filter((name) => names.includes(name)))
      const files = await Promise.all(
        found.sort(byName).map(({ name, mayLive }) => sizeOf(join(folder, name), mayLive)),
      )
      return files.flat()
    },
    async leave() {
      await beating
      // A segment that is left needs its owner file, so that others know at once that its writer is gone.
      const names = await listFolder(folder)
      if (names.some((name) => instanceOfSegment(name) === id)) return
      await removeAll([`${id}.owner`, ...names.filter((name) => writerOfSign(name) === id)])
    },
  }
}

/** Overwrites a file without truncating it first, since the disk may be full. */
async function fill(path: string, content: Buffer): Promise<void> {
  const file = await open(path, 'r+', 0o600).catch(() => open(path, 'w', 0o600))
  try {
    await file.write(content, 0, content.length, 0)
  } finally {
    await file.close()
  }
}

const listFolder = (folder: string): Promise<string[]> => readdir(folder).catch(() => [])

const byName = (one: LeftSegment, other: LeftSegment): number => one.name.localeCompare(other.name)

const ownerOfFile = (name: string): string[] =>
  name.endsWith('.owner') ? [name.slice(0, -'.owner'.length)] : []

const writerOfSign = (name: string): string | undefined => /\.([\w-]+)\.replayed$/.exec(name)?.[1]

const sizeOf = async (path: string, mayLive: boolean): Promise<SegmentFile[]> => {
  try {
    return [{ path, bytes: (await stat(path)).size, ...(mayLive && { mayLive }) }]
  } catch {
    return []
  }
}
