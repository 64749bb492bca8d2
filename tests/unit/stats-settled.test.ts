import { describe, expect, test } from 'vitest'
import { curveOf } from '../../src/lib/stats/arrival.ts'
import { dispersionOf, ownDispersionOf } from '../../src/lib/stats/dispersion.ts'
import { poolEvidence, type Send } from '../../src/lib/stats/evidence.ts'
import type { SendSegment } from '../../src/lib/stats/known.ts'
import { learn } from '../../src/lib/stats/learn.ts'
import { beliefOf, intervalOf } from '../../src/lib/stats/posterior.ts'
import { spreadsOf } from '../../src/lib/stats/same-days.ts'
import { addAll, besideOthers, dayOf, hubsOf, settleRates } from '../../src/lib/stats/settle-rates.ts'
import { usualDayOf } from '../../src/lib/stats/usual-day.ts'
import { byMarks } from '../bench/newsletter-world.ts'
import { sent } from '../support/sends.ts'

const usual = curveOf([])
const pooled = (sends: readonly Send[], cautious = false) => poolEvidence(sends, usual, { cautious })
const partsOf = (sends: readonly (readonly SendSegment[])[], id: number) =>
  sends.flat().filter(({ of }) => of.variation_id === id)

/** What a segment says of its day: a count that its own variance makes less. */
const said = ({ of, exposed, own }: SendSegment, count: number) => count / (1 + exposed * of.rate * own)

