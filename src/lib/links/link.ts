import type { Result } from '../base/result.ts'
import type { Listing } from './refreshing-cache.ts'

/** Why a source does not answer; the cache then keeps what it has. */
export type LinkFault = { message: string }

/**
 * Where links come from: the site's own table, or a content management system. Only active links count. Rows are as the
 * source has them; the cache validates each by itself.
 */
export type LinkSource = {
  list(): Promise<Result<Listing, LinkFault>>
  find(slug: string): Promise<Result<unknown, LinkFault>>
}
