import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { Links } from '../links/two-sources.ts'
import type { Goal } from '../model/selection.ts'
import type { Config } from '../settings/config.ts'
import { listDecisions } from '../store/decisions.ts'
import { readObstacles } from './obstacles.ts'
import { readSituation } from './read-situation.ts'
import { type PartialRequest, type SelectionRequest, selectPromo } from './select-promo.ts'
import { type SharesNow, shareNow } from './share-now.ts'
import type { Rules } from './variety.ts'

export type SelectionSettings = Pick<
  Config,
  | 'PROMO_SELECTION'
  | 'PROMO_SELECTION_GOAL'
  | 'PROMO_SELECTION_CURRENCY'
  | 'PROMO_SELECTION_FLOOR'
  | 'PROMO_VARIETY_OFFER_GAP'
  | 'PROMO_VARIETY_OFFER_SENDS'
  | 'PROMO_VARIETY_WINDOW'
  | 'PROMO_VARIETY_VARIATION_GAP'
  | 'PROMO_RETAIN_EVENTS_MONTHS'
  | 'SITE_URL'
>

type OpenSelectionParts = {
  config: SelectionSettings
  database: Database
  links: Links
  now: Clock
  random: Random
}

const rulesOf = (config: SelectionSettings): Rules => ({
  offerGap: config.PROMO_VARIETY_OFFER_GAP,
  offerSends: config.PROMO_VARIETY_OFFER_SENDS,
  window: config.PROMO_VARIETY_WINDOW,
  variationGap: config.PROMO_VARIETY_VARIATION_GAP,
  floor: config.PROMO_SELECTION_FLOOR / 100,
})

/** Chooses promos, and reports what was and would be chosen, under a site's settings. */
export function createSelection({ config, database, links, now, random }: OpenSelectionParts) {
  const rules = rulesOf(config)
  const goal: Goal = { goal: config.PROMO_SELECTION_GOAL, currency: config.PROMO_SELECTION_CURRENCY }
  const strategyOf = (asked: SelectionRequest['strategy'] | undefined) => asked ?? config.PROMO_SELECTION
  return {
    settings: { strategy: config.PROMO_SELECTION, ...goal },
    select: ({ strategy, ...request }: PartialRequest) =>
      selectPromo(
        { database, links, random, now, rules, goal, siteUrl: config.SITE_URL },
        { ...request, strategy: strategyOf(strategy) },
      ),
    /** The share that each variation would get now in a send of this newsletter. */
    async readShares(newsletter = ''): Promise<Result<SharesNow, DatabaseFault>> {
      const situation = await readSituation({ database, links, now, goal }, config.PROMO_SELECTION, undefined)
      return situation.ok
        ? ok(shareNow({ ...situation.value, newsletter }, config.PROMO_SELECTION, rules))
        : situation
    },
    /** Why offers cannot be chosen now. */
    readObstacles: () => readObstacles(database, links),
    /** How the variations of these sends were chosen, as long as that is stored. */
    readDecisions: (sends: readonly string[]) => database.run((sql) => listDecisions(sql, sends)),
  }
}