describe('texts in split sends', () => {
  const days = [0.6, 1.5, 1.1, 0.8, 1.3]
  const sendsOf = (clicks: number) =>
    days.flatMap((factor, day) =>
      [1, 2, 3]
        .filter((id) => (id + day) % 3 > 0)
        .map((id) =>
          sent(id, `${day}`, { clickers: Math.round(clicks * id * factor), recipients: 9_000 + 500 * day }),
        ),
    )
  const poolOf = (parts: readonly SendSegment[]) =>
    (1 + parts.reduce((sum, { k }) => sum + k, 0)) / (50 + parts.reduce((sum, { n }) => sum + n, 0))
  const { sends: segments, evidence } = pooled(sendsOf(150))
  const pool = poolOf(segments.flat())

  test('have the rates at which clicks are as expected, given the days that the other parts tell', () => {
    const found = [...evidence.values()]
    settleRates(found, segments, pool, 1e-9)
    // Each as if four more had clicked at the mean rate of all and of the pool.
    const mean = found.reduce((sum, { rate }) => sum + rate, pool) / (found.length + 1)
    for (const [id, { rate }] of evidence) {
      let off = 4 - (4 * rate) / mean
      let all = 4
      for (const segment of partsOf(segments, id)) {
        const others = (segments.find((own) => own.includes(segment)) ?? []).filter((one) => one !== segment)
        const ground = 1 / segment.ofSend
        const clicks = others.reduce((sum, one) => sum + said(one, one.k), ground)
        const expected = others.reduce((sum, one) => sum + said(one, one.n * one.of.rate), ground)
        const exposed = (segment.n * clicks) / expected
        const weight = 1 / (1 + (exposed * rate * (1 / clicks + segment.own)) / (1 - rate))
        off += weight * (segment.k - exposed * rate)
        all += weight * segment.k
      }
      expect(Math.abs(off / all)).toBeLessThan(1e-6)
    }
  })

  test('have them after few rounds, wherever those begin and however few clicks there are', () => {
    const few = pooled(sendsOf(2))
    const found = [...few.evidence.values()]
    const own = poolOf(few.sends.flat())
    for (const text of found) text.rate = own * (text.variation_id === 1 ? 3 : 0.5)
    settleRates(found, few.sends, own, 1e-9)
    const rates = found.map(({ rate }) => rate)
    for (let time = 0; time < 3; time += 1) settleRates(found, few.sends, own, 1e-9)
    for (const [place, { rate }] of found.entries())
      expect(Math.abs(Math.log(rate / (rates[place] ?? 0)))).toBeLessThan(1e-10)
  })

  test('are not moved together by the one that is sent most', () => {
    // Days that differ much say little of the level of all rates.
    const uneven = Array.from({ length: 20 }, (_, day) => [0.4, 1.6, 0.5, 1.5][day % 4] ?? 1).flatMap(
      (factor, day) =>
        [0.03, ...Array.from({ length: 5 }, () => 0.01)].map((rate, place) => {
          const recipients = place === 0 ? 100_000 : 10_000
          return sent(place, `${day}`, { recipients, clickers: Math.round(recipients * rate * factor) })
        }),
    )
    for (const [id, { rate }] of pooled(uneven).evidence)
      expect(Math.abs(Math.log(rate / (id === 0 ? 0.03 : 0.01)))).toBeLessThan(0.05)
  })

  test('tell the day of their send, and each part beside the others', () => {
    for (const own of segments) {
      const ground = 1 / (own[0]?.ofSend ?? 0)
      const clicks = own.reduce((sum, one) => sum + said(one, one.k), ground)
      const expected = own.reduce((sum, one) => sum + said(one, one.n * one.of.rate), ground)
      expect(dayOf(own)).toBeCloseTo(Math.log(clicks / expected), 12)
    }
    const [first = []] = segments
    const [part] = first
    expect(besideOthers([first, ...pooled([sent(9, 'whole')]).sends])).toHaveLength(2)
    expect(besideOthers([first])[0]).toEqual({
      clicks: part?.k,
      expected: (part?.exposed ?? 0) * (part?.of.rate ?? 0),
      others: part?.others,
      ground: 1 / (part?.ofSend ?? 0),
      parts: 2,
      sends: 4,
    })
  })

  /** The same sends, in which one part has half of its weight left. */
  const aged = segments.map((parts, day) =>
    parts.map((part, place) => (day === 1 && place === 0 ? { ...part, kept: 0.5 } : part)),
  )

  test('have evidence of what each part says, however often it is added up', () => {
    const found = [...evidence.values()]
    for (let time = 0; time < 20; time += 1) addAll(found, aged)
    for (const text of found) {
      const own = partsOf(aged, text.variation_id).map((part) => {
        const parts = aged.find((one) => one.includes(part)) ?? []
        const clicks = parts.reduce(
          (sum, one) => (one === part ? sum : sum + said(one, one.k)),
          1 / part.ofSend,
        )
        const spread = (part.exposed * text.rate * (1 / clicks + part.own)) / (1 - text.rate)
        return { ...part, weight: part.kept / (1 + spread) }
      })
      const sumOf = (value: (one: (typeof own)[number]) => number) =>
        own.reduce((sum, one) => sum + one.weight * value(one), 0)
      const { k, n, precision, rest } = text
      const expected = {
        k: sumOf((one) => one.k),
        n: sumOf(({ exposed }) => exposed),
        precision: sumOf(({ exposed }) => exposed * text.rate),
        rest: sumOf((one) => one.k - one.exposed * text.rate),
      }
      const off = [k - expected.k, n - expected.n, precision - expected.precision, rest - expected.rest]
      for (const one of off) expect(Math.abs(one)).toBeLessThan(1e-8)
    }
  })

  test('are tied to their sends by what they say of the day, and those to the ground by who did not click', () => {
    for (const [day, { ground, ties }] of hubsOf(aged).entries()) {
      const parts = aged[day] ?? []
      const recipients = parts.reduce((sum, { kept, exposed }) => sum + kept * exposed, 0)
      const clicks = parts.reduce((sum, { kept, exposed, of }) => sum + kept * exposed * of.rate, 0)
      expect(ground).toBeCloseTo((1 - clicks / recipients) / (parts[0]?.ofSend ?? 0), 9)
      expect(ties.map(({ to }) => to)).toEqual(parts.map(({ of }) => of))
      for (const [place, { strength }] of ties.entries()) {
        const part = parts[place] ?? expect.fail('no part')
        expect(strength).toBeCloseTo(said(part, part.kept * part.exposed * part.of.rate), 9)
      }
    }
  })

  test('are compared beside others among the readers that are asked about, not among all', () => {
    const parts = [1, 2].map((id) => sent(id, 'own'))
    const elsewhere = [1, 2].map((id) => sent(id, 'other readers', { weight: 0.9 }))
    const own = pooled([...parts, ...elsewhere]).sends.find((one) =>
      one.some(({ part }) => part.weight === 1),
    )
    const compared = besideOthers(pooled([...parts, ...elsewhere]).sends)
    expect(own).toHaveLength(2)
    expect(compared).toHaveLength(2)
  })

  test('never have a rate above 90 %, whatever was reported', () => {
    const full = [1, 2].map((id) => sent(id, 'all', { recipients: 500, clickers: 500 }))
    const { evidence: found, sends: own } = pooled(full)
    settleRates([...found.values()], own, 0.02, 1e-9)
    for (const { rate } of found.values()) expect(rate).toBeLessThanOrEqual(0.9)
  })
})

