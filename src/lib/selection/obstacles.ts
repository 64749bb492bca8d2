import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import type { Links } from '../links/two-sources.ts'
import { listOfferStates, type OfferState } from '../store/offers.ts'

/** Why the newsletter does not choose offers, in a sentence, by `offer_id`; offers that it may choose are left out. */
export type Obstacles = ReadonlyMap<number, string>

export async function readObstacles(
  database: Database,
  links: Links,
): Promise<Result<Obstacles, DatabaseFault>> {
  const listed = await database.run(listOfferStates)
  if (!listed.ok) return listed
  const found = await Promise.all(
    listed.value.map(({ link_slug }) => (link_slug === null ? undefined : links.get(link_slug))),
  )
  const obstacles = new Map<number, string>()
  for (const [index, offer] of listed.value.entries()) {
    const obstacle = obstacleOf(offer, found[index] !== undefined)
    if (obstacle !== undefined) obstacles.set(offer.offer_id, obstacle)
  }
  return ok(obstacles)
}

/** All causes at once: an editor who removes only one of two would wait for sends in vain. */
export function obstacleOf(
  { active, weight, approved, link_slug }: Omit<OfferState, 'offer_id'>,
  linkWorks: boolean,
): string | undefined {
  const causes = [
    !active && 'is not active',
    weight <= 0 && 'is paused (weight 0)',
    !approved && 'has no approved text',
    link_slug === null
      ? 'has no link'
      : !linkWorks && `has a link that leads nowhere (/${link_slug} is unknown or not active)`,
  ].filter((cause) => cause !== false)
  if (causes.length === 0) return undefined
  return `This offer ${new Intl.ListFormat('en-GB').format(causes)}, so the newsletter does not choose it.`
}
