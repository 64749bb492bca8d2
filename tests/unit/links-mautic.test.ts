import { beforeEach, describe, expect, test } from 'vitest'
import { createNetworkReader } from '../../src/lib/base/address.ts'
import { createLog } from '../../src/lib/base/log.ts'
import { createClassifier } from '../../src/lib/classify/classifier.ts'
import { destinationOf } from '../../src/lib/links/destination.ts'
import type { TrackingEvent } from '../../src/lib/model/event.ts'
import type { Damage } from '../../src/lib/model/link.ts'
import { createStrangers } from '../../src/lib/privacy/strangers.ts'
import {
  answerPromoLink,
  type PromoLinkParts,
  type VisitOutcome,
} from '../../src/lib/redirect/answer-promo-link.ts'
import { createPromoVarReader } from '../../src/lib/redirect/promo-var.ts'
import { createAgentReader } from '../../src/lib/tracking/agent.ts'
import { createEventIds } from '../../src/lib/tracking/event-id.ts'
import { handingOver, rowsOf } from '../support/click-parts.ts'

let clicks: TrackingEvent[]
let outcomes: VisitOutcome[]
let damages: Damage[]
beforeEach(() => {
  clicks = []
  outcomes = []
  damages = []
})

const link = destinationOf({
  slug: 'desk',
  destination_url: 'https://merchant.example/buy?id=7#top',
  utm: { utm_medium: 'email' },
  pass_parameters: true,
  click_id_parameter: null,
})

const parts = (): PromoLinkParts => ({
  links: rowsOf([['desk', link]]),
  variations: rowsOf([[42, { variation_id: 42, offer_id: 4, link_slug: 'desk', former_slugs: [] }]]),
  buffer: handingOver((event) => void clicks.push(event)),
  unchecked: { admit: () => true, judged: () => {}, overflowing: false },
  networkOf: createNetworkReader(),
  strangers: createStrangers(Buffer.alloc(32, 9)),
  salts: { hashAt: () => undefined, refresh: async () => {} },
  pages: new Set(),
  promoVarOf: createPromoVarReader(),
  flood: () => false,
  surplus: () => undefined,
  classifier: createClassifier({ networks: [], duplicateSeconds: 10, visitorsPerAddress: 5 }),
  insiderOf: () => null,
  newEventId: createEventIds(),
  agentOf: createAgentReader(),
  now: () => Date.UTC(2026, 10, 18, 12),
  log: createLog('silent'),
  onVisit: (outcome) => void outcomes.push(outcome),
  onDamage: (_, damage) => void damages.push(damage),
})

/** Where a visitor with this link goes, and what is recorded of it. */
async function follow(path: string) {
  const { pathname, search } = new URL(path, 'https://site.example/')
  const answer = await answerPromoLink(parts(), {
    method: 'GET',
    slug: pathname.slice(1),
    query: search.slice(1),
    header: () => undefined,
    client: { address: '203.0.113.7', forwarded: false },
  })
  const [click] = clicks
  return {
    to: answer?.headers?.location,
    text: click?.kind === 'click' ? click.variation_id : undefined,
    damage: damages[0],
  }
}

const merchant = (passed = '') => `https://merchant.example/buy?id=7&utm_medium=email${passed}#top`
/** What Mautic's redirect adds about the contact: a serialized array in base64, which ends with "=". */
const ct =
  'YTo1OntzOjY6InNvdXJjZSI7YToyOntpOjA7czo1OiJlbWFpbCI7aToxO2k6Mzt9czo1OiJlbWFpbCI7aTozO3M6NDoic3RhdCI7fQ'

