import { expect, test } from 'vitest'
import { selectionHealth } from '../../src/lib/operations/selection-health.ts'
import { appraise } from '../../src/lib/selection/appraise.ts'
import { readConfig } from '../../src/lib/settings/config.ts'
import { adviceOf, starvedAdvice, wayOf } from '../../src/lib/wording/advice.ts'
import { goalHints, revenueSentence } from '../../src/lib/wording/goal.ts'

const ofRevenue = (currency?: string) => ({ goal: 'revenue' as const, currency })

test('a goal that cannot be reached with these settings is reported with the remedy', () => {
  expect(goalHints('thompson', { goal: 'clicks', currency: undefined }, ['EUR', 'USD'])).toEqual([])
  expect(goalHints('thompson', ofRevenue(), [])).toEqual([])
  expect(goalHints('thompson', ofRevenue(), ['EUR'])).toEqual([])
  expect(goalHints('thompson', ofRevenue('USD'), ['EUR', 'USD'])).toEqual([])
  expect(goalHints('weighted', ofRevenue(), ['EUR'])).toEqual([
    'PROMO_SELECTION_GOAL=revenue is for thompson: PROMO_SELECTION=weighted does not learn from revenue',
  ])
  expect(goalHints('thompson', ofRevenue(), ['EUR', 'USD'])).toEqual([
    expect.stringMatching(
      /^conversions are in EUR, USD: only amounts in EUR count.*PROMO_SELECTION_CURRENCY/,
    ),
  ])
  expect(goalHints('thompson', ofRevenue('CHF'), ['EUR'])).toEqual([
    'no send has earned anything in PROMO_SELECTION_CURRENCY=CHF, so clicks decide: conversions are in EUR',
  ])
  expect(goalHints('thompson', ofRevenue('CHF'), ['EUR', 'USD'])).toEqual([
    'no send has earned anything in PROMO_SELECTION_CURRENCY=CHF, so clicks decide: conversions are in EUR, USD',
  ])
})

test('health reports strategy, goal and the currency that counts', () => {
  const told = (currency: string | undefined, currencies: string[] | undefined) =>
    selectionHealth({ strategy: 'thompson', ...ofRevenue(currency) }, currencies)
  expect(told(undefined, ['EUR', 'USD'])).toMatchObject({
    told: { strategy: 'thompson', goal: 'revenue', currency: 'EUR' },
    hints: [expect.stringContaining('only amounts in EUR count')],
  })
  expect(told('USD', ['EUR', 'USD']).told).toMatchObject({ currency: 'USD' })
  expect(told('CHF', ['EUR']).told).toMatchObject({ currency: null })
  expect(told(undefined, []).told).toMatchObject({ currency: null })
  expect(told('EUR', undefined)).toEqual({ told: { strategy: 'thompson', goal: 'revenue' }, hints: [] })
  expect(selectionHealth({ strategy: 'weighted', goal: 'clicks', currency: undefined }, [])).toEqual({
    told: { strategy: 'weighted', goal: 'clicks' },
    hints: [],
  })
})

test('settings name one of the goals, and a currency only if revenue counts', () => {
  const read = (settings: Record<string, string>) => {
    const config = readConfig(settings)
    return config.ok
      ? [config.value.PROMO_SELECTION_GOAL, config.value.PROMO_SELECTION_CURRENCY]
      : config.fault.map(({ setting, fault }) => `${setting} ${fault}`)
  }
  expect(read({})).toEqual(['clicks', undefined])
  const revenue = { PROMO_SELECTION_GOAL: 'revenue' }
  expect(read(revenue)).toEqual(['revenue', undefined])
  expect(read({ ...revenue, PROMO_SELECTION_CURRENCY: 'EUR' })).toEqual(['revenue', 'EUR'])
  expect(read({ ...revenue, PROMO_SELECTION_CURRENCY: 'euro' })).toEqual([
    'PROMO_SELECTION_CURRENCY must be the code of a currency, three capital letters',
  ])
  expect(read({ PROMO_SELECTION_GOAL: 'fame' })).toEqual([
    'PROMO_SELECTION_GOAL must be one of clicks, revenue',
  ])
  expect(read({ PROMO_SELECTION_CURRENCY: 'EUR' })).toEqual([
    'PROMO_SELECTION_CURRENCY has no effect without PROMO_SELECTION_GOAL=revenue: set that, too, or remove this',
  ])
})

test('advice says that labels are of clicks if sends are chosen by revenue', () => {
  expect(wayOf('weighted', 'revenue')).toBe('weighted')
  expect(wayOf('thompson', 'clicks')).toBe('thompson')
  const way = wayOf('thompson', 'revenue')
  for (const code of ['confirmed_winner', 'probably_best', 'leading'] as const) {
    expect(adviceOf(code, way)).toContain('another text may be sent more often')
    expect(adviceOf(code, way)).not.toContain('It is automatically sent')
  }
  expect(starvedAdvice(way)).toBe(starvedAdvice('thompson'))
  expect(revenueSentence('EUR')).toContain('in EUR')
})

test('without earnings arms stay as they are', () => {
  const arms = [
    { offer_id: 1, variation_id: 1, weight: 1, recipients: 0, human_clicks: 0, k: 1, n: 9, held: null },
  ]
  const situation = { sends: [], now: 0 }
  expect(appraise(arms, situation)).toEqual({ arms })
  for (const currency of [null, 'EUR'])
    expect(appraise(arms, { ...situation, earnings: { currency, sends: [], delays: [] } })).toEqual({
      arms,
      forRevenue: true,
    })
})

test('arms of texts without clicks get nothing of what others earned', () => {
  const past = (variation_id: number) => ({
    ...{ offer_id: 1, variation_id, newsletter_send_id: 'a', newsletter: '', recipients: 900, sent_at: 0 },
    ...{ clickers: 100, clickers_by: [15, 28, 40, 63, 83, 100, 100, 100] },
  })
  const told = { conversions: 5, pending: 0, rejected: 0, priced: 5, pending_priced: 0, pending_revenue: 0 }
  const earnings = {
    ...{ currency: 'EUR', delays: [] },
    sends: [{ ...told, newsletter_send_id: 'a', variation_id: 1, revenue: 50, squares: 500 }],
  }
  const arms = [1, 2].map((variation_id) => ({
    ...{ offer_id: 1, variation_id, weight: 1, recipients: 0, human_clicks: 0, k: 1, n: 9, held: null },
  }))
  const { arms: known, worth } = appraise(arms, { sends: [past(1)], now: 90 * 86_400_000, earnings })
  expect(worth).toMatchObject({ currency: 'EUR', click: expect.closeTo(0.5, 1) })
  expect(known[0]?.earned).toHaveLength(2)
  expect(known[1]).toEqual(arms[1])
})
