import { betaQuantile } from './beta.ts'

type Interval = [low: number, high: number]

/** So large that a beta variable with it as its second parameter is a gamma variable over it. */
const large = 1e8

/** The value that a Gamma variable of this shape and rate 1 stays below with probability p, 0 < p < 1. */
export function gammaQuantile(p: number, shape: number): number {
  const x = betaQuantile(p, shape, large)
  return (large * x) / (1 - x)
}

/**
 * 95 % interval of a rate of `conversions` of `clicks`: Jeffreys' (Brown, Cai & DasGupta 2001), from 0 if there were
 * none and up to 1 where all were. `undefined` without clicks, and with more conversions than clicks: these are no
 * share of them.
 */
export function rateInterval(conversions: number, clicks: number): Interval | undefined {
  if (clicks <= 0 || conversions > clicks) return undefined
  const k = conversions
  return [
    k === 0 ? 0 : betaQuantile(0.025, k + 0.5, clicks - k + 0.5),
    k === clicks ? 1 : betaQuantile(0.975, k + 0.5, clicks - k + 0.5),
  ]
}

/** What conversions of one currency brought, and the sum of the squared amounts. */
export type Earned = { revenue: number; squares: number }

/**
 * 95 % interval of what as many clicks or recipients bring: conversions come by chance (Poisson) and weigh their
 * amounts, so that the sum is near a gamma variable (Fay & Feuer 1997). Their upper limit adds the largest amount that
 * may come; few conversions do not know it, so it is the one that an average unit of money `among` more conversions
 * came in. `undefined` if nothing was brought yet.
 */
export function revenueInterval({ revenue, squares }: Earned, among: Earned): Interval | undefined {
  if (revenue <= 0 || squares <= 0) return undefined
  const quantile = (p: number, sum: number, variance: number) =>
    (variance / sum) * gammaQuantile(p, (sum * sum) / variance)
  const next = Math.max(squares / revenue, among.revenue > 0 ? among.squares / among.revenue : 0)
  return [quantile(0.025, revenue, squares), quantile(0.975, revenue + next, squares + next * next)]
}
