import { expect, test } from 'vitest'
import type { Strategy } from '../../src/lib/model/selection.ts'
import type { Arm } from '../../src/lib/selection/arm.ts'
import { packArms } from '../../src/lib/selection/basis.ts'
import { choose } from '../../src/lib/selection/choose.ts'
import { explain, explainReport } from '../../src/lib/selection/explain.ts'

const arm = (variation_id: number, changes: Partial<Arm> = {}): Arm => ({
  offer_id: Math.ceil(variation_id / 10),
  variation_id,
  weight: 2,
  recipients: 0,
  human_clicks: 0,
  k: 0,
  n: 0,
  held: null,
  ...changes,
})

function explained(
  strategy: Strategy,
  arms: readonly Arm[],
  { floor = 0, taken = [], seed = 77 }: { floor?: number; taken?: number[]; seed?: number } = {},
  changes: object = {},
) {
  const choice = choose({ arms, strategy, seed, taken, floor })
  return explain({
    segment: 1,
    offer_id: choice?.arm.offer_id ?? 0,
    variation_id: choice?.arm.variation_id ?? 0,
    offer_name: 'Offer',
    text_content: 'A text',
    newsletter: '',
    strategy,
    probability: 0.25,
    decided_at: '2026-11-18T12:00:00Z',
    shown: null,
    seed,
    basis: { by_weight: choice?.floor ?? false, floor, taken, ...packArms(arms) },
    ...changes,
  }).join('\n')
}

const arms = [arm(1, { recipients: 400, human_clicks: 20 }), arm(11, { recipients: 100, human_clicks: 0 })]

test('an explanation names everything that a decision was based on', () => {
  const changes = { newsletter: 'weekly', shown: false, probability: 0.00001 }
  expect(explained('weighted', arms, {}, changes).split('\n')).toEqual([
    'segment 1: variation 11 of "Offer"',
    '  text         A text',
    '  newsletter   weekly',
    '  decided      2026-11-18T12:00:00Z',
    '  strategy     weighted',
    '  probability  0.0010 %',
    '  reported     no: the send was reported with what was chosen elsewhere, below',
    '  seed         77, which gives this variation again',
    '  why          drawn in proportion to base weight',
    '  candidates   2',
    '    variation 1 (offer 1): weight 2: 50.00 %',
    '  → variation 11 (offer 2): weight 2: 50.00 %',
  ])
  const learned = [
    arm(1, { k: 50, n: 1_000 }),
    arm(2, { held: 'variation_gap' }),
    arm(3, { held: 'offer_share' }),
  ]
  const lines = explained('thompson', learned)
    .replace(/believed [\d.]+ %/g, 'believed N %')
    .split('\n')
  expect(lines.slice(3)).toEqual([
    '  strategy     thompson',
    '  probability  25.00 %, estimated from seeded draws',
    '  goal         clicks of recipients',
    '  seed         77, which gives this variation again',
    '  why          the best in one random draw from the estimates of all that may be shown',
    '  candidates   3',
    '  → variation 1 (offer 1): 50.0 effective clicks of 1000, believed N %',
    '    variation 2 (offer 1): 0.0 effective clicks of 0, believed N %, held back: this text was ' +
      'shown a few sends ago',
    '    variation 3 (offer 1): 0.0 effective clicks of 0, believed N %, held back: its offer had its ' +
      'share of the last sends',
  ])
  const held = learned.map((one) => ({ ...one, held: 'offer_gap' as const }))
  const why = 'the best in one random draw from the estimates of all that may be shown'
  expect(
    explained('thompson', held, { taken: [5] })
      .split('\n')
      .slice(7, 10),
  ).toEqual([
    `  why          ${why}; the limits on repetition left nothing, so they were lifted`,
    '  other segments had 5',
    '  candidates   3',
  ])
  expect(explained('thompson', [...held, arm(4)], { taken: [4] })).toContain('so they were lifted')
  expect(explained('thompson', [...held, arm(4, { weight: 0 })])).toContain('so they were lifted')
  expect(explained('weighted', arms)).not.toContain('other segments')
})

