import {
  besideSeconds,
  manyAddresses,
  onlyAddresses,
  onlyShare,
  sharedAgent,
  spanSeconds,
  type WeakSign,
} from '../../../src/lib/classify/judge.ts'
import { widerDigits } from '../../../src/lib/model/visitor.ts'
import type { JudgedClick } from './judged-click.ts'

const shared = new RegExp(sharedAgent)
const networkOf = ({ address_hash }: JudgedClick) => address_hash?.slice(0, widerDigits)
const spanOf = ({ at }: JudgedClick) => Math.floor(at / 1000 / spanSeconds)
const secondOf = ({ at }: JudgedClick) => Math.floor(at / 1000)
const addressesOf = (clicks: readonly JudgedClick[]) =>
  new Set(clicks.map(({ address_hash }) => address_hash)).size

/**
 * What a click's network shows around it, as plainly as the rest of `judgeAll`; nothing of a click without an
 * address.
 */
export function networkSigns(click: JudgedClick, clicks: readonly JudgedClick[]): WeakSign[] {
  const { address_hash, variation_id, user_agent, sign } = click
  if (address_hash === null) return []
  const seen = sign?.split('+').includes('seen_network') ?? false
  const ofText = clicks.filter((one) => one.address_hash !== null && one.variation_id === variation_id)
  const around = ofText.filter(
    (one) => networkOf(one) === networkOf(click) && Math.abs(spanOf(one) - spanOf(click)) <= 1,
  )
  const alike = addressesOf(around.filter((one) => one.user_agent === user_agent))
  const all = addressesOf(around)
  const only =
    alike >= Math.max(onlyAddresses, onlyShare * all) && user_agent !== null && !shared.test(user_agent)
  const beside = ofText.some(
    (one) =>
      networkOf(one) !== networkOf(click) && Math.abs(secondOf(one) - secondOf(click)) <= besideSeconds,
  )
  return [
    ...(alike >= manyAddresses || (seen && all >= manyAddresses) ? ['many_addresses' as const] : []),
    ...(only ? ['only_agent' as const] : []),
    ...(seen && beside ? ['beside_person' as const] : []),
  ]
}
