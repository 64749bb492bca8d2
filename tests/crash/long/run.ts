/**
 * Kills sites until there is nothing left to doubt: at chosen moments, with faults mixed in, every answered
 * event by name.
 *
 * - `npm run test:crash:long`: 1,000 kills
 * - `npm run test:crash:long -- --kills 100 --minutes 10`: fewer, or as many as fit
 * - `npm run test:crash:long -- --seed 42`: the choices of an earlier run
 *
 * Exit code 1: something was lost, doubled, answered strangely, or does not add up.
 */

import { mkdirSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { wholeNumber } from '../../support/whole-number.ts'
import { check, type Outcome } from './check.ts'
import { type Killed, kill } from './kill.ts'
import { createLongLedger } from './ledger.ts'
import { killsOfChapter, makePlan } from './plan.ts'
import { hasEmptied, launch } from './site.ts'
import { describe, faultsIn } from './table.ts'
import { type Chapter, filledSegmentsIn, openWorld, rejectsIn, segmentsIn, type World } from './world.ts'

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 32) },
    minutes: { type: 'string', default: '600' },
  },
})
const wanted = wholeNumber(values.kills, '--kills')
const seed = wholeNumber(values.seed, '--seed', 0)
const until = performance.now() + wholeNumber(values.minutes, '--minutes') * 60_000
const logs = 'test-output/crash-long'

// Server and disk are put away at the exit.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(2))

console.log(`--seed ${seed}`)
const world = await openWorld()
if (!world.disk) console.log('No disk can be mounted here: full and frozen disks are left out.')
const killed: Killed[] = []
const outcomes: Outcome[] = []
const rejects: string[] = []
const killsSoFar = () => killed.reduce((sum, { kills }) => sum + kills, 0)

for (let chapter = 0; killsSoFar() < wanted && performance.now() < until; chapter += 1) {
  const before = faultsIn(outcomes).length
  outcomes.push(await runChapter(chapter))
  const faults = faultsIn(outcomes).slice(before)
  console.log(`${killsSoFar()} kills, ${outcomes.at(-1)?.answered} answered, ${faults.length} faults`)
  for (const fault of faults.slice(0, 50)) console.log(fault)
}
await world.close()

console.log(describe({ killed, outcomes, rejects }))
const faults = faultsIn(outcomes)
console.log(
  `--seed ${seed}: ${outcomes.filter((one) => faultsIn([one]).length === 0).length} passed, ${
    outcomes.filter((one) => faultsIn([one]).length > 0).length
  } failed`,
)
process.exit(faults.length === 0 ? 0 : 1)

/** One database: migrated under kills, killed on, and then looked through. */
async function runChapter(number: number): Promise<Outcome> {
  const chapter = await world.openChapter(number)
  const ledger = createLongLedger()
  const first = number * killsOfChapter
  for (let n = first; n < first + killsOfChapter && killsSoFar() < wanted; n += 1) {
    const one = await kill(makePlan(seed, n, world.disk !== undefined), world, chapter, ledger)
    killed.push(one)
    writeLog(`kill-${n}`, one.log)
  }
  const unfinished = await finish(number, world, chapter)
  const outcome = await check(chapter.sql, ledger)
  await chapter.drop()
  return { ...outcome, strange: [...outcome.strange, ...unfinished] }
}

/** Records what still waits in any folder; answers what does not come to its end. */
async function finish(number: number, { one, other, disk }: World, { url }: Chapter): Promise<string[]> {
  const wrong: string[] = []
  const folders = [one, other, ...(disk ? [disk.folder] : [])]
  for (const folder of folders) {
    if (segmentsIn(folder).length === 0 && folder !== one) continue
    const site = await launch(url, folder)
    await site.listening
    const last = `the last site of database ${number}`
    if (!(await hasEmptied(site, 120_000))) wrong.push(`${last} is not well, or does not record what is left`)
    const code = await site.stop()
    if (code !== 0) wrong.push(`${last} ended with ${code}`)
    writeLog(`database-${number}-${basename(folder)}`, site.log)
  }
  const left = folders.flatMap((folder) =>
    filledSegmentsIn(folder).map((name) => join(folder, 'journal', name)),
  )
  wrong.push(...left.map((path) => `left in the journal: ${path}, ${statSync(path).size} bytes`))
  rejects.push(...folders.flatMap(rejectsIn))
  return wrong
}

function writeLog(name: string, lines: readonly string[]): void {
  mkdirSync(logs, { recursive: true })
  writeFileSync(`${logs}/${name}.log`, `${lines.join('\n')}\n`)
}