test('the specified strategies are explained by weights and CTRs', () => {
  expect(explained('weighted', arms)).toContain('drawn in proportion to base weight\n  candidates   2')
  expect(explained('weighted', arms)).toMatch(/variation 1 \(offer 1\): weight 2: 50\.00 %/)
  expect(explained('weighted', arms)).toContain('probability  25.00 %\n')
  expect(explained('ctr_weighted', arms)).toContain('base weight × (1 + CTR / 100)')
  expect(explained('ctr_weighted', arms)).toMatch(/weight 2, 20 human clicks of 400 recipients: 51\.22 %/)
})

test('thompson is explained by beliefs, by the floor, or by lifted limits', () => {
  const learned = [
    arm(1, { k: 50, n: 1_000 }),
    arm(2, { held: 'variation_gap' }),
    arm(99, { weight: 0, k: 3, n: 90 }),
  ]
  const text = explained('thompson', learned)
  expect(text).toContain('the best in one random draw')
  expect(text).not.toContain('were lifted')
  expect(text).toContain('→ variation 1 (offer 1): 50.0 effective clicks of 1000, believed ')
  expect(text).toContain('  variation 2 (offer 1): 0.0 effective clicks of 0, believed')
  expect(text).toContain('held back: this text was shown a few sends ago')
  expect(text).not.toContain('variation 99')
  expect(explained('thompson', learned, { floor: 1 })).toContain(
    'one of the 100.00 % of sends that are drawn by base weight',
  )
  const held = learned.map((one) => ({ ...one, held: 'offer_gap' as const }))
  expect(explained('thompson', held)).toContain('were lifted')
  const relaxed = [arm(1, { held: 'offer_gap' }), arm(11, { held: 'offer_share' })]
  expect(explained('thompson', relaxed)).toContain('held back: its offer was in the sends just before')
})

test('of many candidates the best are shown, and the chosen one', () => {
  const many = Array.from({ length: 40 }, (_, index) =>
    arm(index + 1, { weight: 40 - Math.floor(index / 10) * 10 }),
  )
  const seed = Array.from({ length: 500 }, (_, one) => one).find(
    (one) => choose({ arms: many, strategy: 'weighted', seed: one, taken: [], floor: 0 })?.arm.offer_id === 4,
  )
  const text = explained('weighted', many, { seed: seed ?? expect.fail('no such seed') })
  expect(text).toContain('→ variation')
  expect(text).toContain('candidates   40')
  expect(text).toMatch(/\n {4}and 27 more$/)
  expect(text.split('\n')).toHaveLength(8 + 13 + 1)
  expect(explained('weighted', many.slice(0, 12))).not.toContain(' more')
  expect(explained('weighted', many, { taken: [3, 4] })).toContain(
    'other segments had 3, 4\n  candidates   38',
  )
})

test('a decision that cannot be reproduced says so', () => {
  expect(explained('weighted', arms, {}, { variation_id: 5 })).toContain(
    'gives another variation in this version',
  )
  for (const lacking of [{ seed: null }, { basis: null }])
    expect(explained('weighted', arms, {}, lacking)).toMatch(
      /An earlier version decided this and did not record how\.$/,
    )
})

test('a decision says so only if its send was reported with something else', () => {
  const reported = (shown: boolean | null) => explained('weighted', arms, {}, { shown })
  expect(reported(false)).toContain('  reported     no: the send was reported with what was chosen elsewhere')
  for (const shown of [true, null]) expect(reported(shown)).not.toContain('reported')
})

