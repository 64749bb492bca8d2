import { describe, expect, test } from 'vitest'
import { drawNormal, seeded } from '../../src/lib/selection/draws.ts'
import { driftOf } from '../../src/lib/stats/drift.ts'
import type { Exposed } from '../../src/lib/stats/parts.ts'
import { drawBinomial } from '../bench/newsletter-world.ts'
import { crossed, dot, eliminate, inverseOf, logDeterminant } from '../support/matrices.ts'

const pool = 0.02
const dispersion = 0.06

const aPart = (variation_id: number, age: number, k: number, changes: Partial<Exposed> = {}): Exposed => ({
  ...{ offer_id: 1, variation_id, newsletter_send_id: `${variation_id} ${age}`, age, k, n: 8_000 },
  send: {
    ...{ offer_id: 1, variation_id, newsletter_send_id: `${variation_id} ${age}`, age },
    ...{ recipients: 8_000, clickers: k, clickers_by: [] },
  },
  ...{ lag: 0, unsure: 0, off: 0, noise: 1, common: 0, extraOwn: 0, extraOfSend: 0, doubted: false },
  ...{ weight: 1, factor: 1, back: [0, 0] },
  ...changes,
})
const groupsOf = (parts: readonly Exposed[]) => Map.groupBy(parts, ({ variation_id }) => variation_id)
const drift = (parts: readonly Exposed[]) => driftOf(parts, groupsOf(parts), dispersion, pool)

type Row = {
  part: Exposed
  text: number
  time: number
  showings: number
  y: number
  /** What chance and doubts add to the variance between sends. */
  noise: number
  weight: number
}
/** Each part with what is regressed on what; `showings` counts back from the next one of its text. */
function logRowsOf(parts: readonly Exposed[]): Row[] {
  return parts.map((part) => {
    const own = parts.filter(({ variation_id }) => variation_id === part.variation_id)
    const together = parts.filter((one) => one.newsletter_send_id === part.newsletter_send_id).length
    const { extraOwn, extraOfSend, lag, unsure, weight } = part
    const noise = 1 / Math.max(1, part.k) + extraOwn + extraOfSend + lag + unsure
    return {
      part,
      text: part.variation_id,
      time: -part.age / 365,
      showings: own.indexOf(part) - own.length,
      y: Math.log((part.k + 0.5) / (part.n + 0.5 / pool)),
      noise,
      weight: weight / (dispersion * together + noise),
    }
  })
}

/** The same with what counts of clicks say under the fit before, three times: how far they are off, and how sure. */
function rowsOf(parts: readonly Exposed[]): Row[] {
  let rows = logRowsOf(parts)
  for (let round = 0; round < 3; round += 1) {
    const fit = regress(rows, 1, true, true)
    rows = rows.map((row) => {
      const { extraOwn, extraOfSend, lag, unsure, weight, n, k, newsletter_send_id } = row.part
      const fitted = (fit.levels.get(row.text) ?? 0) + fit.time * row.time + fit.showings * row.showings
      const expected = n * Math.exp(fitted)
      const noise = 1 / expected + extraOwn + extraOfSend + lag + unsure
      const together = parts.filter((one) => one.newsletter_send_id === newsletter_send_id).length
      const variance = dispersion * together + noise
      const most = 2.5 * Math.sqrt(variance)
      const y = fitted + Math.min(most, Math.max(-most, (k - expected) / expected))
      return { ...row, y, noise, weight: weight / variance }
    })
  }
  return rows
}

/**
 * A regression with a level of each text, of which nothing is known before, and the changes that a model has: slopes,
 * their covariances, and the likelihood with the changes against that without, all from whole matrices.
 */
