import { parseArgs } from 'node:util'
import { wholeNumber } from '../support/whole-number.ts'
import { median, table } from './measure.ts'
import { createBars, told } from './truth/bars.ts'
import { runEach } from './truth/jobs.ts'
import { reportKinds } from './truth/report-kinds.ts'
import { reportMethods } from './truth/report-methods.ts'
import { reportSmall } from './truth/report-small.ts'
import { type Way, ways } from './truth/ways.ts'
import { type World, worlds } from './truth/worlds.ts'

/**
 * `npm run bench:truth [-- --runs N] [--seed N] [--world NAME] [--way NAME]
 * [--part years|equals|lifts|methods|kinds|small]`: whether what is said of texts and sends is true also where the
 * world is rough. Standard errors are of independent runs.
 */
const { values: flags } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    world: { type: 'string', default: '' },
    way: { type: 'string', default: '' },
    part: { type: 'string', default: '' },
  },
})
const firstSeed = wholeNumber(flags.seed, '--seed', 0) * 1_000_003
const seeds = Array.from({ length: wholeNumber(flags.runs, '--runs') }, (_, run) => firstSeed + run * 7_919)
const parts = ['years', 'equals', 'lifts', 'methods', 'kinds', 'small'] as const
type Part = (typeof parts)[number]

/** Those that are named by a flag, or all; ends with the names if there is none. */
function chosen<One>(flag: 'world' | 'way' | 'part', all: readonly One[], nameOf: (one: One) => string) {
  const found = all.filter((one) => flags[flag] === '' || nameOf(one) === flags[flag])
  if (found.length > 0) return found
  console.error(`There is no --${flag} "${flags[flag]}"; there are: ${all.map(nameOf).join('; ')}`)
  process.exit(2)
}
const asked = chosen('world', worlds, ({ name }) => name)
const askedWays = chosen('way', ways, (way) => way)
const askedParts = chosen('part', parts, (part) => part)
const includes = (part: Part): boolean => askedParts.includes(part)

const bars = createBars()
const { cell, ratioCell, mark } = bars

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const errorOf = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - meanOf(values)) ** 2, 0)) / values.length

const lenient = ({ name }: World): boolean => ['mix', 'trend', 'wear-out'].includes(name)

async function years(): Promise<void> {
  const questions = asked.flatMap((world) => askedWays.map((way) => ({ world, way })))
  const results = await runEach('year', questions, seeds)
  console.log(
    '\nA year of 4 x 4 texts, 32,000 recipients a send, looked at six times; per cent; ! misses its bar',
  )
  console.log(
    'text, offer: intervals that hold the present rate (92-98) or whose sends are doubted (in brackets)',
  )
  console.log('loss: expected loss stated against true, by its share of the rate (0.85-1.15)')
  console.log(
    '1 h to 12 h: the same of the text just sent; chance: of it, against the complete send, on ' +
      'average (at most 1.15) and 95th percentile',
  )
  const rows = results.map((runs, index) => {
    const { world, way } = questions[index] ?? { world: { name: '' }, way: '' }
    const least = lenient(world) ? 88 : 92
    const inRange = [least, lenient(world) || world.bots || world.wrong ? 100 : 98] as const
    const right = world.name === 'mix' || world.name === 'wear-out' ? 88 : 93
    const ratios = runs.flatMap((run) => run.sendDay.ratios).toSorted((a, b) => a - b)
    const loss = [0, 1, 2].map((size) =>
      ratioCell(
        runs.map((run) => [run.loss[size]?.told ?? 0, run.loss[size]?.true ?? 0]),
        [0.85, 1.15],
      ),
    )
    const doubted =
      runs.reduce((sum, run) => sum + run.doubted, 0) / runs.reduce((sum, run) => sum + run.interval.all, 0)
    const oracle = runs.map((run) => run.oracle)
    return [
      world.name,
      way,
      `${cell(
        runs.map((run) => run.interval),
        inRange,
      )} (${(100 * doubted).toFixed(1)})`,
      cell(
        runs.map((run) => run.offerInterval),
        inRange,
      ),
      ...[0, 1, 2, 3].map((at) =>
        cell(
          runs.flatMap((run) => run.sendDay.hours[at] ?? []),
          inRange,
        ),
      ),
      `${ratioCell(
        runs.map(({ sendDay: { chances } }) => [chances.now, chances.whole]),
        [0, 1.15],
      )} (${(ratios[Math.floor(ratios.length * 0.95)] ?? 0).toFixed(2)})`,
      cell(
        runs.map((run) => run.probably),
        [right, 100],
      ),
      cell(
        runs.map((run) => run.confirmed),
        [98, 100],
      ),
      ...loss,
      `${meanOf(oracle).toFixed(1)} ± ${errorOf(oracle).toFixed(1)}`,
    ]
  })
  const heads = [
    'text',
    'offer',
    '1 h',
    '3 h',
    '6 h',
    '12 h',
    'chance',
    'probably',
    'confirmed',
    'loss below 2 %',
    '2 to 10 %',
    'over 10 %',
    'oracle',
  ]
  console.log(table([['world', 'way', ...heads], ...rows]))
}

