import { ChildProcess } from 'node:child_process'
import fs, { type PathLike, type Stats } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/**
 * Preloaded into each process of a test run whose clock is shifted by CLOCK_SHIFT_MS. What the tests start with an
 * environment of their own is shifted as well, and so is their PostgreSQL (tests/support/postgres-server.ts).
 */
const inherited = ['CLOCK_SHIFT_MS', 'NODE_OPTIONS', 'TZ'].map((name) => `${name}=${process.env[name] ?? ''}`)
const shift = Number(process.env.CLOCK_SHIFT_MS)

const realNow = Date.now
Date.now = () => realNow() + shift
globalThis.Date = new Proxy(Date, {
  construct: (target, given, type) =>
    Reflect.construct(target, given.length === 0 ? [target.now()] : given, type),
  apply: (target) => new target(target.now()).toString(),
})

// The file system's clock is the same machine's: what was just written has today's date.
const { stat } = fs.promises
const { utimesSync } = fs
Reflect.set(fs.promises, 'stat', async (path: PathLike): Promise<Stats> => {
  const stats = await stat(path)
  stats.mtimeMs += shift
  stats.ctimeMs += shift
  return stats
})
const inSeconds = (time: number | Date): number => Number(time) / (typeof time === 'number' ? 1 : 1000)
Reflect.set(fs, 'utimesSync', (path: PathLike, ...[read, written]: [number | Date, number | Date]) =>
  utimesSync(path, inSeconds(read) - shift / 1000, inSeconds(written) - shift / 1000),
)
syncBuiltinESMExports()

const start = Reflect.get(ChildProcess.prototype, 'spawn')
Reflect.set(ChildProcess.prototype, 'spawn', function (this: ChildProcess, options: { envPairs: string[] }) {
  return Reflect.apply(start, this, [{ ...options, envPairs: withShift(options.envPairs) }])
})

const withShift = (pairs: readonly string[]): string[] => [
  ...inherited.filter(
    (pair) => !pairs.some((other) => other.startsWith(pair.slice(0, pair.indexOf('=') + 1))),
  ),
  ...pairs,
]
