import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type ApiSite, apiHeaders, jsonOf, runApiSite } from './api-site.ts'
import { ask, runSite } from './running-site.ts'

let api: ApiSite
beforeAll(async () => {
  api = await runApiSite()
})
afterAll(() => api?.end())

let sends = 0
beforeEach(() => {
  sends += 1
})
const send = () => `send-${sends}`

describe('select-random', () => {
  const promos = {
    42: {
      offer_id: 4,
      offer_name: 'No Code MBA',
      offer_type: 'affiliate',
      variation_id: 42,
      text_content: 'Build your dream startup this weekend',
      cta_text: 'Build Now →',
      tone: 'exciting',
      length_category: 'short',
      link: 'https://site.example/nocodemba?promo_var=42&utm_source=newsletter',
    },
    50: {
      offer_id: 5,
      offer_name: 'Quiet Desk',
      offer_type: 'affiliate',
      variation_id: 50,
      text_content: 'A desk that keeps quiet',
      cta_text: null,
      tone: null,
      length_category: null,
      link: 'https://site.example/quietdesk?promo_var=50&utm_source=newsletter',
    },
  }
  const chosen = async (query = '') => {
    const answer = await api.select(query)
    expect(answer).toMatchObject({ status: 200, headers: apiHeaders })
    return JSON.parse(answer.body)
  }

  test('returns everything that the newsletter shows, and only what may be shown', async () => {
    const found = new Map<number, unknown>()
    for (let round = 0; round < 60; round += 1) {
      const promo = await chosen()
      found.set(promo.variation_id, promo)
    }
    // 44 is not approved, 60 has no slug.
    expect([...found.keys()].sort()).toEqual([42, 43, 50])
    expect(found.get(42)).toEqual({ ...promos[42], strategy: 'weighted' })
    expect(found.get(50)).toEqual({ ...promos[50], strategy: 'weighted' })
  })

  test('accepts a strategy, and names the valid ones', async () => {
    expect(await chosen('?strategy=ctr_weighted')).toMatchObject({ strategy: 'ctr_weighted' })
    const answer = await api.select('?strategy=best&x=1')
    expect([answer.status, jsonOf(answer)]).toEqual([
      400,
      {
        error: 'validation_error',
        details: {
          strategy: 'must be weighted, ctr_weighted or thompson',
          x: 'is not a known field; remove it',
        },
      },
    ])
    for (const query of [
      '?newsletter_send_id=',
      `?newsletter_send_id=${'x'.repeat(101)}`,
      '?newsletter_send_id=%00',
      '?strategy=weighted&strategy=weighted',
      '?segments=1',
      '?segments=9',
      '?segments=',
      '?blocks=',
      '?blocks=text,html',
      '?blocks=pdf',
    ]) {
      expect(await api.select(query)).toMatchObject({ status: 400 })
    }
  })

  test('learns if asked', async () => {
    expect(await chosen('?strategy=thompson')).toMatchObject({ strategy: 'thompson' })
  })

  test('returns a promo for each segment of a send, all different, the first one as that of the send', async () => {
    const { segments, ...first } = await chosen(`?newsletter_send_id=${send()}&segments=3&strategy=thompson`)
    expect(segments).toHaveLength(3)
    expect(segments.map(({ segment }: { segment: number }) => segment)).toEqual([1, 2, 3])
    expect({ segment: 1, ...first }).toEqual(segments[0])
    const known: Record<number, unknown> = promos
    for (const { segment: _, ...promo } of segments)
      expect(promo).toEqual({ ...(known[promo.variation_id] ?? promo), strategy: 'thompson' })
    const ids = new Set(segments.map(({ variation_id }: { variation_id: number }) => variation_id))
    expect(ids).toEqual(new Set([42, 43, 50]))
    expect(await chosen(`?newsletter_send_id=${send()}&segments=3`)).toEqual({ ...first, segments })
    expect(await chosen(`?newsletter_send_id=${send()}`)).toEqual(first)
    expect((await chosen('?segments=8')).segments).toHaveLength(3)
  })

  test('returns blocks for an e-mail if asked, each segment with its own', async () => {
    const query = `?newsletter_send_id=${send()}&segments=2`
    expect(await chosen(query)).not.toHaveProperty('html')
    const { segments, ...first } = await chosen(`${query}&blocks=html,text`)
    expect(segments[0]).toEqual({ segment: 1, ...first })
    expect(segments).toHaveLength(2)
    for (const { html, text, link } of segments) {
      expect(html).toContain(`<a href="${link.replace('&', '&amp;')}">`)
      expect(text.split('\n').at(-1)).toBe(link)
    }
    const { html, text } = await chosen(`?newsletter_send_id=${send()}&blocks=text`)
    expect([html, text]).toEqual([undefined, first.text])
  })

  test('returns the same for the same send, even to twenty at once and with another strategy', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => chosen(`?newsletter_send_id=${send()}`)),
    )
    expect(new Set(answers.map((promo) => JSON.stringify(promo))).size).toBe(1)
    expect(await chosen(`?newsletter_send_id=${send()}&strategy=ctr_weighted`)).toEqual(answers[0])
    const sends = await Promise.all(
      Array.from({ length: 40 }, (_, index) => chosen(`?newsletter_send_id=${send()}-${index}`)),
    )
    expect(new Set(sends.map(({ variation_id }) => variation_id)).size).toBeGreaterThan(1)
  })

  /** A site of its own, since the links are kept for a while. */
  test('never chooses a paused promo, and chooses again for a send whose promo is paused', async () => {
    const own = await runSite()
    const { sql } = own.database
    const ids = async (send = '') => {
      const answers = await Promise.all(
        Array.from({ length: 15 }, () =>
          ask(own.site, `/api/v1/promo/select-random${send && `?newsletter_send_id=${send}`}`),
        ),
      )
      return [
        ...new Set(
          answers.map(({ status, body }) => (status === 200 ? JSON.parse(body).variation_id : status)),
        ),
      ]
    }
    await sql`update promo_offers set weight = 0 where id = 5`
    const first = await ids('daily')
    expect([[42], [43]]).toContainEqual(first)
    await sql`update promo_text_variations set approved = false where id = ${Number(first[0])}`
    const second = await ids('daily')
    expect(second).toEqual([first[0] === 42 ? 43 : 42])
    await sql`update promo_text_variations set approved = true`
    expect(await ids('daily')).toEqual(second)
    await sql`update promo_offers set weight = 1 where id = 5`
    await sql`update promo_offers set active = false where id = 4`
    expect(await ids()).toEqual([50])
    await sql`update promo_offers set link_slug = 'gone' where id = 5`
    expect(await ids()).toEqual([404])
    const none = await ask(own.site, '/api/v1/promo/select-random')
    expect([none.status, jsonOf(none)]).toEqual([
      404,
      { error: 'no_eligible_promo', message: expect.stringContaining('No promo can be shown') },
    ])
    await own.end()
  })
})