const named = (name: string): World => worlds.find((world) => world.name === name) ?? { name }

const aContest = (world: World, way: Way, texts: number) => ({
  world,
  way,
  texts,
  lift: 1,
  list: way === 'unequal' ? 40_000 : 16_000,
  days: 365,
  stops: false,
})

async function equals(): Promise<void> {
  const counts = [2, 4, 10]
  const questions = asked.flatMap((world) =>
    askedWays.flatMap((way) => counts.map((texts) => aContest(world, way, texts))),
  )
  const results = await runEach('contest', questions, seeds)
  console.log(
    '\nFalse winners among equals in a year of daily looks, per cent of tests (at most 5); "probably best" at any look',
  )
  const rows = results.map((runs, index) => ({
    question: questions[index],
    confirmed: cell(
      runs.map((run) => told(run.confirmed !== undefined)),
      [0, 5],
    ),
    probably: ((100 * runs.filter((run) => run.probably).length) / runs.length).toFixed(0),
  }))
  const lines = [...Map.groupBy(rows, ({ question }) => `${question?.world.name}|${question?.way}`)].map(
    ([name, own]) => [
      ...name.split('|'),
      ...own.map(({ confirmed }) => confirmed),
      ...own.map(({ probably }) => probably),
    ],
  )
  console.log(table([['world', 'way', '2 texts', '4 texts', '10 texts', 'prob. 2', '4', '10'], ...lines]))
}

async function lifts(): Promise<void> {
  const questions = [named('plain'), named('text x send 0.10'), named('text x send 0.30')].flatMap((world) =>
    [1.2, 1.5].map((lift) => ({ ...aContest(world, 'segments', 2), lift, days: 120, stops: true })),
  )
  const results = await runEach('contest', questions, seeds)
  console.log(
    '\nDays until a lift is confirmed in two segments of 8,000: median, 90th percentile, per cent the worse one',
  )
  const rows = results.map((runs, index) => {
    const question = questions[index]
    const days = runs
      .map(({ confirmed }) => confirmed?.day ?? Number.POSITIVE_INFINITY)
      .toSorted((a, b) => a - b)
    const bar = question?.world.name === 'plain' ? (question.lift < 1.3 ? 14 : 8) : Number.POSITIVE_INFINITY
    return [
      `${question?.world.name}, ${question?.lift}`,
      `${median(days)}${mark(median(days), [0, bar])}`,
      `${days[Math.floor(days.length * 0.9)]}`,
      ((100 * runs.filter(({ confirmed }) => confirmed?.first === false).length) / runs.length).toFixed(1),
    ]
  })
  console.log(table([['world, lift', 'median', '90 %', 'wrong'], ...rows]))
}

const started = performance.now()
if (includes('years')) await years()
if (includes('equals')) await equals()
if (includes('lifts')) await lifts()
if (includes('methods')) await reportMethods(seeds)
if (includes('kinds')) await reportKinds(bars, seeds)
if (includes('small')) await reportSmall(bars, seeds)
const seconds = ((performance.now() - started) / 1000).toFixed(0)
console.log(
  `\n${bars.count.judged - bars.count.missed} of ${bars.count.judged} bars hold; ${seeds.length} ` +
    `runs each, ${seconds} s`,
)
process.exitCode = bars.count.missed > 0 ? 1 : 0
