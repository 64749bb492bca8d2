import type { Database } from '../database/database.ts'
import type { Damage, LinkDamage } from '../model/link.ts'
import { addLinkDamage, sumLinkDamage } from '../store/link-damage.ts'

export type LinkDamageLog = {
  note(slug: string, damage: Damage): void
  /** Adds the counts to the database; what it does not accept waits for the next time. */
  flush(): Promise<void>
  /** What there is to say about the UTC days from `first` (or the beginning, if `undefined`) to `last`, if anything. */
  describe(first: string | undefined, last: string): Promise<string | undefined>
}

export type LinkDamageParts = { database: Database; now: () => number; count: (damage: Damage) => void }

type Count = { day: string; slug: string; damaged: number; unreadable: number }

const deadline = 1_000

/**
 * Counts damaged links by day and known slug, outside of the hot path. A crash loses the counts of ten seconds, but no
 * clicks.
 */
export function createLinkDamage({ database, now, count: onDamage }: LinkDamageParts): LinkDamageLog {
  let counts = new Map<string, Count>()

  const add = ({ day, slug, damaged, unreadable }: Count): void => {
    const count = counts.get(`${day} ${slug}`) ?? { day, slug, damaged: 0, unreadable: 0 }
    count.damaged += damaged
    count.unreadable += unreadable
    counts.set(`${day} ${slug}`, count)
  }

  return {
    note(slug, damage) {
      onDamage(damage)
      const day = new Date(now()).toISOString().slice(0, 10)
      add({ day, slug, damaged: Number(damage === 'damaged'), unreadable: Number(damage === 'unreadable') })
    },
    async flush() {
      if (counts.size === 0) return
      const taken = [...counts.values()]
      counts = new Map()
      const added = await database.run((sql) => addLinkDamage(sql, JSON.stringify(taken)), deadline)
      if (!added.ok) for (const count of taken) add(count)
    },
    async describe(first, last) {
      const read = await database.run((sql) => sumLinkDamage(sql, first, last), deadline)
      const [sums] = read.ok ? read.value : []
      return sums && damageSentence(sums)
    },
  }
}

/** Fewer damaged links than this, or a smaller share, are normal. */
const fewestRemarkable = 20
const leastShare = 0.02

/** A sentence about damaged links and what to do; nothing if there are no more than happen everywhere. */
export function damageSentence({ clicks, damaged, unreadable }: LinkDamage): string | undefined {
  const all = clicks + unreadable
  const hurt = damaged + unreadable
  if (hurt < fewestRemarkable || hurt < all * leastShare) return undefined
  const percent = Math.round((hurt / all) * 100)
  const lost =
    unreadable > 0
      ? `${shown(unreadable)} of them did not name exactly one text and are not counted`
      : 'all of them are counted'
  return (
    `${shown(hurt)} of ${shown(all)} clicks (${percent} %) came through a link that was damaged on its way; ${lost}. ` +
    'Most likely the software that sends or shows the newsletter rewrites links, often “&” as “&amp;”: ' +
    'compare the link in a copy that was sent, and keep promo_var directly after the “?”.'
  )
}

const shown = (count: number): string => count.toLocaleString('en-GB')