describe('a promo link that Mautic has sent leads to the merchant and counts:', () => {
  test.each<[string, string, string?]>([
    ['as it is, where links are not tracked', 'desk?promo_var=42&utm_source=newsletter'],
    ['behind /r/, which hands its own "ct" on', `desk?promo_var=42&utm_source=newsletter&ct=${ct}%3D%3D`],
    ['behind /r/, with "ct" as it is', `desk?promo_var=42&utm_source=newsletter&ct=${ct}==`],
    ['behind /r/, with "ct" encoded twice', `desk?promo_var=42&utm_source=newsletter&ct=${ct}%253D%253D`],
    ['behind /r/, put in order by PHP', `desk?ct=${ct}%3D%3D&promo_var=42&utm_source=newsletter`],
    ['with the contact’s id', 'desk?promo_var=42&utm_source=newsletter&mtc_id=1234'],
    ['with the contact’s id in front', 'desk?mtc_id=1234&promo_var=42&utm_source=newsletter'],
    [
      'with a session of its script',
      'desk?promo_var=42&utm_source=newsletter&mautic_device_id=ab12&mtc_sid=9',
    ],
    [
      'with the e-mail’s own UTM tags behind ours, of which the first counts',
      `desk?promo_var=42&utm_source=newsletter&utm_source=mautic&utm_campaign=week+48&ct=${ct}`,
      '&utm_source=newsletter&utm_campaign=week+48',
    ],
    [
      'with UTM tags in front',
      'desk?utm_source=mautic&utm_campaign=week%2048&promo_var=42',
      '&utm_source=mautic&utm_campaign=week%2048',
    ],
    ['with a UTM tag that the link sets itself', 'desk?promo_var=42&utm_source=newsletter&utm_medium=mautic'],
    ['with a token filled in', 'desk?promo_var=42&utm_source=newsletter&name=Ann%20Lee'],
    ['with a token filled in and not encoded', 'desk?promo_var=42&utm_source=newsletter&name=Ann Lée'],
    ['with "&" in what was filled in', 'desk?promo_var=42&utm_source=newsletter&company=A&B'],
    ['with "#" in what was filled in', 'desk?promo_var=42&utm_source=newsletter&company=No#1&x=1'],
    ['with "?" in what was filled in', 'desk?company=Who?&promo_var=42&utm_source=newsletter'],
    ['with a token not filled in', 'desk?promo_var=42&utm_source=newsletter&name={contactfield=firstname}'],
    [
      'with a token and its default',
      'desk?promo_var=42&utm_source=newsletter&name={contactfield=firstname|my friend}',
    ],
    [
      'with a token that was encoded',
      'desk?promo_var=42&utm_source=newsletter&name=%7Bcontactfield%3Dfirstname%7D',
    ],
    ['with a token in front', 'desk?name={contactfield=firstname}&promo_var=42&utm_source=newsletter'],
    [
      'with a token not filled in among the UTM tags, which the merchant does not get',
      'desk?promo_var=42&utm_source=newsletter&utm_term={contactfield=plan}&utm_content=%7Bleadfield%3Dcity%7D',
    ],
    [
      'with a token filled in among the UTM tags',
      'desk?promo_var=42&utm_source=newsletter&utm_term=premium',
      '&utm_source=newsletter&utm_term=premium',
    ],
    [
      'with a token as promo_var, filled in',
      'desk?promo_var=42&utm_source=newsletter&x={contactfield=promo}',
    ],
    ['with a fragment', 'desk?promo_var=42&utm_source=newsletter#offers'],
    ['in capitals', 'DESK?promo_var=42&utm_source=newsletter'],
  ])('%s', async (_, path, passed = '&utm_source=newsletter') => {
    expect(await follow(path)).toEqual({ to: merchant(passed), text: 42, damage: undefined })
    expect(outcomes).toEqual(['journaled'])
  })

  test.each([
    ['"&" encoded for HTML once too often', 'desk?utm_source=newsletter&amp;promo_var=42'],
    ['… and twice', 'desk?utm_source=newsletter&amp;amp;promo_var=42'],
    ['… as a number', 'desk?utm_source=newsletter&%2338;promo_var=42'],
    ['… with all of it encoded', 'desk?utm_source=newsletter&amp%3Bpromo_var=42'],
    ['a second "?" before what was added', `desk?utm_source=newsletter&promo_var=42?ct=${ct}`],
    ['a second "?" before ours', `desk?utm_source=newsletter?promo_var=42&ct=${ct}`],
    ['the bracket of a text e-mail behind it', 'desk?utm_source=newsletter&promo_var=42]'],
    ['a fragment that was encoded', 'desk?utm_source=newsletter&promo_var=42%23offers'],
    ['the "=" encoded', 'desk?promo_var%3D42&utm_source=newsletter'],
    ['the "?" encoded', 'desk%3Fpromo_var=42&utm_source=newsletter'],
  ])('damaged by %s', async (_, path) => {
    expect(await follow(path)).toEqual({
      to: merchant('&utm_source=newsletter'),
      text: 42,
      damage: 'damaged',
    })
  })

  test.each([
    ['once too often', 'desk?promo_var=42&amp;utm_source=newsletter&amp;utm_campaign=week-48'],
    ['twice too often', 'desk?promo_var=42&amp;amp;utm_source=newsletter&amp;amp;utm_campaign=week-48'],
    ['as numbers', 'desk?promo_var=42&%2338;utm_source=newsletter&%23x26;utm_campaign=week-48'],
    ['and that encoded', 'desk?promo_var=42&amp%3Butm_source=newsletter&amp%3butm_campaign=week-48'],
    [
      'by PHP behind /r/',
      `desk?promo_var=42&amp;utm_source=newsletter&amp;utm_campaign=week-48&amp;ct=${ct}`,
    ],
  ])('with all its parameters if "&" was encoded for HTML %s', async (_, path) => {
    expect(await follow(path)).toEqual({
      to: merchant('&utm_source=newsletter&utm_campaign=week-48'),
      text: 42,
      damage: undefined,
    })
  })
})

describe('a promo link names no text any more, and leads to the merchant all the same:', () => {
  test.each([
    ['where a token is its value and was not filled in', 'desk?promo_var={contactfield=promo}'],
    ['… and was encoded', 'desk?promo_var=%7Bcontactfield%3Dpromo%7D'],
    ['… and has a default', 'desk?promo_var={contactfield=promo|42}'],
    ['… and the contact has no value', 'desk?promo_var='],
    ['where a name was put right behind it', 'desk?promo_var=42Ann'],
  ])('%s', async (_, path) => {
    expect(await follow(path)).toEqual({ to: merchant(), text: undefined, damage: 'unreadable' })
    expect(outcomes).toEqual(['unreadable'])
  })

  test('where a value before it contains "#", so keep promo_var in front', async () => {
    expect(await follow('desk?company=No#1&promo_var=42')).toEqual({
      to: merchant(),
      text: undefined,
      damage: undefined,
    })
    expect(outcomes).toEqual(['untracked'])
  })
})
