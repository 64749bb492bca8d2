import type { Sql } from '../../src/lib/database/sql.ts'
import type { Click, Conversion, Impression } from '../../src/lib/model/event.ts'
import { seeded } from '../../src/lib/selection/draws.ts'
import { aClick, aConversion, aHash, anImpression, ofClick } from './events.ts'
import { spans, type World } from './random-worlds.ts'
import { sentAt } from './world-report.ts'

const hour = 3_600_000

/** Writes a world's offers and texts, and a hidden offer, whose clicks nobody is to see. */
export async function insertWorld(sql: Sql, { offers, texts }: World): Promise<void> {
  await sql`insert into affiliate_links (slug, destination_url) values ('all', 'https://merchant.example/')`
  await sql`
    insert into promo_offers ${sql(
      [...offers.map((offer) => ({ ...offer, offer_type: 'affiliate' })), hidden].map(
        ({ id, name, active, offer_type }) => ({ id, name, active, offer_type, link_slug: 'all', weight: 1 }),
      ),
    )}
  `
  await sql`
    insert into promo_text_variations ${sql(
      [...texts, hiddenText].map(({ id, offer, content, approved, tone, length, cta }) => ({
        ...{ id, offer_id: offer, text_content: content, approved, tone },
        ...{ length_category: length, cta_text: cta },
      })),
    )}
  `
}

const hidden = { id: 90, name: 'Self-test', active: false, offer_type: 'self_test' }
const hiddenText = {
  ...{ id: 91, offer: hidden.id, content: 'Self-test', approved: false },
  ...{ tone: null, length: null, cta: null },
}

/** What happened in a world until `now`: visitors come again with other texts, some are not kept, some buy. */
export function eventsOf({ parts }: World, now: number, seed: number) {
  const random = seeded(seed)
  const impressions: Impression[] = []
  const clicks: Click[] = []
  const conversions: Conversion[] = []
  const some = (share: number) => random() < share
  for (const part of parts) {
    const sent = sentAt(part, now)
    const place = { offer_id: part.offer, variation_id: part.text }
    impressions.push(
      anImpression({
        ...{ ...place, at: sent, newsletter_send_id: part.send, recipients: part.recipients },
        newsletter: part.newsletter === '' ? null : part.newsletter,
      }),
    )
    let [uncertain, crowd] = [part.uncertain, part.crowd]
    const click = (span: number, changes: Partial<Click>): Click => {
      const start = spans[span] ?? 0
      const end = Math.min(spans[span + 1] ?? 400, part.age + 0.25)
      return aClick({
        ...{ ...place, at: Math.round(sent + (start + random() * (end - start)) * hour) },
        device: some(0.5) ? 'mobile' : 'desktop',
        browser: some(0.5) ? 'Safari' : null,
        os: some(0.3) ? 'iOS' : 'Windows',
        referrer: some(0.3) ? 'mail.google.com' : null,
        ...changes,
      })
    }
    for (const [span, people] of part.people.entries())
      for (let person = 0; person < people; person += 1) {
        const visitor = Math.floor(random() * 400)
        const kept = some(0.9)
        const one = click(span, {
          ip_hash: kept ? aHash(visitor) : null,
          address_hash: kept ? aHash(1_000 + (crowd > 0 ? 0 : visitor)).slice(0, 16) : null,
          newcomer: kept ? null : some(0.8),
          reason: uncertain > 0 ? 'no_user_agent' : 'none',
        })
        ;[uncertain, crowd] = [uncertain - 1, crowd - 1]
        clicks.push(one)
        for (let sale = 0; some(0.03) && sale < 3; sale += 1)
          conversions.push(
            aConversion({
              ...{
                ...ofClick(one),
                at: now,
                amount: some(0.5) ? '10.10' : '250',
                currency: some(0.8) ? 'EUR' : 'USD',
              },
              status: some(0.6) ? 'approved' : some(0.5) ? 'pending' : 'rejected',
            }),
          )
      }
    for (let machine = 0; machine < part.machines; machine += 1)
      clicks.push(click(0, { verdict: 'machine', reason: 'prefetch' }))
    for (let again = 0; again < part.repeats; again += 1)
      clicks.push(click(0, { verdict: 'duplicate', reason: 'repeated' }))
  }
  for (let hiddenClick = 0; hiddenClick < 3; hiddenClick += 1)
    clicks.push(
      aClick({
        ...{ offer_id: hidden.id, variation_id: hiddenText.id, ip_hash: aHash(5_000 + hiddenClick) },
        at: now - hour,
      }),
    )
  return { impressions, clicks, conversions }
}
