import { table } from '../measure.ts'
import { type Bars, told } from './bars.ts'
import { runEach } from './jobs.ts'
import type { Way } from './ways.ts'

/** What is said of kinds of text. */
export async function reportKinds({ cell }: Bars, seeds: readonly number[]): Promise<void> {
  const ask = (way: Way, days: number, spread: number, correlated: boolean, effect: number) => ({
    world: { name: 'plain' },
    way,
    days,
    spread,
    correlated,
    effect,
  })
  const split: readonly Way[] = ['weighted', 'segments']
  const questions = split.flatMap((way) => [
    ...[0, 0.15, 0.3].flatMap((spread) =>
      [false, true].map((correlated) => ask(way, 180, spread, correlated, 1)),
    ),
    ...[180, 365].flatMap((days) => [
      ...[1.3, 1 / 1.3].flatMap((effect) => [0, 0.15].map((spread) => ask(way, days, spread, false, effect))),
      ask(way, days, 0.15, true, 1.3),
    ]),
  ])
  const results = await runEach('kinds', questions, seeds)
  console.log(
    '\nKinds of text, 36 texts, 12 of each tone: false rows (at most 5), false pages (at most 10), ' +
      'true ones found (least 80)',
  )
  const rows = results.map((runs, index) => {
    const asked = questions[index] ?? ask('weighted', 180, 0, false, 1)
    return [
      `${asked.way}, ${asked.days} days, spread ${asked.spread}${asked.correlated ? ', correlated' : ''}`,
      asked.effect.toFixed(2),
      cell(
        runs.map((run) => run.rows),
        [0, 5],
      ),
      cell(
        runs.map((run) => told(run.page)),
        [0, 10],
      ),
      asked.effect === 1
        ? ''
        : cell(
            runs.map((run) => told(run.found)),
            [80, 100],
          ),
    ]
  })
  console.log(table([['', 'effect', 'rows', 'pages', 'found'], ...rows]))
}
