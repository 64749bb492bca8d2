import type { Send } from './evidence.ts'

/** Sends as they were reported, without any weight. */
export type SendCounts = {
  sends: number
  /** Those older than 72 hours, which have nearly all of their clicks. */
  complete: number
  recipients: number
  clickers: number
}

export type CountOf = (variation: { variation_id: number }) => SendCounts

const completeDays = 3
const none: SendCounts = { sends: 0, complete: 0, recipients: 0, clickers: 0 }

/** Counts the sends of each variation; returns a function that looks them up. */
export function countSends(
  sends: readonly Pick<Send, 'variation_id' | 'recipients' | 'clickers' | 'age'>[],
): CountOf {
  const counted = new Map<number, SendCounts>()
  for (const { variation_id, recipients, clickers, age } of sends)
    counted.set(
      variation_id,
      addUp([
        counted.get(variation_id) ?? none,
        { sends: 1, complete: Number(age > completeDays), recipients, clickers },
      ]),
    )
  return ({ variation_id }) => counted.get(variation_id) ?? none
}

export const addUp = (all: readonly SendCounts[]): SendCounts =>
  all.reduce(
    (sum, one) => ({
      sends: sum.sends + one.sends,
      complete: sum.complete + one.complete,
      recipients: sum.recipients + one.recipients,
      clickers: sum.clickers + one.clickers,
    }),
    none,
  )