function regress(rows: readonly Row[], long: number, withTime: boolean, withShowings: boolean) {
  const texts = [...new Set(rows.map(({ text }) => text))]
  const levels = texts.map((text) => rows.map((row) => Number(row.text === text)))
  const changes = [
    ...(withTime ? [{ values: rows.map(({ time }) => time), prior: 1 / 0.7 ** 2 }] : []),
    ...(withShowings ? [{ values: rows.map(({ showings }) => showings), prior: 1 / 0.03 ** 2 }] : []),
  ]
  const columns = [...levels, ...changes.map(({ values }) => values)]
  const weights = rows.map(({ weight }) => weight / long)
  const plain = crossed(columns, weights)
  const drawn = plain.map((line, row) =>
    line.map((value, column) =>
      row === column && row >= levels.length ? value + (changes[row - levels.length]?.prior ?? 0) : value,
    ),
  )
  const right = columns.map((column) =>
    dot(
      column.map((value, row) => value * (weights[row] ?? 0)),
      rows.map(({ y }) => y),
    ),
  )
  const found = eliminate(drawn, right)
  const inverse = inverseOf(drawn)
  const bare = plain.slice(0, levels.length).map((line) => line.slice(0, levels.length))
  const ofLevels = right.slice(0, levels.length)
  const likelihood =
    (dot(found, right) -
      dot(eliminate(bare, ofLevels), ofLevels) +
      changes.reduce((sum, { prior }) => sum + Math.log(prior), 0) -
      (logDeterminant(drawn) - logDeterminant(bare))) /
    2
  const placeOf = (asked: boolean, before: number) => (asked ? levels.length + before : -1)
  const [time, showings] = [placeOf(withTime, 0), placeOf(withShowings, Number(withTime))]
  const covariance = (one: number, other: number) => inverse[one]?.[other] ?? 0
  return {
    likelihood,
    levels: new Map(texts.map((text, place) => [text, found[place] ?? 0])),
    time: found[time] ?? 0,
    showings: found[showings] ?? 0,
    variance: [covariance(time, time), covariance(time, showings), covariance(showings, showings)] as const,
  }
}

/** The four models, each by how likely it makes what was seen. */
function averaged(rows: readonly Row[], long: number) {
  const fits = [false, true].flatMap((time) =>
    [false, true].map((showings) => regress(rows, long, time, showings)),
  )
  const weights = fits.map(({ likelihood }) => Math.exp(likelihood))
  const all = weights.reduce((sum, weight) => sum + weight, 0)
  const mean = (pick: (fit: (typeof fits)[number]) => number) =>
    fits.reduce((sum, fit, place) => sum + ((weights[place] ?? 0) / all) * pick(fit), 0)
  const [time, showings] = [mean((fit) => fit.time), mean((fit) => fit.showings)]
  return {
    time,
    showings,
    variance: [
      mean((fit) => fit.variance[0] + fit.time ** 2) - time ** 2,
      mean((fit) => fit.variance[1] + fit.time * fit.showings) - time * showings,
      mean((fit) => fit.variance[2] + fit.showings ** 2) - showings ** 2,
    ],
  }
}

/** How alike neighbouring days are, from what is left of their rates: by the sums of the definition. */
function keptOf(rows: readonly Row[]): number {
  const fit = regress(rows, 1, true, true)
  const left = (row: Row) => row.y - fit.time * row.time - fit.showings * row.showings
  const offs = rows.map((row) => {
    const own = rows.filter(({ text }) => text === row.text)
    const all = own.reduce((sum, { weight }) => sum + weight, 0)
    return left(row) - own.reduce((sum, one) => sum + (one.weight / all) * left(one), 0)
  })
  const days = [...Map.groupBy(rows, ({ part }) => part.newsletter_send_id).values()]
    .map((own) => {
      const weighed = own.map((row) => ({
        off: offs[rows.indexOf(row)] ?? 0,
        weight: 1 / (row.noise + 0.01),
      }))
      const all = weighed.reduce((sum, { weight }) => sum + weight, 0)
      const off = weighed.reduce((sum, one) => sum + (one.weight / all) * one.off, 0)
      const most = 2.5 * Math.sqrt(dispersion)
      return { age: own[0]?.part.age ?? 0, off: Math.max(-most, Math.min(most, off)), noise: 1 / all }
    })
    .toSorted((one, other) => other.age - one.age)
  let products = 0
  let squares = 0
  let pairs = 0
  for (const [place, day] of days.entries()) {
    const next = days[place + 1]
    if (!next || day.age - next.age > 1.6) continue
    products += day.off * next.off
    squares += Math.max(dispersion / 4, day.off ** 2 - day.noise)
    pairs += 1
  }
  const seen = products / squares
  return pairs < 4 ? 0 : Math.max(0, Math.min(0.95, seen + (1 + 3 * seen) / pairs))
}

