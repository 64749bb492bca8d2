import { ok } from '../lib/base/result.ts'
import type { Database } from '../lib/database/database.ts'
import { countOtherClicks, type SelfTestClick, type SelfTestPlace } from '../lib/store/self-test.ts'
import { failed, type Outcome, print } from './command.ts'
import type { Case } from './self-test-cases.ts'

const hour = 3_600_000

/** A case with the mark that its click carries as referrer, and the variation that it asked for. */
export type Sent = Case & { referrer: string; variationId: number }

/** What of a case is in the database. Nothing is kept of somebody who asks for it, so there the variation has to do. */
export const clickOf = (sent: Sent, clicks: readonly SelfTestClick[]): SelfTestClick | undefined =>
  'sec-gpc' in sent.headers
    ? clicks.findLast(({ referrer, variation_id }) => referrer === null && variation_id === sent.variationId)
    : clicks.find(({ referrer }) => referrer === sent.referrer)

/** Prints a line a case, and what may stand in the way where one is wrong. */
export async function reportSelfTest(
  database: Database,
  place: SelfTestPlace,
  sent: readonly Sent[],
  clicks: readonly SelfTestClick[],
): Promise<Outcome> {
  let wrong = 0
  for (const one of sent) {
    const click = clickOf(one, clicks)
    const found = click && {
      atOnce: `${click.verdict} ${click.reason}`,
      final: `${click.final_verdict} ${click.final_reason}`,
    }
    const right = found?.atOnce === one.expected?.atOnce && found?.final === one.expected?.final
    if (!right) wrong += 1
    const outcome = right ? 'ok    ' : 'FAILED'
    const difference = right ? '' : `; found: ${inWords(found)}`
    print(`${outcome}  ${one.name.padEnd(33)}  ${inWords(one.expected)}${difference}`)
  }
  if (!sent.some(({ headers }) => 'x-forwarded-for' in headers))
    print(
      'left out: scanner network, since no proxy on this machine is in PROMO_TRUSTED_PROXIES ' +
        'that could give the address',
    )
  if (wrong === 0) {
    print(`${sent.length} cases, all as expected`)
    return ok(undefined)
  }
  const reasons = await explain(database, place, sent, clicks)
  return failed([`${wrong} of ${sent.length} cases are not as expected`, ...reasons].join('\n  '))
}

const inWords = (expected: Case['expected'] | undefined): string =>
  expected ? `at once ${expected.atOnce}, finally ${expected.final}` : 'no click'

/** What most often stands in the way of the verdicts. */
async function explain(
  database: Database,
  place: SelfTestPlace,
  sent: readonly Sent[],
  clicks: readonly SelfTestClick[],
): Promise<string[]> {
  const alike = sent.filter(({ headers }) => !('x-forwarded-for' in headers))
  const addresses = new Set(alike.flatMap((one) => clickOf(one, clicks)?.address_hash ?? []))
  const [address] = addresses
  const others =
    address === undefined
      ? ok([])
      : await database.run((sql) => countOtherClicks(sql, place.offer_id, address, Date.now() - hour))
  const causes: [boolean, string][] = [
    [
      clicks.some(({ reason }) => reason === 'flood'),
      'The site took the clicks for a flood: it has a lower PROMO_FLOOD_PER_MINUTE than these settings, ' +
        'or others share the address.',
    ],
    [
      addresses.size === 0,
      'No click has a visitor hash: the site does not have this month’s salt from its database yet.',
    ],
    [
      addresses.size > 1,
      `The site saw these requests come from ${addresses.size} addresses: there is a proxy in between; ` +
        'name it in PROMO_TRUSTED_PROXIES, or give the --url of the site itself.',
    ],
    [
      others.ok && others.value.some((row) => row.clicks > 0),
      'Clicks on other promos came from the same address within the hour: yours, or a proxy hides its visitors; ' +
        'name it in PROMO_TRUSTED_PROXIES.',
    ],
  ]
  const found = causes.filter(([holds]) => holds).map(([, reason]) => reason)
  return found.length > 0
    ? found
    : [
        'If several instances answer in turn, each at first knows only its own clicks: give the --url of ' +
          'one of them. ' +
          'Otherwise compare the settings here with the site’s.',
      ]
}
