import type { Crowd } from '../model/send-evidence.ts'
import type { Send } from './evidence.ts'

/** Sends as they were reported, without any weight. */
export type SendCounts = {
  sends: number
  /** Those older than 72 hours, which have nearly all of their clicks. */
  complete: number
  recipients: number
  clickers: number
  /** Those of them at crowded addresses. */
  crowded: number
}

export type CountOf = (variation: { variation_id: number }) => SendCounts

const completeDays = 3
const none: SendCounts = { sends: 0, complete: 0, recipients: 0, clickers: 0, crowded: 0 }

/** Counts the sends of each variation; returns a function that looks them up. */
export function countSends(
  sends: readonly (Pick<Send, 'variation_id' | 'recipients' | 'clickers' | 'age'> & {
    crowd?: Crowd | null
  })[],
): CountOf {
  const counted = new Map<number, SendCounts>()
  for (const { variation_id, recipients, clickers, age, crowd } of sends)
    counted.set(
      variation_id,
      addUp([
        counted.get(variation_id) ?? none,
        {
          sends: 1,
          complete: Number(age > completeDays),
          recipients,
          clickers,
          crowded: crowd?.clickers ?? 0,
        },
      ]),
    )
  return ({ variation_id }) => counted.get(variation_id) ?? none
}

/** Of an offer, the sends with a text of it, of which one in segments counts once. */
export type OfferSends = Pick<SendCounts, 'sends' | 'complete'>

/** Counts the sends of each offer; returns a function that looks them up. */
export function countOfferSends(
  sends: readonly Pick<Send, 'offer_id' | 'newsletter_send_id' | 'age'>[],
): (offer_id: number) => OfferSends {
  const youngest = new Map<number, Map<string, number>>()
  for (const { offer_id, newsletter_send_id, age } of sends) {
    const own = youngest.get(offer_id) ?? new Map<string, number>()
    own.set(newsletter_send_id, Math.min(age, own.get(newsletter_send_id) ?? age))
    youngest.set(offer_id, own)
  }
  return (offer_id) => {
    const ages = [...(youngest.get(offer_id)?.values() ?? [])]
    return { sends: ages.length, complete: ages.filter((age) => age > completeDays).length }
  }
}

export const addUp = (all: readonly SendCounts[]): SendCounts =>
  all.reduce(
    (sum, one) => ({
      sends: sum.sends + one.sends,
      complete: sum.complete + one.complete,
      recipients: sum.recipients + one.recipients,
      clickers: sum.clickers + one.clickers,
      crowded: sum.crowded + one.crowded,
    }),
    none,
  )