function expectRegression(parts: readonly Exposed[], kept: number): void {
  const rows = rowsOf(parts)
  const { varianceOf, runOf, corrected } = drift(parts)
  const { time, showings, variance } = averaged(rows, (1 + kept) / (1 - kept))
  const [tt = 0, ts = 0, ss = 0] = variance
  for (const [t, s] of [
    [1, 0],
    [0, 10],
    [0.3, 5],
    [0.3, -5],
  ] as const)
    expect(varianceOf([t, s]) / (tt * t ** 2 + 2 * ts * t * s + ss * s ** 2)).toBeCloseTo(1, 6)
  for (const { part, time: t, showings: s } of rows) {
    expect(part.back).toEqual([t, s])
    expect(part.factor).toBeCloseTo(Math.exp(time * t + showings * s), 8)
  }
  expect(corrected).toEqual(
    [...groupsOf(parts).values()].map((own) =>
      own.filter(({ weight }) => weight === 1).map(({ k, n, factor }) => ({ k, n: n * factor })),
    ),
  )
  for (const [id, own] of groupsOf(parts)) {
    // The variance of a mean of values of which two are alike by `kept` to the power of the days between them.
    let sum = 0
    for (const [one, { age }] of own.entries())
      for (const [other, { age: later }] of own.entries())
        if (one < other)
          sum += own.slice(one, other).reduce((product, part, place) => {
            const next = own[one + place + 1]
            return product * kept ** Math.max(1, next ? part.age - next.age : age - later)
          }, 1)
    expect(runOf(id)).toBeCloseTo(1 + (2 * sum) / own.length, 9)
  }
}

