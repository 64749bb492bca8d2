import * as v from 'valibot'
import type { Dimensions } from '../settings/matomo-dimensions.ts'
import type { ClickNotice } from '../store/settle-outbox.ts'
import type { MatomoSettings } from './settings.ts'

const clickNotice: v.GenericSchema<unknown, ClickNotice> = v.object({
  at: v.pipe(v.number(), v.integer()),
  offer_id: v.pipe(v.number(), v.integer()),
  offer: v.string(),
  slug: v.nullable(v.string()),
  variation_id: v.pipe(v.number(), v.integer()),
  text: v.string(),
  send: v.nullable(v.string()),
  newsletter: v.nullable(v.string()),
})

/** A click from the outbox; `undefined` if it is not one. */
export function readClick(body: unknown): ClickNotice | undefined {
  const read = v.safeParse(clickNotice, body)
  return read.success ? read.output : undefined
}

const noSend = '(no send)'
const usualNewsletter = 'newsletter'

/**
 * The query that reports a click to Matomo: an outlink of our link's page, which carries the campaign, since only there
 * Matomo looks for it. It says nothing about who clicked. For Matomo, all requests come from one machine, so each click
 * is a visit of its own (`new_visit`), and none is excluded because of this machine's name or address (`bots`).
 */
export function trackingRequest(
  click: ClickNotice,
  {
    siteId,
    siteUrl,
    destination,
    dimensions,
  }: Pick<MatomoSettings, 'siteId'> & {
    siteUrl: string
    /** Where the link leads, as far as that is known. */
    destination: string | undefined
    dimensions: Dimensions
  },
): string {
  const { slug, variation_id, send, newsletter } = click
  const text = `${variation_id} ${click.text}`
  const offer = click.offer === '' ? `Offer ${click.offer_id}` : click.offer
  const page = new URL(slug ?? '', `${siteUrl}/`)
  page.search = new URLSearchParams({
    promo_var: `${variation_id}`,
    mtm_campaign: send ?? noSend,
    mtm_keyword: offer,
    mtm_source: newsletter ?? usualNewsletter,
    mtm_medium: 'email',
    mtm_content: text,
  }).toString()
  const values = { offer, text, send: send ?? noSend, newsletter: newsletter ?? usualNewsletter }
  const query = new URLSearchParams({
    idsite: `${siteId}`,
    rec: '1',
    apiv: '1',
    new_visit: '1',
    bots: '1',
    cdt: `${click.at}`,
    link: destination ?? `${page.origin}${page.pathname}`,
    url: page.href,
  })
  for (const [word, id] of dimensions) query.set(`dimension${id}`, values[word])
  return `?${query}`
}
