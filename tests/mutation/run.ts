/**
 * Mutation tests of `src/lib`: changes the code in one place at a time and asks whether a test notices.
 *
 * - `npm run test:mutation`: what differs from the last commit, or, in a clean tree, what that changed
 * - `npm run test:mutation -- --base REV`: what has changed since REV
 * - `npm run test:mutation -- src/lib/stats ...`: these files and folders
 * - `npm run test:mutation -- --all`: all of it: hours
 * - `npm run test:mutation -- --tests GLOB ...`: asks these tests only; may be given several times
 * - `npm run test:mutation -- --workers N ...`: with so many processes, instead of two
 *
 * Prints each mutant that no test noticed and the score of each room. Exit code 1: a room scores less than 90 %.
 * Mutants that change nothing that anybody could notice are named, each with its reason, in `equivalent.json`.
 */

import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { Stryker } from '@stryker-mutator/core'
import * as v from 'valibot'
import { removeLeftServers } from '../support/postgres-server.ts'
import { wholeNumber } from '../support/whole-number.ts'
import { type Mutant, scoresOf, survivorsOf } from './score.ts'

const least = 90

const equivalentSchema = v.array(
  v.strictObject({ file: v.string(), original: v.string(), replacement: v.string(), why: v.string() }),
)

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    base: { type: 'string' },
    tests: { type: 'string', multiple: true },
    workers: { type: 'string', default: '2' },
  },
})

const files = filesToMutate()
if (files.length === 0) {
  console.log('No file of src/lib has changed. Name files or folders, or use --all.')
  process.exit(0)
}
console.log(`${files.length} files:\n${files.join('\n')}\n`)

// Stryker kills the process of a mutant that takes too long, which then cannot stop its server.
process.once('exit', removeLeftServers)
if (values.tests) process.env.MUTATION_TESTS = values.tests.join('\n')
const results = await new Stryker({
  testRunner: 'vitest',
  vitest: { configFile: 'tests/mutation/vitest.config.ts' },
  mutate: files,
  ignorePatterns: ['.data', '.demo', 'coverage', 'test-output', '.git'],
  reporters: ['progress-append-only'],
  concurrency: wholeNumber(values.workers, '--workers'),
  coverageAnalysis: 'perTest',
}).runMutationTest()

const mutants: Mutant[] = results.map(({ fileName, location, replacement, status }) => {
  const file = relative(process.cwd(), fileName)
  return { file, line: location.start.line, original: originalAt(file, location), replacement, status }
})
const equivalent = v.parse(
  equivalentSchema,
  JSON.parse(readFileSync(join(import.meta.dirname, 'equivalent.json'), 'utf8')),
)

for (const { file, line, original, replacement, status } of survivorsOf(mutants, equivalent)) {
  console.log(`${file}:${line} ${status}\n  - ${indented(original)}\n  + ${indented(replacement)}`)
}
const scores = scoresOf(mutants, equivalent)
for (const { room, noticed, counted, score } of scores) {
  console.log(`${room.padEnd(24)} ${score.toFixed(1).padStart(5)} %  ${noticed} of ${counted}`)
}
process.exitCode = scores.some(({ score }) => score < least) ? 1 : 0

function filesToMutate(): string[] {
  if (values.all) return globSync('src/lib/**/*.ts').sort()
  if (positionals.length > 0) {
    return positionals.flatMap((path) =>
      statSync(path).isDirectory() ? globSync(`${path}/**/*.ts`).sort() : [path],
    )
  }
  const changed = changedSince(values.base ?? 'HEAD')
  return changed.length > 0 || values.base ? changed : changedSince('HEAD~1')
}

function changedSince(revision: string): string[] {
  const listed = execFileSync('git', ['diff', '--name-only', '--diff-filter=d', revision, '--', 'src/lib'], {
    encoding: 'utf8',
  })
  return listed.split('\n').filter((path) => path.endsWith('.ts'))
}

type Place = { line: number; column: number }

/** The text that a mutant replaces; lines and columns count from 1, and the end is not part of it. */
function originalAt(file: string, { start, end }: { start: Place; end: Place }): string {
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .slice(start.line - 1, end.line)
  const before = lines.slice(0, -1).reduce((sum, line) => sum + line.length + 1, 0)
  return lines.join('\n').slice(start.column - 1, before + end.column - 1)
}

function indented(text: string): string {
  return text.replaceAll('\n', '\n    ')
}
