import {
  crowdedReason,
  judge,
  manySeconds,
  manyVariations,
  plainReason,
  repeatedReason,
  soonSeconds,
  weakSigns,
} from '../../../src/lib/classify/judge.ts'
import type { Classification } from '../../../src/lib/model/verdict.ts'
import type { JudgedClick } from './judged-click.ts'
import { networkSigns } from './network-signs.ts'

/** A send of a variation; `at` in milliseconds since 1970. */
export type SendTime = { variation_id: number; at: number }

export type FinalRules = { duplicateSeconds: number; visitorsPerAddress: number }

/**
 * The final verdicts by event id: what the database works out in one statement, written down as plainly as
 * possible, to test it by. `clicks` are in the order in which they were recorded: a click is a duplicate of one
 * that was recorded before it and has counted, since what is final stays, and the first visitors of an address
 * are those whose clicks were recorded first. Bursts are seen among all clicks. Of a click without a hash
 * stands what was found at once. Takes time in the square of the clicks.
 */
export function judgeAll(
  clicks: readonly JudgedClick[],
  sends: readonly SendTime[],
  { duplicateSeconds, visitorsPerAddress }: FinalRules,
): Map<string, Classification> {
  const verdicts = new Map<string, Classification>()
  const counted: JudgedClick[] = []
  const people: JudgedClick[] = []
  const isRepeated = (click: JudgedClick) =>
    counted.some(
      (other) => sameVisit(other, click) && Math.abs(click.at - other.at) < duplicateSeconds * 1000,
    )
  const isCrowded = (click: JudgedClick) => {
    if (click.address_hash === null) return false
    const ofSend = people.filter(
      (other) =>
        other.variation_id === click.variation_id && sentBefore(other, sends) === sentBefore(click, sends),
    )
    const ofAddress = ofSend.filter(({ address_hash }) => address_hash === click.address_hash)
    return (
      ofSend.every(({ ip_hash }) => ip_hash !== click.ip_hash) &&
      new Set(ofAddress.map(({ ip_hash }) => ip_hash)).size >= visitorsPerAddress
    )
  }
  const firsts = new Map<string, number>()
  for (const click of clicks) {
    const sent = sentBefore(click, sends)
    const send = `${click.variation_id} ${sent}`
    const first = firsts.get(send) ?? click.at
    firsts.set(send, first)
    const after = click.at - first
    const { ip_hash, reason, sign } = click
    const alone = ip_hash === null
    const judged = isProvisional(reason)
      ? judge({
          conclusive: null,
          sign,
          soonAfterSend: Number.isFinite(sent) && after >= 0 && after < soonSeconds * 1000,
          around: networkSigns(click, clicks),
          manyLinks: alone ? reason.split('+').includes('many_links') : isOneOfMany(click, clicks),
          repeated: alone ? reason === repeatedReason : isRepeated(click),
          crowded: alone ? reason === crowdedReason : isCrowded(click),
        })
      : { verdict: click.verdict, reason }
    verdicts.set(click.event_id, judged)
    if (judged.verdict === 'human' || judged.reason === crowdedReason) counted.push(click)
    if (judged.verdict === 'human' && !alone) people.push(click)
  }
  return verdicts
}

const sameVisit = (one: JudgedClick, other: JudgedClick): boolean =>
  one.ip_hash === other.ip_hash && one.variation_id === other.variation_id

/** When the send was that a click belongs to; -Infinity before the first. */
const sentBefore = ({ at, variation_id }: JudgedClick, sends: readonly SendTime[]): number =>
  Math.max(
    ...sends.filter((send) => send.variation_id === variation_id && send.at <= at).map((send) => send.at),
  )

function isOneOfMany({ at, ip_hash }: JudgedClick, clicks: readonly JudgedClick[]): boolean {
  const around = clicks.filter(
    (click) => click.ip_hash === ip_hash && Math.abs(second(click.at) - second(at)) <= manySeconds,
  )
  return new Set(around.map(({ variation_id }) => variation_id)).size >= manyVariations
}

const second = (at: number): number => Math.floor(at / 1000)

/**
 * Whether a click with this reason is judged again when the observation window has passed. Conclusive reasons, and
 * reasons that these rules do not give, stay as they are.
 */
export const isProvisional = (reason: string): boolean =>
  [plainReason, repeatedReason, crowdedReason].includes(reason) || reason.split('+').every(isWeakSign)

const isWeakSign = (name: string): boolean => weakSigns.some((sign) => sign === name)
