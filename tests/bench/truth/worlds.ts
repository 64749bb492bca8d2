import type { Random } from '../../../src/lib/base/random.ts'
import { drawGamma, drawNormal } from '../../../src/lib/selection/draws.ts'

/** What makes a world rough; what is not named is as in the plain one. Logarithmic spreads are standard deviations. */
export type World = {
  name: string
  /** Days differ by a t distribution with 3 degrees of freedom; 3 % are duds, 2 % go viral. */
  heavyTails?: true
  weekdays?: true
  /** How much of a day's effect the next day keeps. */
  kept?: number
  /** What a year leaves of all rates. */
  yearLeaves?: number
  /** The list grows to four times its size. */
  growth?: true
  /** Spread of a text's advantage from send to send. */
  textBySend?: number
  /** What a showing leaves of a text's rate. */
  showingLeaves?: number
  /** A part of the readers that clicks on everything. */
  fanatics?: number
  /** Hours within which half of the clickers come, about 3.5 where it is not given. */
  half?: number
  /** Share of the sends in which machines pose as people and make 30 to 70 % of the clicks. */
  bots?: number
  /** Of people's and of those machines' clicks, the share with a weak sign. */
  signs?: { people: number; machines: number }
  /** Share of reports with wrong recipients, and the factor; 0 is none at all, which counts as one. */
  wrong?: { share: number; factor: number }
  /** Share of the sends that are reported one to six hours late. */
  late?: number
  /** Share of the readers behind addresses that many share, and which ones; see `createCrowds`. */
  behind?: { share: number; addresses: 'companies' | 'relays' }
  /**
   * Two lists that get a send on every other day: by how much readers of one click more, and how much a text
   * differs between them.
   */
  lists?: { factor: number; spread: number }
}

export const worlds: readonly World[] = [
  { name: 'plain' },
  { name: 'heavy tails', heavyTails: true },
  { name: 'weekdays', weekdays: true },
  { name: 'autocorrelated days', kept: 0.8 },
  { name: 'trend', yearLeaves: 0.5 },
  { name: 'list growth', growth: true },
  { name: 'text x send 0.05', textBySend: 0.05 },
  { name: 'text x send 0.10', textBySend: 0.1 },
  { name: 'text x send 0.30', textBySend: 0.3 },
  { name: 'wear-out', showingLeaves: 0.94 },
  { name: 'fanatics', fanatics: 0.004 },
  { name: 'bots', bots: 0.35 },
  { name: 'bots, told half', bots: 0.35, signs: { people: 0.03, machines: 0.5 } },
  { name: 'bots, told', bots: 0.35, signs: { people: 0.03, machines: 0.9 } },
  { name: 'recipients 1 % x 0.1', wrong: { share: 0.01, factor: 0.1 } },
  { name: 'recipients 3 % x 0.1', wrong: { share: 0.03, factor: 0.1 } },
  { name: 'recipients 3 % x 10', wrong: { share: 0.03, factor: 10 } },
  { name: 'recipients 12 % x 10', wrong: { share: 0.12, factor: 10 } },
  { name: 'recipients 3 % missing', wrong: { share: 0.03, factor: 0 } },
  { name: 'recipients 12 % missing', wrong: { share: 0.12, factor: 0 } },
  { name: 'late impressions', late: 0.3 },
  { name: 'companies', behind: { share: 0.5, addresses: 'companies' } },
  { name: 'relays 30 %', behind: { share: 0.3, addresses: 'relays' } },
  { name: 'relays 60 %', behind: { share: 0.6, addresses: 'relays' } },
  { name: 'two newsletters', lists: { factor: 2.7, spread: 0.3 } },
  {
    name: 'mix',
    heavyTails: true,
    weekdays: true,
    kept: 0.4,
    yearLeaves: 0.75,
    textBySend: 0.1,
    showingLeaves: 0.995,
    bots: 0.05,
    wrong: { share: 0.01, factor: 0.1 },
    late: 0.05,
  },
]

const spread = 0.25
const ofWeekday = [1.2, 1.15, 1.1, 1.05, 1, 0.75, 0.75]

/** The factor that all rates of a day have in common, day after day. */
export function createDays(
  { heavyTails, weekdays, kept = 0 }: World,
  random: Random,
): (day: number) => number {
  let last = drawNormal(random)
  return (day) => {
    last = kept * last + Math.sqrt(1 - kept ** 2) * drawNormal(random)
    const tails = heavyTails ? 1 / Math.sqrt(2 * drawGamma(1.5, random)) : 1
    const chance = heavyTails ? random() : 1
    const freak = chance < 0.03 ? 0.1 : chance < 0.05 ? 4 : 1
    const weekday = weekdays ? (ofWeekday[day % 7] ?? 1) : 1
    return freak * weekday * Math.exp(spread * tails * last - (heavyTails ? 0 : spread ** 2 / 2))
  }
}

/** Ends of the spans in which clicks are counted, in hours. */
export const spanEnds = [1, 2, 3, 6, 12, 24, 48, 72, 168] as const

/** Of a send's clickers, the share that has come after so many hours: log-normal, half within `half` hours. */
export function drawArrival({ half = 3.5 }: World, random: Random): (hours: number) => number {
  const middle = Math.log(half) + 0.25 * drawNormal(random)
  return (hours) => normalCdf((Math.log(hours) - middle) / 1.3)
}

/** Abramowitz & Stegun 1964, 26.2.17. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x))
  const sum = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
  const tail = (Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI)) * sum
  return x > 0 ? 1 - tail : tail
}
