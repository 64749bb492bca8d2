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
 * The final verdicts by event id: what the database works out in one statement, written down as plainly as possible, to
 * test it by. `clicks` are in the order in which they were recorded: a click is a duplicate of one that was recorded
 * before it and has counted, since what is final stays. Bursts are seen among all clicks. Takes time in the square of
 * the clicks.
 */
export function judgeAll(
  clicks: readonly JudgedClick[],
  sends: readonly Send[],
  duplicateSeconds: number,
): Map<string, Classification> {
  const verdicts = new Map<string, Classification>()
  const counted: JudgedClick[] = []
  for (const click of clicks) {
    const judged = isProvisional(click.reason)
      ? judge({
          conclusive: null,
          sign: click.sign,
          soonAfterSend: isSoonAfterSend(click, sends),
          manyLinks: isOneOfMany(click, clicks),
          repeated: counted.some(
            (other) => sameVisit(other, click) && Math.abs(click.at - other.at) < duplicateSeconds * 1000,
          ),
        })
      : { verdict: click.verdict, reason: click.reason }
    verdicts.set(click.event_id, judged)
    if (judged.verdict === 'human') counted.push(click)
  }
  return verdicts
}

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