describe('variances of a send', () => {
  test('of one text are the day’s and its own, which sum to what sends differ by', () => {
    const { sends, dispersion, ownDispersion } = pooled([
      sent(1, 'plain'),
      sent(1, 'doubtful', { unsure: 0.04 }),
      sent(1, 'young', { age: 0.5, clickers: 150 }),
    ])
    const [plain, doubtful, young] = partsOf(sends, 1)
    expect(plain?.own).toBeCloseTo(ownDispersion, 12)
    expect(plain?.ofSend).toBeCloseTo(dispersion - ownDispersion, 12)
    expect(doubtful?.own).toBeCloseTo(ownDispersion + 0.04, 12)
    expect(young?.ofSend).toBeCloseTo(dispersion - ownDispersion + (young?.part.lag ?? 9), 12)
  })

  test('grow by what a day is off that went viral, and by what one part of a send is off', () => {
    const whole = Array.from({ length: 12 }, (_, day) =>
      sent(1, `${day}`, { age: 40 - day, clickers: day === 6 ? 900 : 200 }),
    )
    const { sends, dispersion, ownDispersion } = pooled(whole)
    const viral = partsOf(sends, 1)[6]
    expect(viral?.part.extraOfSend).toBeGreaterThan(0.2)
    expect(viral?.ofSend).toBeCloseTo(dispersion - ownDispersion + (viral?.part.extraOfSend ?? 0), 12)
    const split = Array.from({ length: 12 }, (_, day) =>
      [1, 2, 3].map((id) =>
        sent(id, `${day}`, { age: 40 - day, clickers: day === 6 && id === 1 ? 900 : 200 }),
      ),
    ).flat()
    const parts = pooled(split)
    const wrong = partsOf(parts.sends, 1)[6]
    expect(wrong?.part.extraOwn).toBeGreaterThan(0.2)
    expect(wrong?.own).toBeCloseTo(parts.ownDispersion + (wrong?.part.extraOwn ?? 0), 12)
  })

  test('are larger where neighbouring days are alike, by what days are expected to differ', () => {
    const waves = Array.from({ length: 40 }, (_, day) =>
      sent(1, `${day}`, { age: 60 - day, clickers: Math.round(200 * Math.exp(0.5 * Math.sin(day / 2))) }),
    )
    const { sends, dispersion, drift } = pooled(waves, true)
    const days = dispersionOf(drift.corrected)
    expect(dispersion).toBe(days.cautious)
    expect(drift.runOf(1)).toBeGreaterThan(4)
    // Of one text's sends nobody knows what is the text's own: by its upper limit all, by what is expected little.
    const upper = Math.max(0.001, days.cautious - ownDispersionOf([]).cautious)
    const expected = days.expected - ownDispersionOf([]).expected
    for (const { ofSend, part } of partsOf(sends, 1))
      expect(ofSend).toBeCloseTo(upper + expected * (drift.runOf(1) - 1) + part.extraOfSend, 12)
  })
})

