import { judge, table } from './measure.ts'
import { type Job, runAll, type Year } from './selection-jobs.ts'
import { medianLatency } from './selection-latency.ts'
import { bars, strategies, tiny } from './selection-settings.ts'

/**
 * `npm run bench:selection [-- SEEDS]`: a year of simulated newsletters under each strategy, chosen by the functions that
 * `select-random` calls; how right intervals and winners are; and how long a choice takes among 4,000 variations.
 */
const seeds = Math.max(2, Number(process.argv[2] ?? 200))
const seedOf = (index: number) => 1_000 + index * 7_919
const repeated = Array.from({ length: seeds }, (_, index) => seedOf(index))
const started = performance.now()

const settings = [...bars, tiny]
const sigmas = [0.25, 0.5]

const yearJobs = (sigma: number): Job[] =>
  settings.flatMap((setting) =>
    strategies.flatMap((strategy) =>
      repeated.map((seed): Job => ({ kind: 'year', setting: { ...setting, sigma }, strategy, seed })),
    ),
  )
const counts = [5, 10, 20, 60]
const intervalJobs = sigmas.flatMap((sigma) =>
  counts.flatMap((count) => repeated.map((seed): Job => ({ kind: 'intervals', count, sigma, seed }))),
)
/** A rate near 5 % needs more repetitions than a mean. */
const equals = Array.from({ length: seeds * 5 }, (_, index) => seedOf(index))
const equalJobs = sigmas.flatMap((sigma) => equals.map((seed): Job => ({ kind: 'equals', sigma, seed })))

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const errorOf = (values: readonly number[]) =>
  Math.sqrt(values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1)) /
  Math.sqrt(values.length)
const tenth = (values: readonly number[]) =>
  values.toSorted((one, other) => one - other)[Math.floor(values.length / 10)] ?? 0
const shareOf = (years: readonly Year[], pick: 'intervals' | 'best') =>
  (100 * years.reduce((sum, year) => sum + year[pick].held, 0)) /
  years.reduce((sum, year) => sum + year[pick].all, 0)
const shown = (values: readonly number[]) => `${mean(values).toFixed(1)} ± ${errorOf(values).toFixed(1)}`

/** The years of one setting and strategy, in the order in which the jobs were made. */
const yearsOf = (years: readonly Year[], setting: number, strategy: number) =>
  years.slice(
    (setting * strategies.length + strategy) * seeds,
    (setting * strategies.length + strategy + 1) * seeds,
  )

function printYears(years: readonly Year[], sigma: number): void {
  console.log(
    `\nPer cent of the oracle's clicks in a year, ± standard error, ${seeds} seeds, days differ by σ = ${sigma}`,
  )
  const rows = settings.map(({ name }, setting) => {
    const learned = yearsOf(years, setting, 2)
    return [
      name,
      ...strategies.map((_, strategy) => shown(yearsOf(years, setting, strategy).map(({ share }) => share))),
      tenth(learned.map(({ share }) => share)).toFixed(1),
      mean(learned.map(({ ofBound }) => ofBound)).toFixed(1),
    ]
  })
  console.log(table([['a day', ...strategies, '10th percentile', 'of the bound'], ...rows]))
}

const byday = await runAll(yearJobs(0.25))
printYears(byday, 0.25)
const rougher = await runAll(yearJobs(0.5))
printYears(rougher, 0.5)
const intervals = await runAll(intervalJobs)
const falsely = await runAll(equalJobs)
const latency = await medianLatency()
console.log(
  `\nThe bars, at σ = 0.25 unless they say otherwise; simulated in ${((performance.now() - started) / 1000).toFixed(0)} s\n`,
)

const learnedAt = (setting: number) => yearsOf(byday, setting, 2)
const gainAt = (setting: number) =>
  mean(learnedAt(setting).map(({ share }) => share)) -
  mean(yearsOf(byday, setting, 1).map(({ share }) => share))
const newOffers = bars.findIndex(({ change }) => change === 'new offers')

process.exitCode = judge([
  ...bars.flatMap(({ name, least, tenth: leastTenth }, setting) => {
    const shares = learnedAt(setting).map(({ share }) => share)
    return [
      { name, value: mean(shares), least },
      ...(leastTenth === undefined
        ? []
        : [{ name: `${name}, 10th percentile`, value: tenth(shares), least: leastTenth }]),
    ]
  }),
  { name: '1k, points above ctr_weighted', value: gainAt(0), least: 40 },
  { name: '50k, points above ctr_weighted', value: gainAt(1), least: 40 },
  ...[0, 1].flatMap((setting) => {
    const value = shareOf(learnedAt(setting), 'intervals')
    const name = `${bars[setting]?.name}, intervals on chosen data, % that hold`
    return [
      { name, value, least: 93 },
      { name, value, most: 98 },
    ]
  }),
  ...sigmas.flatMap((sigma, outer) =>
    counts.flatMap((count, inner) => {
      const from = (outer * counts.length + inner) * seeds
      const value = shareOf(intervals.slice(from, from + seeds), 'intervals')
      const name = `intervals of ${count} sends, σ = ${sigma}, % that hold`
      return [
        { name, value, least: 92.5 },
        { name, value, most: 97 },
      ]
    }),
  ),
  ...sigmas.map((sigma, index) => ({
    name: `false winners among equals, σ = ${sigma}, %`,
    value: shareOf(falsely.slice(index * equals.length, (index + 1) * equals.length), 'intervals'),
    most: 5,
  })),
  { name: 'P(best) of 95 % is right, 50k, %', value: shareOf(learnedAt(1), 'best'), least: 93 },
  {
    name: 'P(best) of 95 % is right, new offers, %',
    value: shareOf(learnedAt(newOffers), 'best'),
    least: 85,
  },
  { name: 'selection among 4,000 variations, median ms', value: latency.thompson, most: 20 },
])
