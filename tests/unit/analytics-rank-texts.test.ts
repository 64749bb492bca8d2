import { describe, expect, test } from 'vitest'
import type { VariationRow } from '../../src/lib/model/report.ts'
import { rankTexts } from '../../src/lib/reports/rank-texts.ts'
import type { LabelCode } from '../../src/lib/stats/label.ts'
import { adviceOf } from '../../src/lib/wording/advice.ts'
import { findingsOf } from '../../src/lib/wording/findings.ts'
import { anOffer, aText } from './analytics-rows.ts'

const offers = (count: number, inactive = 0) =>
  Array.from({ length: count + inactive }, (_, index) =>
    anOffer({ offer_id: index + 1, active: index >= inactive }),
  )
const textsOf = (offer_id: number, rates: number[], code: LabelCode = 'leading') =>
  rates.map((smoothed_ctr, index) => ({
    ...aText({ variation_id: offer_id * 100 + index, smoothed_ctr, code }),
    offer_id,
  }))
const notSent = ({ statistics: _, ...text }: VariationRow): VariationRow => text
const ids = (groups: ReturnType<typeof rankTexts>) =>
  groups.map(({ offer_id, texts }) => [offer_id, texts.map(({ variation_id }) => variation_id)])
const all = { most: 25, small: false }

describe('texts', () => {
  test('rank within their offer, however the offers do', () => {
    const texts = [...textsOf(1, [1, 2]), ...textsOf(2, [9, 3, 10])]
    expect(ids(rankTexts(offers(2), texts, all))).toEqual([
      [1, [101, 100]],
      [2, [202, 200, 201]],
    ])
    expect(ids(rankTexts(offers(2).reverse(), texts, all)).map(([offer]) => offer)).toEqual([2, 1])
  })

  test('in use come before those no longer in use, and before those not sent', () => {
    const known = textsOf(1, [1, 9, 5]).map((text) =>
      text.variation_id === 100
        ? text
        : text.variation_id === 101
          ? { ...text, approved: false }
          : notSent(text),
    )
    expect(ids(rankTexts(offers(2), known.reverse(), all))).toEqual([[1, [100, 101, 102]]])
  })

  test('of no active offer are cut off, and the number of further ones is shown', () => {
    const rates = [4, 3, 2, 1]
    const texts = Array.from({ length: 23 }, (_, index) => textsOf(index + 1, rates)).flat()
    const groups = rankTexts(offers(20, 3), texts, all)
    expect(groups.map(({ offer_id }) => offer_id)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 4),
    )
    expect(groups.every((group) => group.texts.length === 2 && group.more === 2)).toBe(true)
    // Six offers have room for all of their texts but one or two.
    const few = rankTexts(offers(6), texts, all)
    expect(few.flatMap((group) => group.texts).length).toBe(24)
    expect(rankTexts(offers(6), texts, { ...all, most: 18 }).map(({ more }) => more)).toEqual([
      1, 1, 1, 1, 1, 1,
    ])
    // Those that are not active get what room is left.
    expect(rankTexts(offers(2, 2), texts, { ...all, most: 5 }).map((group) => group.texts.length)).toEqual([
      2, 2, 1,
    ])
  })

  test('are compared if two of those in use were sent', () => {
    const [one, other] = textsOf(1, [9, 1])
    if (!one || !other) throw new Error('there are two')
    const isCompared = (...texts: VariationRow[]) => rankTexts(offers(1), texts, all)[0]?.compared
    expect(isCompared(one, other)).toBe(true)
    expect(isCompared(one)).toBe(false)
    expect(isCompared(one, notSent(other))).toBe(false)
    expect(isCompared(one, { ...other, approved: false })).toBe(false)
  })

  test('of lists that are too small are not ranked, unless all sends together allow it', () => {
    const unclear = textsOf(1, [1, 9], 'not_enough_data')
    const small = { ...all, small: true }
    expect(rankTexts(offers(1), unclear, small)).toMatchObject([
      { ranked: false, texts: [{ variation_id: 100 }, {}] },
    ])
    expect(rankTexts(offers(1), unclear, all)).toMatchObject([
      { ranked: true, texts: [{ variation_id: 101 }, {}] },
    ])
    expect(rankTexts(offers(1), textsOf(1, [1, 9]), small)).toMatchObject([{ ranked: true }])
    expect(rankTexts(offers(1), unclear, small)).toMatchObject([{ compared: false }])
    expect(rankTexts(offers(1), unclear, all)).toMatchObject([{ compared: true }])
    const unsent = unclear.map(notSent)
    expect(rankTexts(offers(1), unsent, small)).toMatchObject([{ ranked: false }])
  })
})

describe('advice', () => {
  const codes = ['confirmed_winner', 'probably_best', 'leading', 'not_enough_data'] as const

  test('never suggests anything that the setting does already, or makes impossible', () => {
    for (const code of codes) {
      expect(adviceOf(code, 'thompson')).not.toMatch(/\b(send it|keep sending|in turn|equal parts)\b/i)
      for (const strategy of ['weighted', 'ctr_weighted'] as const)
        expect(adviceOf(code, strategy)).not.toMatch(/more often|in turn|now and then|by itself/)
    }
  })

  test('depends on how promos are chosen', () => {
    const texts = textsOf(4, [4, 2])
    const said = (strategy: 'weighted' | 'thompson') =>
      findingsOf([anOffer({ offer_id: 4 })], texts, undefined, [], { way: strategy })[0]?.advice
    expect(said('thompson')).toBe(adviceOf('leading', 'thompson'))
    expect(said('weighted')).toBe(adviceOf('leading', 'weighted'))
  })

  test('for sends that are too small names no leader', () => {
    const texts = [4, 2].map((smoothed_ctr, index) => ({
      ...aText({ variation_id: index + 1, code: 'not_enough_data', smoothed_ctr, probability_best: 0.9 }),
      offer_id: 4,
    }))
    const [finding] = findingsOf([anOffer({ offer_id: 4 })], texts, undefined, [], {
      way: 'thompson',
      small: true,
    })
    expect(finding?.text).toContain('its sends are too small to say which text works.')
    expect(finding?.advice).toBe('Waiting will not tell: use the text that you like best.')
    expect(finding).not.toHaveProperty('variation_id')
    const [other] = findingsOf([anOffer({ offer_id: 4 })], textsOf(4, [4, 2]), undefined, [], {
      way: 'thompson',
      small: true,
    })
    expect(other?.code).toBe('leading')
  })
})