test('whole sends of texts whose rates differ are weighed each by its own rate', () => {
  const { evidence, dispersion } = pooled([sent(1, 'a'), sent(2, 'b', { clickers: 800 })])
  const pool = 1_001 / 20_050
  for (const [id, k] of [
    [1, 200],
    [2, 800],
  ] as const) {
    const rate = (k + 4) / (10_000 + 4 / pool)
    const effect = 1 + (10_000 * rate * dispersion) / (1 - rate)
    expect(evidence.get(id)?.k).toBeCloseTo(k / effect, 9)
  }
})

test('how sends differ is learned from the readers in question alone', () => {
  const own = [190, 200, 210, 205].map((clickers, day) => sent(1, `${day}`, { clickers }))
  const others = [20, 900, 50, 700].map((clickers, day) => sent(1, `other ${day}`, { clickers, weight: 0.3 }))
  expect(pooled([...own, ...others]).dispersion).toBe(pooled(own).dispersion)
})

const texts = (offers: Record<number, number>) =>
  Object.entries(offers).map(([variation_id, offer_id]) => ({ variation_id: Number(variation_id), offer_id }))
const learned = (sends: readonly Send[], offers: Record<number, number>, level = 0) => {
  const { offers: found } = learn(texts(offers), sends, level)
  return (id: number) => {
    const offer = found.find(({ variations }) =>
      variations.some(({ variation }) => variation.variation_id === id),
    )
    const text = offer?.variations.find(({ variation }) => variation.variation_id === id)
    return offer && text ? { offer, text } : expect.fail(`no text ${id}`)
  }
}

