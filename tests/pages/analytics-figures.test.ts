import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import { count, percent, share } from '../../src/lib/wording/formats.ts'
import { placeWords, reasonWords, some } from '../../src/lib/wording/words.ts'
import { emptyDatabase, insertPromos } from '../support/database.ts'
import { insertQuickEditor } from '../support/editor.ts'
import { aClick, anImpression } from '../support/events.ts'
import { chartFigures, headline, tableRows } from '../support/html-tables.ts'
import { patientDatabase } from '../support/patient-database.ts'
import { randomClicks, randomImpressions, randomPeriod } from '../support/random-events.ts'
import { recordClicks, recordImpressions } from '../support/record.ts'
import { type RawEvents, readRawEvents, recount, recountSends } from '../support/recount.ts'
import { settleAll } from '../support/settled.ts'
import { ask, type RunningSite, runSite, signIn } from './running-site.ts'

const editor = { name: 'Anna', password: 'correct horse battery' }
let running: RunningSite
let database: Database
let cookie = ''

beforeAll(async () => {
  running = await runSite()
  const { url } = running.database
  database = patientDatabase(() => url, 1)
  await insertQuickEditor(running.database.sql, editor)
  cookie = await signIn(running.site, editor)
})
afterAll(async () => {
  await database?.close()
  await running?.end()
})

/** A page as it is now, not as it was shown a moment ago. */
async function show(path: string): Promise<string> {
  const { status, body } = await ask(running.site, path, { headers: { cookie, 'cache-control': 'no-cache' } })
  expect(status).toBe(200)
  return body
}

type Counting = 'all' | 'human'
type Counted = { clicks: number; human_clicks: number }
const clicksOf = (row: Counted, counting: Counting) => (counting === 'human' ? row.human_clicks : row.clicks)
/** As the report rounds: two decimals, or two significant digits where that is more. */
const perHundred = (clicks: number, of: number) => {
  const rate = (clicks / of) * 100
  return percent(of === 0 ? null : Number(rate < 0.1 ? rate.toPrecision(2) : rate.toFixed(2)))
}

/** Rows of a share chart without their order, which ties leave open: name, share, clicks. */
const shareRows = (
  shares: (Counted & { value: string })[],
  words: (value: string) => string,
  counting: Counting,
) => {
  const total = shares.reduce((sum, row) => sum + clicksOf(row, counting), 0)
  return shares
    .filter((row) => clicksOf(row, counting) > 0)
    .map((row) => [words(row.value), share(clicksOf(row, counting), total), count(clicksOf(row, counting))])
    .sort()
}

type Period = typeof randomPeriod extends fc.Arbitrary<infer Value> ? Value : never
const addressOf = ({ start, end, tz, counting }: Period) => {
  const range = start === undefined ? { to: end } : { from: start, to: end }
  return new URLSearchParams({ ...range, tz, clicks: counting })
}

/** The figures of a period on the page of all offers, or of one. */
function expectFigures(html: string, raw: RawEvents, period: Period, offer_id?: number) {
  const { counting } = period
  const expected = recount(raw, { ...period, ...(offer_id !== undefined && { offer_id }) })
  const { summary, heatmap, devices } = expected
  expect(headline(html)).toEqual({
    'Click rate': perHundred(clicksOf(summary, counting), summary.impressions),
    [counting === 'human' ? 'Clicks by people' : 'Clicks']: count(clicksOf(summary, counting)),
    Recipients: count(summary.impressions),
    'Different visitors': count(Math.min(expected.people(), summary.human_clicks)),
  })

  // No period of these is longer than four months, so each row is a day; days without anything are rows as well.
  const days = chartFigures(html, 'over-time')
    .map(([, rate, , recipients, clicks]) => [rate, recipients, clicks])
    .filter(([, recipients, clicks]) => recipients !== '0' || clicks !== '0')
  const happened = expected.timeline
    .filter((day) => day.impressions > 0 || clicksOf(day, counting) > 0)
    .map((day) => {
      const clicks = clicksOf(day, counting)
      const rate = percent(day.impressions === 0 ? null : (clicks / day.impressions) * 100)
      return [rate, count(day.impressions), count(clicks)]
    })
  expect(days).toEqual(happened.reverse())

  const sentEver = recountSends(raw).some((send) => (offer_id ?? send.offer_id) === send.offer_id)
  const hasHistory = summary.clicks > 0 || sentEver
  expect(html.includes('id="device"')).toBe(hasHistory)
  if (!hasHistory) return

  if (clicksOf(summary, counting) > 0) {
    const cells = chartFigures(html, 'hours').flatMap(([, ...hours], day) =>
      hours.flatMap((clicks, hour) => (clicks === '0' ? [] : [[day + 1, hour, Number(clicks)]])),
    )
    expect(cells).toEqual(
      heatmap
        .filter((cell) => clicksOf(cell, counting) > 0)
        .map((cell) => [cell.weekday, cell.hour, clicksOf(cell, counting)]),
    )
  }

  const charts = [
    ['device', devices.device],
    ['browser', devices.browser],
    ['os', devices.os],
    ['referrer', expected.referrers],
  ] as const
  for (const [id, shares] of charts)
    expect([id, chartFigures(html, id).sort()]).toEqual([id, shareRows(shares, placeWords, counting)])
  expect(chartFigures(html, 'reasons').sort()).toEqual(shareRows(expected.reasons, reasonWords, 'all'))

  const names = offer_id === undefined ? offerNames : textNames
  const sums = new Map<number, typeof summary>(
    offer_id === undefined ? expected.by_offer : expected.by_variation,
  )
  const counted = tableRows(html, 'Clicks counted').map(([name = '', ...figures]) => [
    names.get(name),
    ...figures,
  ])
  expect(counted.map(([id]) => id)).toEqual(expect.arrayContaining([...sums.keys()]))
  for (const [id, ...figures] of counted) {
    const own = sums.get(Number(id))
    const of = own?.impressions ?? 0
    expect(figures).toEqual([
      count(of),
      ...[
        own?.clicks,
        own?.human_clicks,
        own?.uncertain_clicks,
        own?.machine_clicks,
        own?.duplicate_clicks,
      ].map((clicks) => count(clicks ?? 0)),
      perHundred(own?.human_clicks ?? 0, of),
      perHundred(own?.clicks ?? 0, of),
    ])
  }

  for (const [text = '', , , , , visitors] of tableRows(html, 'Texts')) {
    if (visitors === undefined) continue
    const id = [...textNames].find(([name]) => text.startsWith(name))?.[1]
    const sends = recountSends(raw).filter((send) => send.variation_id === id)
    const sum = (pick: (send: (typeof sends)[number]) => number) =>
      sends.reduce((all, send) => all + pick(send), 0)
    expect([text, visitors.replace(/, .*/, '')]).toEqual([
      text,
      `${count(sum(({ clickers }) => clickers))} of ${count(sum(({ recipients }) => recipients))} in ` +
        some(sends.length, 'send'),
    ])
  }
  expectSends(html, expected.sends, counting, offer_id === undefined ? 5 : 50)
}

