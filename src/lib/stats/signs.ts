import type { Crowd, Signs } from '../model/send-evidence.ts'
import { weightedMedian } from './crowds.ts'

type SignedSend = {
  clickers: number
  clickers_by: readonly number[]
  signs?: Signs | null
  crowd?: Crowd | null
  /** Variance of the logarithm of its clickers, where it is not sure who of them are people. */
  unsure?: number
  /** What is left of its clickers, as a share. */
  left?: number
}

/** The highest share of machines that pose as people and pass: `tests/store/scanners.test.ts` leaves fewer. */
const passing = 0.01
/** Beyond the usual number of clickers with a sign, chance brings so many standard deviations more. */
const byChance = 2
/** Of those in a burst, how many are taken for machines. */
const machines = 0.9
/** From the most likely value to the upper bound, in standard deviations. */
const toTheEnd = 1

/**
 * Sends with the clickers that are people's. One weak sign is nothing unusual: as many clickers have one as on
 * the usual send, by the median, and as chance adds. Those beyond that are in a burst, in which people and machines
 * look alike: a tenth of them count, and all of them may be people. Clicks that are a machine's by two weak signs
 * do not count; beyond as many as usual they say that scanners were about, of which some pass. Both widen the
 * send's interval (the upper bound as one standard deviation; bounds as in Manski 2003, "Partial
 * Identification"). `variance` is that of the logarithm of all rates, since the usual ones may be people or not
 * as well.
 */
export function besideSigns<One extends SignedSend>(
  sends: readonly One[],
): { sends: readonly One[]; variance: number } {
  if (!sends.some(({ signs }) => signs)) return { sends, variance: 0 }
  const usual = (pick: (signs: Signs) => number): number =>
    weightedMedian(
      sends
        .filter(({ clickers }) => clickers > 0)
        .map(({ signs, clickers }) => ({ value: signs ? pick(signs) / clickers : 0, weight: clickers })),
      0,
    )
  const uncertain = usual((signs) => signs.uncertain)
  const doubtful = usual((signs) => signs.doubtful)
  return {
    variance: (uncertain / 2 / toTheEnd) ** 2,
    sends: sends.map((send): One => {
      const { signs, clickers, clickers_by, crowd } = send
      if (!signs || clickers === 0) return send
      const usually = uncertain * clickers
      const chance = byChance * Math.sqrt(usually + 0.25)
      const burst = Math.max(0, Math.min(1, (signs.uncertain - usually - chance) / clickers)) * machines
      const passed = Math.min(1, passing * Math.max(0, signs.doubtful / clickers - doubtful))
      return {
        ...send,
        clickers: clickers * (1 - burst),
        clickers_by: clickers_by.map((by) => by * (1 - burst)),
        left: 1 - burst,
        ...(crowd && {
          crowd: {
            ...crowd,
            clickers: crowd.clickers * (1 - burst),
            clickers_by: crowd.clickers_by.map((by) => by * (1 - burst)),
          },
        }),
        unsure: (burst / (1 - burst) / toTheEnd) ** 2 + (passed / toTheEnd) ** 2,
      }
    }),
  }
}
