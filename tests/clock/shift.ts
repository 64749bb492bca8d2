import { ChildProcess } from 'node:child_process'

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