describe('what is learned of texts', () => {
  const sends = [
    ...Array.from({ length: 14 }, (_, day) =>
      sent(1, `one ${day}`, { age: 90 - 5 * day, clickers: 300 - 12 * day + (day === 3 ? 500 : 0) }),
    ),
    ...Array.from({ length: 12 }, (_, day) => [
      sent(2, `two ${day}`, { age: 30 - 2 * day, clickers: 100 + 7 * day }),
      sent(3, `two ${day}`, { age: 30 - 2 * day, clickers: 130 + 5 * day }),
    ]).flat(),
    sent(5, 'once', { offer_id: 2, age: 100, clickers: 90 }),
    sent(6, 'late', { offer_id: 2, age: 10, clickers: 80 }),
  ].map((send, place) => ({
    ...send,
    clickers_by: byMarks(send.clickers * (0.6 + 0.013 * (place % 7)), send.clickers * 0.9, send.clickers),
  }))
  const offers = { 1: 1, 2: 1, 3: 1, 4: 1, 5: 2, 6: 2 }
  const of = learned(sends, offers)
  const inOrder = sends.toSorted((one, other) => other.age - one.age)
  const found = poolEvidence(inOrder, curveOf(sends), { cautious: true })

  test('is the same in whatever order sends come', () => {
    const turned = learned(sends.toReversed(), offers)
    const shuffled = learned(
      sends.toSorted(
        (one, other) => ((one.recipients * one.clickers * 7_919) % 101) - ((other.clickers * 7_919) % 101),
      ),
      offers,
    )
    for (const id of [1, 2, 3, 5])
      for (const other of [turned, shuffled]) expect(other(id).text.mean).toBeCloseTo(of(id).text.mean, 9)
  })

  test('of a text that was never sent is its offer’s mean', () => {
    const { offer, text } = of(4)
    expect(text.mean).toBeCloseTo(offer.shape / offer.rate, 9)
    expect(text.mean).toBeLessThan(0.05)
    expect(text.drift).toBe(0)
  })

  test('holds the offer’s own shared days and the usual day’s, and the level that all have', () => {
    const usualDay = usualDayOf(found.sends)
    expect(usualDay.variance).toBeGreaterThan(0)
    expect(of(5).offer.shared).toBeCloseTo(usualDay.variance, 12)
    expect(learned(sends, offers, 0.2)(5).offer.shared).toBeCloseTo(usualDay.variance + 0.2, 12)
    const pairs = spreadsOf(found.sends).filter((spread) => spread.of.offer_id === 1)
    const least = Math.min(...pairs.flatMap(({ others }) => others.map(({ covariance }) => covariance)))
    expect(of(1).offer.shared).toBeCloseTo(least + usualDay.variance, 12)
    const together = learned(
      sends.filter(({ variation_id }) => variation_id !== 1),
      offers,
    )
    expect(together(2).offer.shared).toBeGreaterThan(together(5).offer.shared + 0.001)
  })

  test('has evidence for a rate on a usual day', () => {
    const { text } = of(5)
    const known = found.evidence.get(5)
    expect(text.evidence.k / text.evidence.n).toBeCloseTo(
      ((known?.k ?? 0) / (known?.n ?? 1)) * usualDayOf(found.sends).factor,
      9,
    )
  })

  test('is as unsure as rates may have moved since, on the average of its sends by what they say', () => {
    const { varianceOf } = found.drift
    expect(of(5).text.drift).toBeCloseTo(varianceOf([-100 / 365, -1]), 9)
    expect(of(5).text.driftAgainst(of(6).text.variation)).toBeCloseTo(varianceOf([-90 / 365, 0]), 9)
    const backOf = (id: number) => {
      const own = found.sends.flatMap((parts) =>
        parts.filter((one) => one.of.variation_id === id).map((one) => ({ one, parts })),
      )
      // Each by the inverse of its variance: clicks by chance, its own, and its part of the day's.
      const weighed = own.map(({ one, parts }) => ({
        back: one.part.back,
        weight: 1 / (1 / (one.exposed * one.of.rate) + one.own + one.ofSend / parts.length),
      }))
      const all = weighed.reduce((sum, { weight }) => sum + weight, 0)
      return [0, 1].map((which) =>
        weighed.reduce((sum, { back, weight }) => sum + (weight / all) * (back[which] ?? 0), 0),
      )
    }
    for (const id of [1, 2, 3]) {
      const [years = 0, showings = 0] = backOf(id)
      expect(of(id).text.drift / varianceOf([years, showings])).toBeCloseTo(1, 9)
    }
    const [[y1 = 0, s1 = 0], [y2 = 0, s2 = 0]] = [backOf(1), backOf(2)]
    expect(of(1).text.driftAgainst(of(2).text.variation) / varianceOf([y1 - y2, s1 - s2])).toBeCloseTo(1, 9)
    expect(of(1).text.driftAgainst(of(4).text.variation)).toBeCloseTo(varianceOf([y1, s1]), 9)
  })

  test('has an interval of its belief, its offer, shared days and moved rates', () => {
    for (const id of [1, 2, 4, 5]) {
      const { offer, text } = of(id)
      expect(text.belief).toEqual(beliefOf(text.evidence, offer.shape / offer.rate))
      expect(text.interval).toEqual(intervalOf(text.belief, offer, offer.shared + text.drift))
    }
  })
})

test('a part is the smaller one where it has had a fifth less than the other, on the average of their sends', () => {
  const smaller = (...sizes: number[]) => {
    const of = learned(
      [
        ...sizes.flatMap((recipients, day) => [
          sent(1, `${day}`, { recipients, clickers: recipients / 50 }),
          sent(2, `${day}`, { recipients: 10_000 }),
        ]),
        // What it had beside others is nothing to the two.
        ...[1, 3].map((id) => sent(id, 'beside another', { recipients: 4_000 * id, clickers: 80 * id })),
      ],
      { 1: 1, 2: 1, 3: 1 },
    )
    const [one, two] = [of(1).text, of(2).text]
    return [one.smallerThan(two.variation), two.smallerThan(one.variation)]
  }
  expect(smaller(7_990)).toEqual([true, false])
  expect(smaller(8_010)).toEqual([false, false])
  expect(smaller(12_490)).toEqual([false, false])
  expect(smaller(12_510)).toEqual([false, true])
  expect(smaller(5_000, 13_000)).toEqual([false, false])
  expect(smaller(5_000, 12_000)).toEqual([true, false])
})
