import { markets } from './earning-world.ts'
import { type BarLine, table } from './measure.ts'
import type { Setting } from './newsletter-world.ts'
import { runAll } from './selection-jobs.ts'
import { type Method, methods } from './simulate-earnings.ts'

const setting: Setting = {
  ...{ name: '', offers: 5, variations: 4, recipients: 0, days: 365, sigma: 0.25, segments: 1 },
  ...{ change: 'none', variety: false },
}
/** A day; where clicks are few, conversions hardly are any. */
const sizes = [1_000, 50_000]
/**
 * In points: what learning from revenue may lose where all clicks are worth the same, and has to win where they
 * are not.
 */
const mostLost = 2
const leastWon = 10

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
const errorOf = (values: readonly number[]) =>
  Math.sqrt(
    values.reduce((sum, value) => sum + (value - mean(values)) ** 2, 0) / (values.length - 1) / values.length,
  )
const shown = (values: readonly number[]) => `${mean(values).toFixed(1)} ± ${errorOf(values).toFixed(1)}`

/**
 * What a year earns by each way of learning, in per cent of an oracle that knows what each text brings, and the
 * bars for what revenue wins or loses beside clicks, seed by seed.
 */
export async function reportEarnings(seeds: readonly number[]): Promise<BarLine[]> {
  const asked = sizes.flatMap((recipients) => markets.map((market) => ({ recipients, market })))
  const shares = await runAll<'earnings'>(
    asked.flatMap(({ recipients, market }) =>
      methods.flatMap((method) =>
        seeds.map((seed) => ({
          ...{ kind: 'earnings' as const, setting: { ...setting, recipients } },
          ...{ market, method, seed },
        })),
      ),
    ),
  )
  const own = (row: number, method: Method) => {
    const from = (row * methods.length + methods.indexOf(method)) * seeds.length
    return shares.slice(from, from + seeds.length)
  }
  const nameOf = ({ recipients, market }: (typeof asked)[number]) => `${recipients / 1_000}k, ${market.name}`
  const wonIn = (row: number) => {
    const clicks = own(row, 'clicks')
    return own(row, 'revenue').map((share, index) => share - (clicks[index] ?? 0))
  }
  console.log(`\nPer cent of what an oracle earns in a year, ± standard error, ${seeds.length} seeds`)
  console.log(
    table([
      ['a day', ...methods, 'revenue above clicks'],
      ...asked.map((one, row) => [
        nameOf(one),
        ...methods.map((method) => shown(own(row, method))),
        shown(wonIn(row)),
      ]),
    ]),
  )
  return asked.map((one, row) => ({
    name: `${nameOf(one)}, revenue above clicks, points`,
    value: mean(wonIn(row)),
    error: errorOf(wonIn(row)),
    least: one.market.name.startsWith('no difference') ? -mostLost : leastWon,
  }))
}
