import { brokenLimits } from './calibrate.ts'
import { markets } from './earning-world.ts'
import { bars } from './selection-settings.ts'
import { simulate } from './simulate.ts'
import { simulateEarnings } from './simulate-earnings.ts'

type Chosen = 'ctr_weighted' | 'thompson'

const settingOf = (name: string) => {
  const setting = bars.find((bar) => bar.name === name)
  if (!setting) throw new Error(`no setting ${name}`)
  return setting
}

/** The mean earnings of the years, in per cent of those of an oracle. */
export const meanShare = (name: string, strategy: Chosen, seeds: readonly number[]): number =>
  (100 * seeds.reduce((sum, seed) => sum + simulate(settingOf(name), strategy, seed).share, 0)) / seeds.length

/** How often a year of Thompson sampling breaks a limit of another setting. */
export const brokenInYear = (name: string, seed: number): string[] =>
  brokenLimits(simulate(settingOf(name), 'thompson', seed).sends)

/** The first 60 days of a year. */
export const shortYear = (name: string, seed: number) =>
  simulate({ ...settingOf(name), days: 60 }, 'thompson', seed)

/** The mean earnings of so many days in a world with conversions, in per cent of those of an oracle. */
export function meanEarned(
  name: string,
  method: 'clicks' | 'revenue',
  seeds: readonly number[],
  { days, known = true }: { days: number; known?: boolean },
): number {
  const market = markets.find((one) => one.name === name)
  if (!market) throw new Error(`no market ${name}`)
  const told = known ? market : { ...market, delay: 1e9 }
  const setting = { ...settingOf('50k'), days }
  return (
    (100 * seeds.reduce((sum, seed) => sum + simulateEarnings(setting, told, method, seed), 0)) / seeds.length
  )
}
