import { wholeNumber } from '../support/whole-number.ts'
import type { Contest, Tally } from './calibrate.ts'
import { type BarLine, judge, median, table } from './measure.ts'
import { reportEarnings } from './report-earnings.ts'
import { runAll, type Year } from './selection-jobs.ts'
import { medianLatency } from './selection-latency.ts'
import { bars, strategies, tiny } from './selection-settings.ts'

/**
 * `npm run bench:selection [-- SEEDS]`: a year of simulated newsletters under each strategy, chosen by the
 * functions that `select-random` calls; how right intervals and winners are; what a year earns where revenue is
 * the goal; and how long a choice takes among 4,000 variations. It is not 0 that the process exits with where a
 * bar is missed.
 */
const seeds = Math.max(2, wholeNumber(process.argv[2] ?? '200', 'SEEDS'))
const seedOf = (index: number) => 1_000 + index * 7_919
const repeated = Array.from({ length: seeds }, (_, index) => seedOf(index))
/** A rate near 5 % needs more repetitions than a mean. */
const often = Array.from({ length: seeds * 5 }, (_, index) => seedOf(index))
const sigmas = [0.25, 0.5]
/** Worlds with conversions differ by so much that few seeds show it. */
const mostForEarnings = 40

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const errorOf = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1)) /
  Math.sqrt(values.length)
const tenth = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 10)] ?? 0
const shown = (values: readonly number[]) => `${mean(values).toFixed(1)} ± ${errorOf(values).toFixed(1)}`

/** Per cent, and its standard error where single runs are independent but not what is counted within one. */
function shareOf(tallies: readonly Tally[]): { value: number; error: number } {
  const all = tallies.reduce((sum, tally) => sum + tally.all, 0)
  const share = tallies.reduce((sum, { held }) => sum + held, 0) / all
  const squares = tallies.reduce((sum, tally) => sum + (tally.held - share * tally.all) ** 2, 0)
  return { value: 100 * share, error: (100 * Math.sqrt(squares)) / all }
}

const within = (name: string, tallies: readonly Tally[], least: number, most: number): BarLine[] => [
  { name, ...shareOf(tallies), least },
  { name, ...shareOf(tallies), most },
]

type Earned = { name: string; runs: { strategy: string; years: Year[] }[]; learned: Year[] }

async function earnedAt(sigma: number): Promise<Earned[]> {
  const asked = [...bars, tiny].flatMap((setting) => strategies.map((strategy) => ({ setting, strategy })))
  const years = await runAll<'year'>(
    asked.flatMap(({ setting, strategy }) =>
      repeated.map((seed) => ({ kind: 'year', setting: { ...setting, sigma }, strategy, seed })),
    ),
  )
  const runs = asked.map(({ setting, strategy }, index) => ({
    name: setting.name,
    strategy,
    years: years.slice(index * seeds, (index + 1) * seeds),
  }))
  return [...Map.groupBy(runs, ({ name }) => name)].map(([name, own]) => ({
    name,
    runs: own,
    learned: own.flatMap((run) => (run.strategy === 'thompson' ? run.years : [])),
  }))
}

const sharesOf = (years: readonly Year[]) => years.map(({ share }) => share)

function printEarned(earned: readonly Earned[], sigma: number): void {
  console.log(
    `\nPer cent of the oracle's clicks in a year, ± standard error, ${seeds} seeds, days differ by σ = ${sigma}`,
  )
  const rows = earned.map(({ name, runs, learned }) => [
    name,
    ...runs.map(({ years }) => shown(sharesOf(years))),
    tenth(sharesOf(learned)).toFixed(1),
    mean(learned.map(({ ofBound }) => ofBound)).toFixed(1),
  ])
  console.log(table([['a day', ...strategies, '10th percentile', 'of the bound'], ...rows]))
}

function barsOfEarned(earned: readonly Earned[]): BarLine[] {
  const named = (name: string) => earned.filter((one) => one.name === name)
  const above = (name: string) =>
    named(name).map(({ runs, learned }): BarLine => {
      const specified = runs.flatMap((run) => (run.strategy === 'ctr_weighted' ? sharesOf(run.years) : []))
      const gains = sharesOf(learned).map((share, index) => share - (specified[index] ?? 0))
      return {
        name: `${name}, points above ctr_weighted`,
        value: mean(gains),
        error: errorOf(gains),
        least: 40,
      }
    })
  const right = (name: string, least: number) =>
    named(name).map(({ learned }) => ({
      name: `${name}, P(best) of 95 % is right, %`,
      ...shareOf(learned.map(({ best }) => best)),
      least,
    }))
  const holding = (name: string) =>
    named(name).flatMap(({ learned }) =>
      within(
        `${name}, intervals on chosen data, % that hold`,
        learned.map(({ intervals }) => intervals),
        93,
        98,
      ),
    )
  return [
    ...bars.flatMap(({ name, least, tenth: leastTenth }) =>
      named(name).flatMap(({ learned }): BarLine[] => {
        const shares = sharesOf(learned)
        const bar = { name, value: mean(shares), error: errorOf(shares), least }
        if (leastTenth === undefined) return [bar]
        return [bar, { name: `${name}, 10th percentile`, value: tenth(shares), least: leastTenth }]
      }),
    ),
    ...bars
      .filter(({ variety }) => variety)
      .flatMap(({ name }) =>
        named(name).map(({ learned }) => ({
          name: `${name}, limits on repetition broken in all runs`,
          value: learned.reduce((sum, { broken }) => sum + broken, 0),
          most: 0,
        })),
      ),
    ...['1k', '50k'].flatMap(above),
    ...['1k', '50k'].flatMap(holding),
    ...holding('50k, 4 segments').slice(0, 1),
    ...right('50k', 93),
    ...right('50k, 4 segments', 93),
    ...right('50k, new offers', 85),
  ]
}

