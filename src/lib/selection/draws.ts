import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'
import type { Random } from '../base/random.ts'

/** A stream of numbers in (0, 1), determined by a 32-bit integer. */
export function seeded(seed: number): Random {
  const mixed = mix(seed)
  const source = xoroshiro128plus(mixed)
  for (let draw = 0; draw < skipped; draw += 1) source.next()
  return () => ((source.next() >>> 0) + 0.5) / 4_294_967_296
}

/** The generator's first numbers nearly repeat its seed. */
const skipped = 20

/** Mixes the bits (MurmurHash3, Appleby 2011): similar seeds would give similar streams. */
function mix(seed: number): number {
  let bits = seed
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return bits ^ (bits >>> 16)
}

/** Standard normal (Box & Muller 1958). */
export const drawNormal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random())

/**
 * Gamma(shape, 1) for a shape above 0 (Marsaglia & Tsang 2000, "A simple method for generating gamma variables").
 * Throws a `RangeError` for any other: with NaN every draw would be rejected, and the site would hang.
 */
export function drawGamma(shape: number, random: Random): number {
  if (!(shape > 0)) throw new RangeError(`A gamma variable has a shape above 0, not ${shape}`)
  if (shape < 1) return drawGamma(shape + 1, random) * random() ** (1 / shape)
  const d = shape - 1 / 3
  const c = 1 / Math.sqrt(9 * d)
  for (;;) {
    const x = drawNormal(random)
    const root = 1 + c * x
    if (root <= 0) continue
    const v = root * root * root
    const u = random()
    // Avoids the logarithms in most cases, and rejects nothing that they would accept.
    if (u < 1 - 0.0331 * x * x * x * x) return d * v
    if (Math.log(u) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v
  }
}

/** Beta(a, b) for a and b above 0. */
export function drawBeta(a: number, b: number, random: Random): number {
  const x = drawGamma(a, random)
  return x / (x + drawGamma(b, random))
}

/** Limits of the draws of an estimate. */
export type DrawLimits = {
  /** How many rates are drawn in all, within the other limits. */
  effort: number
  least: number
  most: number
}

/** How many times the rates of so many variations are drawn. */
export const drawsOf = ({ effort, least, most }: DrawLimits, variations: number): number =>
  Math.min(most, Math.max(least, Math.floor(effort / variations)))
