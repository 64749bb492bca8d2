import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'

/** Moments seconds before the date or the clocks change, each with the time zone of whoever runs the tests. */
const moments = [
  ['2026-12-31T23:59:50Z', 'Asia/Kolkata'],
  ['2027-02-28T23:59:50Z', 'UTC'],
  ['2028-02-28T23:59:50Z', 'America/New_York'],
  ['2028-02-29T23:59:50Z', 'Pacific/Apia'],
  ['2027-03-28T00:59:50Z', 'Europe/Oslo'],
  ['2027-10-31T00:59:50Z', 'Europe/Oslo'],
  ['2027-11-07T05:59:50Z', 'America/New_York'],
] as const

/** What reads a clock and takes seconds; other files can be named. */
const files = [
  'tests/store/clock.test.ts',
  'tests/store/exactly-once.test.ts',
  'tests/store/read-report.test.ts',
  'tests/store/retention-report.test.ts',
  'tests/store/salts.test.ts',
  'tests/unit/analytics-query.test.ts',
  'tests/unit/buffer-damaged.test.ts',
  'tests/unit/buffer-instances.test.ts',
  'tests/unit/charts-timeline.test.ts',
  'tests/unit/links-keep-fresh.test.ts',
  'tests/pages/analytics.test.ts',
  'tests/pages/endpoints.test.ts',
]

/** Most of a run is waiting, but `npm test` has other tests beside it. */
const atOnce = availableParallelism()

const given = process.argv.slice(2)
const preload = pathToFileURL(join(import.meta.dirname, 'shift.ts')).href

/** The times of files are fractions of seconds: a shift by less would round them. */
const wholeSeconds = (milliseconds: number): number => Math.round(milliseconds / 1000) * 1000

/** Runs the files at a moment, and prints the outcome at once; answers whether all passed. */
const runAt = async (moment: string, zone: string): Promise<boolean> => {
  // How fast something is does not depend on the date.
  const parameters = ['run', '--reporter=dot', '--maxWorkers=1', '--testNamePattern=^(?!.*Speed)']
  const child = spawn(
    process.execPath,
    ['node_modules/vitest/vitest.mjs', ...parameters, ...(given.length > 0 ? given : files)],
    {
      env: {
        ...process.env,
        TZ: zone,
        CLOCK_SHIFT_MS: String(wholeSeconds(Date.parse(moment) - Date.now())),
        NODE_OPTIONS: `--import ${preload}`,
      },
    },
  )
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  process.stdout.write(`\n${moment}, in ${zone}${out}${err}`)
  return child.exitCode === 0
}

const waiting: (readonly [string, string])[] = [...moments]
const failed: string[] = []
const work = async (): Promise<void> => {
  for (let next = waiting.shift(); next; next = waiting.shift())
    if (!(await runAt(...next))) failed.push(next.join(', in '))
}
await Promise.all(Array.from({ length: atOnce }, work))
if (failed.length > 0) process.stdout.write(`\nfailed at ${failed.join('; ')}\n`)
process.exit(failed.length === 0 ? 0 : 1)
