import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { FileLayer } from '../buffer/files.ts'
import type { MetricsWorker } from '../operations/metrics.ts'
import type { Config } from '../settings/config.ts'

export type OpenOptions = {
  config: Config
  log: Log
  /** The site's own pages with a path of one word: no promo link hides one. */
  pages?: ReadonlySet<string>
  place?: SitePlace
  now?: Clock
  random?: Random
  files?: FileLayer
  worker?: MetricsWorker | undefined
}

/** The place of the promo tracking within its site. */
export type SitePlace = {
  /** The version of the promo tracking. */
  version?: string
  /** The prefix of all paths of the site, such as `/news`. */
  base?: string
  /** A route of the site for any word; links take precedence over its pages. */
  anyWord?: string | undefined
}