test('a promo chosen elsewhere is explained as far as it is known', () => {
  const report = {
    offer_id: 4,
    variation_id: 42,
    offer_name: 'Desk',
    newsletter: '',
    recipients: 1_200,
    tracked_at: '2026-11-18T12:00:00Z',
  }
  expect(explainReport(report, 13)).toEqual([
    'chosen elsewhere: variation 42 of "Desk"',
    '  reported     2026-11-18T12:00:00Z, to 1,200 recipients',
    '  why          not known here: no choice of select-random is kept for it (they are kept for 13 months)',
  ])
  expect(explainReport({ ...report, newsletter: 'weekly' }, 13)[1]).toBe('  newsletter   weekly')
})

test('a learning strategy names its goal: clicks, revenue, or clicks as long as no revenue is known', () => {
  const earned = [
    { k: 12, n: 6 },
    { k: 40, n: 40 },
  ]
  const learned = [arm(1, { k: 50, n: 1_000, earned }), arm(11, { k: 60, n: 1_000 })]
  const worth = {
    currency: 'EUR',
    click: 0.5,
    levels: [
      { ofTexts: 10, ofOffers: 5 },
      { ofTexts: 90, ofOffers: 3 },
    ],
  }
  const asked = { arms: learned, strategy: 'thompson' as const, seed: 77, taken: [], floor: 0 }
  const choice = choose({ ...asked, worth })
  const kept = { by_weight: false, floor: 0, taken: [], ...packArms(learned) }
  const of = (basis: object) =>
    explained(
      'thompson',
      learned,
      {},
      {
        ...{ variation_id: choice?.arm.variation_id, offer_id: choice?.arm.offer_id },
        basis: { ...kept, ...basis },
      },
    )
  const byRevenue = of({ goal: 'revenue', worth })
  expect(byRevenue).toContain(
    'goal         The goal is revenue per recipient, in EUR: the chance of a click times',
  )
  expect(byRevenue).toContain('gives this variation again')
  expect(byRevenue).toMatch(
    /variation 1 .* believed [\d.]+ %; 12\.0 effective conversions, a click believed to bring €0\.\d\d/,
  )
  expect(byRevenue).toMatch(/variation 11 .*; 0\.0 effective conversions, a click believed to bring €0\.50/)
  expect(byRevenue.indexOf('variation 1 (')).toBeLessThan(byRevenue.indexOf('variation 11 ('))
  for (const basis of [{}, { goal: 'revenue', worth: null }]) {
    const byClicks = of(basis)
    expect(byClicks).not.toContain('bring €')
    expect(byClicks.indexOf('variation 11 (')).toBeLessThan(byClicks.indexOf('variation 1 ('))
  }
  expect(of({})).toContain('goal         clicks of recipients')
  expect(of({ goal: 'revenue', worth: null })).toContain('no send has earned anything yet')
  for (const strategy of ['weighted', 'ctr_weighted'] as const)
    expect(explained(strategy, arms)).not.toContain('goal')
})

test('chances are shown with the digits that they have', () => {
  const shown = (probability: number) =>
    explained('weighted', arms, {}, { probability }).match(/probability {2}(.*)/)?.[1]
  expect([0, 0.0099, 0.01, 1].map(shown)).toEqual(['0.00 %', '0.99 %', '1.00 %', '100.00 %'])
})

test('where nothing may be shown any more, no limit is said to have been lifted', () => {
  const text = explained('thompson', [arm(1, { weight: 0 })])
  expect(text).toContain('gives another variation in this version')
  expect(text).toMatch(/why {10}the best in one random draw from the estimates of all that may be shown$/m)
  expect(text).toContain('candidates   0')
})

test('limits that were lifted hold nothing back', () => {
  const text = explained('thompson', [arm(1, { held: 'offer_gap' }), arm(2, { held: 'variation_gap' })])
  expect(text).toMatch(/variation 1 \(offer 1\): .*, held back: its offer was in the sends just before$/m)
  expect(text).toMatch(/variation 2 \(offer 1\): [^;]*believed [\d.]+ %$/m)
})
