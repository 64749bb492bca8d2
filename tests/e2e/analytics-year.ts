import type { Database } from '../../src/lib/database/database.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { makeClickPartitionsBetween } from '../../src/lib/store/catalogue.ts'
import { aClick, aHash, anImpression } from '../support/events.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { settleAll } from '../support/settled.ts'

const hour = 3_600_000
const day = 24 * hour
const offers = 20
const texts = 4
const tones = ['friendly', 'direct', 'playful', 'personal']
const lengths = ['short', 'medium', 'long', 'short']
const buttons = ['Read more', 'Start now', 'See how', 'Get it']
const devices = ['mobile', 'desktop', 'tablet']
const places = ['none', 'mail.google.com', 'outlook.live.com', 'mail.yahoo.com']

const names: Record<number, string> = {
  3: 'Ampersand & <Sons> – "quoted"',
  6: 'دليل الكتابة 🚀✨ – الطبعة الثانية',
  9: 'The Complete Field Guide for Builders',
  12: `Donaudampfschifffahrtsgesellschaftskapitänsmützen${'abzeichen'.repeat(6)}`,
}

/** Twenty offers of four texts each; some names and texts need all the care that HTML takes. */
async function insertOffers({ run }: Database): Promise<void> {
  const catalogue = Array.from({ length: offers }, (_, offer) => ({
    id: 101 + offer,
    name: names[offer] ?? `Offer number ${offer + 1} – its longer name`,
    texts: Array.from({ length: texts }, (_, text) => ({
      id: variationOf(offer, text),
      text:
        `Text ${text + 1} of offer ${offer + 1}: ${offer === 3 ? '<b>bold</b> & ' : ''}build something this weekend. ` +
        'Twelve short lessons, one result each, and nothing to install. '.repeat(2),
      tone: tones[text],
      length: lengths[text],
      cta: buttons[text],
    })),
  }))
  const inserted = await run(
    (sql) => sql`
      with given as materialized (
        select * from json_to_recordset(${JSON.stringify(catalogue)}::text::json) as o (id integer, name text,
          texts json)
      ), links as (
        insert into affiliate_links (slug, destination_url, active)
        values ('year', 'https://merchant.example/', true)
      ), made as (
        insert into promo_offers (id, name, offer_type, link_slug, weight, active)
        select id, name, 'affiliate', null, 1, true from given
      )
      insert into promo_text_variations (id, offer_id, text_content, cta_text, tone, length_category, approved)
      select t.id, given.id, t.text, t.cta, t.tone, t.length, true
      from given cross join json_to_recordset(given.texts) as t (id integer, text text, cta text, tone text,
        length text)
    `,
  )
  if (!inserted.ok) throw new Error(inserted.fault.message)
}

const variationOf = (offer: number, text: number): number => 1_001 + offer * texts + text

/**
 * A year of daily sends over twenty offers, each to 1,000 recipients; the first text of an offer does better than its
 * others. At any hour the newest is 20 hours old, so its clicks are still coming. All of it is settled.
 */
export async function recordYear(database: Database): Promise<void> {
  const newest = (Math.floor(Date.now() / hour) - 20) * hour
  await insertOffers(database)
  const partitions = await database.run((sql) =>
    makeClickPartitionsBetween(sql, newest - 370 * day, Date.now()),
  )
  if (!partitions.ok) throw new Error(partitions.fault.message)
  const sends = Array.from({ length: 365 }, (_, index) => {
    const [offer, text] = [index % offers, Math.floor(index / offers) % texts]
    const at = newest - (364 - index) * day
    return { offer, text, at, offer_id: 101 + offer, variation_id: variationOf(offer, text) }
  })
  const clicks = sends.flatMap((send, index) => clicksOf(send, index))
  for (let start = 0; start < clicks.length; start += 1_000) {
    const recorded = await database.run((sql) => recordClicks(sql, clicks.slice(start, start + 1_000)))
    if (!recorded.ok) throw new Error(recorded.fault.message)
  }
  const recorded = await database.run((sql) =>
    recordImpressions(
      sql,
      sends.map(({ offer, text, ...send }, index) =>
        anImpression({ ...send, newsletter_send_id: `issue-${index + 1}`, recipients: 1_000 }),
      ),
    ),
  )
  if (!recorded.ok) throw new Error(recorded.fault.message)
  await settleAll(database)
}

type Sent = { offer: number; text: number; at: number; offer_id: number; variation_id: number }

const clicksOf = ({ offer, text, at, offer_id, variation_id }: Sent, index: number): Click[] =>
  Array.from({ length: 20 + (offer % 5) * 4 + (text === 0 ? 24 : 0) }, (_, number) => {
    const machine = number % 10 === 9
    return aClick({
      offer_id,
      variation_id,
      at: at + ((number * number * 97) % (40 * 3_600)) * 1_000,
      ip_hash: aHash(index * 100 + number),
      verdict: machine ? 'machine' : 'human',
      reason: machine ? 'self_declared' : 'none',
      device: devices[number % 3] ?? null,
      browser: ['Safari', 'Chrome'][number % 2] ?? null,
      os: ['iOS', 'Windows', 'Android'][number % 3] ?? null,
      referrer: places[number % 4] ?? null,
    })
  })