describe('how rates have changed', () => {
  // Two texts, one falling by a tenth each time, in sends that are further apart than days that are alike.
  const changing = Array.from({ length: 14 }, (_, place) => {
    const age = 60 - 4 * place
    return place % 2 === 0
      ? aPart(1, age, Math.round(260 * 0.9 ** (place / 2)), { n: 400 + 900 * place })
      : aPart(2, age - 1, Math.round(150 + 30 * Math.sin(place)))
  })

  test('is what whole matrices give for the four models, each by its likelihood', () => {
    expectRegression(changing, 0)
    expect(drift(changing).runOf(1)).toBe(1)
  })

  test('counts each part by its own noise and weight, and parts of a send by their number', () => {
    const parts = changing.flatMap((part, place) => {
      if (place === 3) return [{ ...part, extraOwn: 0.4, weight: 0.5 }]
      if (place === 4) return [{ ...part, extraOfSend: 0.3 }]
      if (place === 5) return [{ ...part, lag: 0.2 }]
      if (place === 6) return [{ ...part, unsure: 0.5 }]
      const { newsletter_send_id } = part
      return place === 8 ? [part, aPart(3, part.age, 90, { newsletter_send_id })] : [part]
    })
    const all = [...parts, aPart(3, 1, 0), aPart(3, 0.5, 150)]
    expectRegression(all, keptOf(rowsOf(all)))
  })

  test('is less sure where neighbouring days are alike', () => {
    const waves = Array.from({ length: 40 }, (_, day) =>
      aPart(
        1 + (day % 2),
        40 - day,
        Math.round((120 + 60 * (day % 2)) * Math.exp(0.4 * Math.sin(day / 1.2))),
      ),
    )
    const kept = keptOf(rowsOf(waves))
    expect(kept).toBeGreaterThan(0.4)
    expect(kept).toBeLessThan(0.95)
    expectRegression(waves, kept)
    // Beyond 1.6 days nothing is alike, and not by chance less than nothing.
    const spread = waves.map((part) => ({ ...part, age: part.age * 1.61 }))
    expectRegression(spread, 0)
    const near = waves.map((part) => ({ ...part, age: part.age * 1.6 }))
    expect(drift(near).runOf(1)).toBeGreaterThan(1.5)
    // Four pairs are enough, of which the last is at the edge.
    const atTheEdge = [6.2, 5.2, 4.2, 3.2, 1.6].map((age, place) =>
      aPart(1, age, [60, 65, 200, 220, 210][place] ?? 0),
    )
    expect(drift(atTheEdge).runOf(1)).toBeGreaterThan(1)
    expect(drift(atTheEdge.slice(1)).runOf(1)).toBe(1)
    const turning = waves.map((part, day) => ({ ...part, k: day % 2 === 0 ? 300 : 60, variation_id: 1 }))
    expectRegression(turning, 0)
  })

  test('finds how alike days are from few of them, and nothing where they are not', () => {
    const meanRun = (kept: number, count: number): number => {
      const runs = Array.from({ length: 60 }, (_, seed) => {
        const random = seeded(seed)
        let day = drawNormal(random)
        const parts = Array.from({ length: count }, (__, place) => {
          day = kept * day + Math.sqrt(1 - kept ** 2) * drawNormal(random)
          return aPart(1, count - place, drawBinomial(8_000, 0.02 * Math.exp(0.25 * day), random))
        })
        return drift(parts).runOf(1)
      })
      return runs.reduce((sum, run) => sum + run, 0) / runs.length
    }
    // Of ever so many days, 9 times the variance where a day keeps 0.8 of the one before.
    expect(meanRun(0.8, 60)).toBeGreaterThan(5)
    expect(meanRun(0.8, 60)).toBeLessThan(9)
    expect(meanRun(0, 60)).toBeLessThan(1.25)
    expect(meanRun(0, 12)).toBeLessThan(1.7)
  })

  test('cuts a day that is far off, and counts the day of a split send once', () => {
    const days = Array.from({ length: 24 }, (_, day) => {
      const k = Math.round(150 * Math.exp(0.3 * Math.cos(day / 3)) * (day === 9 || day === 10 ? 12 : 1))
      const name = { newsletter_send_id: `day ${day}` }
      return [aPart(1, 24 - day, k, name), ...(day % 3 === 0 ? [aPart(2, 24 - day, k >> 1, name)] : [])]
    }).flat()
    expectRegression(days, keptOf(rowsOf(days)))
    const same = [aPart(1, 5, 100), aPart(1, 5, 110, { newsletter_send_id: 'again' }), aPart(1, 4, 90)]
    expectRegression(same, keptOf(rowsOf(same)))
  })

  test('is found where a text wears out until hardly anybody clicks', () => {
    const random = seeded(7)
    const wearing = [0.01, 0.005, 0.005, 0.0025].flatMap((rate, text) =>
      Array.from({ length: 100 }, (_, showing) =>
        aPart(text, 100 - showing, drawBinomial(8_000, rate * 0.94 ** showing, random)),
      ),
    )
    const { varianceOf } = drift(wearing)
    const [first, last] = [wearing[0], wearing[99]]
    const slope = Math.log((last?.factor ?? 0) / (first?.factor ?? 0)) / 99
    // Each showing goes along with a day.
    expect(Math.exp(slope)).toBeCloseTo(0.94, 2)
    expect(Math.sqrt(varianceOf([1 / 365, 1]))).toBeLessThan(0.005)
  })

  test('is nothing where rates are not taken as they are today', () => {
    const { corrected, varianceOf, runOf } = driftOf(changing, groupsOf(changing), undefined, pool)
    expect([corrected, varianceOf([9, 99]), runOf(1)]).toEqual([[], 0, 1])
    expect(drift(changing).runOf(99)).toBe(1)
  })
})