async function barsOfIntervals(): Promise<BarLine[]> {
  const asked = sigmas.flatMap((sigma) => [5, 10, 20, 60].map((count) => ({ sigma, count })))
  const tallies = await runAll<'intervals'>(
    asked.flatMap((one) => repeated.map((seed) => ({ kind: 'intervals', ...one, seed }))),
  )
  return asked.flatMap(({ sigma, count }, index) =>
    within(
      `intervals of ${count} sends, σ = ${sigma}, % that hold`,
      tallies.slice(index * seeds, (index + 1) * seeds),
      92.5,
      97,
    ),
  )
}

const ways = sigmas.flatMap((sigma) => [false, true].map((split) => ({ sigma, split })))
const wordsOf = ({ sigma, split }: { sigma: number; split: boolean }) =>
  `${split ? 'segments of one send' : 'days of their own'}, σ = ${sigma}`
/** 50,000 recipients a send: all of one variation, or half of each. */
const contestOf = (way: (typeof ways)[number]): Omit<Contest, 'lift' | 'looks'> => ({
  ...way,
  recipients: way.split ? 25_000 : 50_000,
})

async function barsOfEquals(): Promise<BarLine[]> {
  const declared = await runAll<'contest'>(
    ways.flatMap((way) =>
      often.map((seed) => ({
        kind: 'contest',
        contest: { ...contestOf(way), lift: 1, looks: 60 },
        seed,
      })),
    ),
  )
  return ways.map((way, index) => {
    const own = declared.slice(index * often.length, (index + 1) * often.length)
    const tallies = own.map((winner) => ({ held: Number(winner !== undefined), all: 1 }))
    return {
      name: `false winners among equals in 60 looks, ${wordsOf(way)}, %`,
      ...shareOf(tallies),
      most: 5,
    }
  })
}

const looks = 200

/**
 * How long it takes to confirm a winner that is better by 30 %; no bar asks for it, but a test that never finds
 * one is none.
 */
async function printPower(): Promise<void> {
  const found = await runAll<'contest'>(
    ways.flatMap((way) =>
      repeated.map((seed) => ({ kind: 'contest', contest: { ...contestOf(way), lift: 1.3, looks }, seed })),
    ),
  )
  const rows = ways.map((way, index) => {
    const own = found.slice(index * seeds, (index + 1) * seeds)
    const after = own.map((winner) => winner?.sends ?? Number.POSITIVE_INFINITY)
    const late = after.toSorted((one, other) => one - other)[Math.floor(seeds * 0.9)] ?? 0
    return [
      wordsOf(way),
      median(after).toFixed(0),
      late > looks ? `over ${looks}` : late.toFixed(0),
      ((100 * own.filter((winner) => winner?.first).length) / seeds).toFixed(1),
      ((100 * own.filter((winner) => winner?.first === false).length) / seeds).toFixed(1),
    ]
  })
  console.log(`\nSends of each of two variations, 50k a send, until one that is better by 30 % is confirmed`)
  console.log(table([['', 'median', '90th percentile', `% within ${looks}`, '% the worse one'], ...rows]))
}

const started = performance.now()
const earned = await earnedAt(0.25)
printEarned(earned, 0.25)
printEarned(await earnedAt(0.5), 0.5)
await printPower()
const judged = [
  ...barsOfEarned(earned),
  ...(await barsOfIntervals()),
  ...(await barsOfEquals()),
  ...(await reportEarnings(repeated.slice(0, mostForEarnings))),
]
console.log('')
const latency = await medianLatency()
const seconds = ((performance.now() - started) / 1000).toFixed(0)
console.log(
  `\nThe bars, ± standard error, at σ = 0.25 unless they say otherwise; ${seeds} seeds, ${seconds} s\n`,
)
process.exitCode = judge([
  ...judged,
  { name: 'choice among 4,000 variations, median ms', value: latency.thompson, most: 20 },
  { name: 'the same for revenue, 100,000 conversions', value: latency.revenue, most: 60 },
])