/** More clicks than recipients are more likely a wrong number of these. */
const rateOfSend = (clicks: number, recipients: number): string =>
  perHundred(clicks, recipients) + (clicks > recipients ? ', recipients missing?' : '')

type Sends = ReturnType<typeof recountSends>

function expectSends(html: string, sends: Sends, counting: Counting, most: number) {
  const rows = tableRows(html, 'Sends')
  const widest = Math.max(...rows.map((cells) => cells.length))
  // Segments of one send share their first cell. Which sends are doubtful is no figure.
  const shown = rows.map((cells) => [
    ...cells.slice(-4, -1),
    cells[1 - (widest - cells.length)]?.replace(/ doubtful$/, ''),
  ])
  expect(shown).toEqual(
    sends
      .slice(0, most)
      .map((send) => [
        count(send.recipients),
        count(clicksOf(send, counting)),
        count(send.clickers),
        rateOfSend(clicksOf(send, counting), send.recipients),
      ]),
  )
  const spans = (sends[0]?.by_hours ?? []).map((_, index) =>
    sends.reduce(
      (sum, { by_hours }) => sum + clicksOf(by_hours[index] ?? { clicks: 0, human_clicks: 0 }, counting),
      0,
    ),
  )
  const all = spans.reduce((sum, clicks) => sum + clicks, 0)
  if (all > 0) expect(chartFigures(html, 'since').map(([, clicks]) => clicks)).toEqual(spans.map(count))
}

const offerNames = new Map([
  ['No Code MBA', 4],
  ['Quiet Desk', 5],
  ['Adopted', 6],
])
const textNames = new Map([
  ['Build your dream startup this weekend', 42],
  ['Want to build apps without code?', 43],
  ['Turn your business ideas into reality', 44],
  ['A desk that keeps quiet', 50],
  ['From an earlier system', 60],
])

const at = Date.UTC(2025, 1, 14)
const aPeriod: Period = { end: '2025-03-01', tz: 'UTC', counting: 'human' }

test('every figure of the pages equals a naive recount, in all periods, time zones and clock changes', async () => {
  const { sql } = running.database
  await fc.assert(
    fc.asyncProperty(
      randomClicks,
      randomImpressions,
      fc.tuple(randomPeriod, randomPeriod),
      async (clicks, impressions, periods) => {
        await emptyDatabase(sql)
        await insertPromos(sql)
        await recordImpressions(sql, impressions)
        await recordClicks(sql, clicks)
        await settleAll(database)
        const raw = await readRawEvents(sql)
        fc.pre(raw.clicks.length > 0 && recountSends(raw).length > 0)
        for (const period of periods) {
          expectFigures(await show(`/analytics?${addressOf(period)}`), raw, period)
          expectFigures(await show(`/analytics/offers/4?${addressOf(period)}`), raw, period, 4)
          const { sends } = recount(raw, period)
          expectSends(await show(`/analytics/sends?${addressOf(period)}`), sends, period.counting, 100)
        }
      },
    ),
    {
      numRuns: 12,
      // More clicks than recipients.
      examples: [
        [
          [aClick({ offer_id: 4, variation_id: 42, at }), aClick({ offer_id: 4, variation_id: 42, at })],
          [anImpression({ offer_id: 4, variation_id: 42, at, recipients: 1, newsletter_send_id: 'short' })],
          [aPeriod, { ...aPeriod, counting: 'all' }],
        ],
      ],
    },
  )
})
