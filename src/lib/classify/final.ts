import type { Click } from '../tracking/event.ts'
import { isProvisional, judge, manySeconds, manyVariations, soonSeconds } from './judge.ts'
import type { Classification } from './verdict.ts'

/** What the final judgement needs to know of a click. */
export type JudgedClick = Pick<
  Click,
  'event_id' | 'at' | 'variation_id' | 'ip_hash' | 'verdict' | 'reason' | 'sign'
>

/** A send of a variation; `at` in milliseconds since 1970. */
export type Send = { variation_id: number; at: number }

/**
 * The final verdicts by event id, each click seen among all others, before and after it: what the database works out
 * in one statement, written down as plainly as possible, to test it by. Takes time in the square of the clicks.
 */
export function judgeAll(
  clicks: readonly JudgedClick[],
  sends: readonly Send[],
  duplicateSeconds: number,
): Map<string, Classification> {
  const verdicts = new Map<string, Classification>()
  const counted: JudgedClick[] = []
  for (const click of clicks.toSorted(byTime)) {
    const judged = isProvisional(click.reason)
      ? judge({
          conclusive: null,
          sign: click.sign,
          soonAfterSend: isSoonAfterSend(click, sends),
          manyLinks: isOneOfMany(click, clicks),
          repeated: counted.some(
            (earlier) => sameVisit(earlier, click) && click.at - earlier.at < duplicateSeconds * 1000,
          ),
        })
      : { verdict: click.verdict, reason: click.reason }
    verdicts.set(click.event_id, judged)
    if (judged.verdict !== 'machine') counted.push(click)
  }
  return verdicts
}

const byTime = (one: JudgedClick, other: JudgedClick): number =>
  one.at - other.at || (one.event_id < other.event_id ? -1 : 1)

const sameVisit = (one: JudgedClick, other: JudgedClick): boolean =>
  one.ip_hash !== null && one.ip_hash === other.ip_hash && one.variation_id === other.variation_id

function isSoonAfterSend({ at, variation_id }: JudgedClick, sends: readonly Send[]): boolean {
  const before = sends.filter((send) => send.variation_id === variation_id && send.at <= at)
  return at - Math.max(...before.map((send) => send.at)) < soonSeconds * 1000
}

function isOneOfMany({ at, ip_hash }: JudgedClick, clicks: readonly JudgedClick[]): boolean {
  const around = clicks.filter(
    (click) =>
      ip_hash !== null && click.ip_hash === ip_hash && Math.abs(second(click.at) - second(at)) <= manySeconds,
  )
  return new Set(around.map(({ variation_id }) => variation_id)).size >= manyVariations
}

const second = (at: number): number => Math.floor(at / 1000)
