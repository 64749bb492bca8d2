import { median, table } from '../measure.ts'
import { runEach } from './jobs.ts'
import { worlds } from './worlds.ts'

const waysToConfirm: readonly string[] = [
  'plain',
  'text x send 0.10',
  'text x send 0.30',
  'autocorrelated days',
]

/** Two ways to confirm a winner of two segments of 8,000: the label's test, and a confidence sequence. */
export async function reportMethods(seeds: readonly number[]): Promise<void> {
  const questions = worlds
    .filter(({ name }) => waysToConfirm.includes(name))
    .flatMap((world) =>
      [1, 1.2, 1.5].map((lift) => ({
        world,
        way: 'segments' as const,
        texts: 2,
        lift,
        list: 16_000,
        days: 120,
        stops: false,
      })),
    )
  const results = await runEach('contest', questions, seeds)
  console.log(
    '\nTwo ways to confirm a winner within 120 daily looks: per cent confirmed (among equals at most 5), median day',
  )
  const told = (days: readonly (number | undefined)[]) => [
    ((100 * days.filter((day) => day !== undefined).length) / days.length).toFixed(1),
    `${median(days.map((day) => day ?? Number.POSITIVE_INFINITY))}`,
  ]
  const rows = results.map((runs, index) => [
    `${questions[index]?.world.name}, ${questions[index]?.lift}`,
    ...told(runs.map(({ confirmed }) => confirmed?.day)),
    ...told(runs.map(({ sequence }) => sequence?.day)),
  ])
  console.log(table([['world, lift', 'mixture ratio', 'day', 'sequence', 'day'], ...rows]))
}
