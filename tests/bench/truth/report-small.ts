import { table } from '../measure.ts'
import type { Bars } from './bars.ts'
import { runEach } from './jobs.ts'
import type { World } from './worlds.ts'

const worlds: readonly World[] = [
  { name: 'plain' },
  { name: 'nine in ten come within an hour', half: 0.19 },
  { name: 'bots in 35 % of the sends', bots: 0.35 },
  { name: 'bots in 5 %', bots: 0.05 },
]
const lists = [150, 300, 1_000, 32_000]
const counts = [4, 8, 20, 40, 100]

/** What is said of two texts after a few sends, to short lists and to a long one. */
export async function reportSmall({ cell }: Bars, seeds: readonly number[]): Promise<void> {
  const questions = worlds.flatMap((world) =>
    lists.flatMap((list) => counts.map((sends) => ({ world, list, sends }))),
  )
  const results = await runEach('small', questions, seeds)
  console.log(
    '\nFew sends, short lists: intervals that hold the rate (92-98; with bots to 100), those of doubted ' +
      'sends in brackets; how far the rate shown is off, and sends said to have a burst, in per cent',
  )
  const rows = results.map((runs, index) => {
    const { world, list, sends } = questions[index] ?? { world: { name: '' }, list: 0, sends: 0 }
    const all = (pick: (run: (typeof runs)[number]) => number) =>
      runs.reduce((sum, run) => sum + pick(run), 0) / runs.length
    const doubted = (100 * all((run) => run.doubted)) / 2
    const held = cell(
      runs.map(({ interval }) => interval),
      [92, world.bots ? 100 : 98],
    )
    return [
      world.name,
      `${list}`,
      `${sends}`,
      `${held} (${doubted.toFixed(1)})`,
      (100 * (Math.exp(all(({ off }) => off)) - 1)).toFixed(1),
      (100 * all(({ bursts }) => bursts.held / bursts.all)).toFixed(1),
    ]
  })
  console.log(table([['world', 'recipients', 'sends', 'holds', 'off', 'bursts'], ...rows]))
}
