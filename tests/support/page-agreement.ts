import { expect } from 'vitest'
import { drawRates, offerRates } from '../../src/lib/charts/rates.ts'
import type { Doubt } from '../../src/lib/model/doubt.ts'
import type { Report, VariationRow } from '../../src/lib/model/report.ts'
import type { Counting } from '../../src/lib/model/report-query.ts'
import { keyOfSend } from '../../src/lib/model/send-evidence.ts'
import { rankTexts } from '../../src/lib/reports/rank-texts.ts'
import {
  differenceSentence,
  doubtSentences,
  missingRecipients,
  periodDoubts,
  restsOn,
} from '../../src/lib/wording/doubts.ts'
import { findingsOf, hasHistory } from '../../src/lib/wording/findings.ts'
import { count, percent, percentBetween } from '../../src/lib/wording/formats.ts'
import { sendsSentence } from '../../src/lib/wording/sends.ts'
import * as sentences from '../../src/lib/wording/sentences.ts'
import { smallListWarning } from '../../src/lib/wording/small-list.ts'
import { uncertaintySentence } from '../../src/lib/wording/uncertainty.ts'
import { chance, clicksOf, rateOf } from '../../src/lib/wording/words.ts'
import { chartFigures, headline, tableRows, textOf } from './html-tables.ts'

type Shown = { clicks: Counting; offer_id?: number | undefined; newsletter?: string | undefined }

const numberOf = (text = ''): number => Number(text.replaceAll(',', ''))
const sumOf = (rows: readonly (readonly string[])[], column: number): number =>
  rows.reduce((sum, row) => sum + numberOf(row[column]), 0)

/** What the overview or the page of an offer shows is what the API answers of it; its tables and charts add up. */
export function expectPage(
  html: string,
  report: Report,
  { clicks: counting, offer_id, newsletter }: Shown,
): void {
  const { summary, offers, variations = [], sends = [] } = report
  const filtered = newsletter !== undefined
  const clicks = clicksOf({ clicks: summary.total_clicks, human_clicks: summary.human_clicks }, counting)
  const rate = rateOf({ ctr: summary.overall_ctr, human_ctr: summary.human_ctr }, counting)
  expect(headline(html)).toEqual({
    'Click rate': percent(rate),
    [counting === 'human' ? 'Clicks by people' : 'Clicks']: count(clicks),
    Recipients: count(summary.total_impressions),
    'Different visitors': count(summary.people),
  })
  const words = textOf(html)
  const says = (sentence: string) => expect(words).toContain(textOf(sentence))
  const now = Date.now()
  says(sentences.summarySentence(report, counting, now))
  says(periodDoubts(report))
  const warning = smallListWarning(report.usual_send)
  const small = warning !== undefined
  const findings = findingsOf(offers, variations, undefined, sends, { way: 'weighted', small, now, filtered })
  for (const { text } of findings) says(text)
  for (const sentence of doubtSentences(report.doubts ?? [])) says(sentence)
  const groups = rankTexts(offers, variations, { most: 1_000, small })
  const ranked = !small || groups.some((group) => group.ranked)
  const rated = groups.some(({ texts }) => texts.some(({ statistics }) => (statistics?.sends ?? 0) > 0))
  if (rated && report.newsletters) says(differenceSentence([], 0, filtered ? 'one' : 'all'))
  if (offer_id === undefined) {
    const first = ranked
      ? sentences.offersSentence(offers, variations, sends, now, filtered)
      : (warning ?? '')
    says(offers.length === 0 ? 'No offer is active.' : first)
    if (ranked && variations.length > 0) says(sentences.textsSentence(findings))
    if (sends.length > 0) expect(words).not.toMatch(/No offer has been sent/)
    if (offers.some(({ statistics }) => statistics))
      expect(chartFigures(html, 'offer-rates')).toEqual(
        drawRates(offerRates(offers), ranked).marks.map(({ name, text, interval }) => [name, text, interval]),
      )
  }
  expectTexts(html, groups, report.doubts ?? [])
  const days = chartFigures(html, 'over-time')
  if (days.length > 0) {
    expect(sumOf(days, 3)).toBe(summary.total_impressions)
    expect(sumOf(days, 4)).toBe(clicks)
  }
  if (!hasHistory(report)) return
  says(sentences.qualitySentence(summary))
  says(uncertaintySentence(report))
  says(sentences.hoursSentence(report.heatmap ?? [], counting))
  const hours = chartFigures(html, 'hours').flatMap(([, ...cells]) => cells)
  if (hours.length > 0) expect(hours.reduce((sum, cell) => sum + numberOf(cell), 0)).toBe(clicks)
  expectShares(html, report, counting, says)
  const counted = tableRows(html, 'Clicks counted')
  if ((offer_id === undefined ? offers : variations).some(({ ctr }) => (ctr ?? 0) > 100))
    says(`Above 100 % there are ${missingRecipients}, or many clicks followed earlier sends.`)
  for (const [column, sum] of [
    [1, summary.total_impressions],
    [2, summary.total_clicks],
    [3, summary.human_clicks],
    [4, summary.uncertain_clicks],
    [5, summary.machine_clicks],
    [6, summary.duplicate_clicks],
  ] as const)
    expect([column, sumOf(counted, column)]).toEqual([column, sum])
  says(sendsSentence(sends, counting, now))
  expectSends(html, report, counting)
}

/** A row of a text with its figures, or with why there are none. */
function cellsOf(
  { variation_id, statistics, impressions }: VariationRow,
  compared: boolean,
  doubts: readonly Doubt[],
): string[] {
  const doubted = doubts.filter((doubt) => doubt.variation_id === variation_id).length
  if (!statistics || statistics.sends === 0)
    return [impressions > 0 ? 'Sent, but no send of it counts yet' : 'Not sent yet']
  const { smoothed_ctr, interval, label, probability_best, clickers, recipients } = statistics
  return [
    `${percent(smoothed_ctr)} ${percentBetween(...interval)}`,
    label.text,
    !compared || label.code === 'retired' ? '–' : chance(probability_best),
    `${count(clickers)} of ${count(recipients)} ${restsOn(statistics, doubted)}`,
  ]
}

function expectTexts(html: string, groups: ReturnType<typeof rankTexts>, doubts: readonly Doubt[]): void {
  const shown = tableRows(html, 'Texts').filter(({ length }) => length > 1)
  const all = groups.flatMap(({ texts, compared }) =>
    texts.map((text) => [text.text_preview, ...cellsOf(text, compared, doubts)]),
  )
  for (const [name = '', likely = '', label, best, , visitors] of shown) {
    const own = all.find(([preview = '']) => name.startsWith(preview))
    expect(label === undefined ? [likely] : [likely, label, best, visitors]).toEqual(own?.slice(1))
  }
  for (const { texts, ranked } of groups) {
    const places = texts.map(({ text_preview }) =>
      shown.findIndex(([name = '']) => name.startsWith(text_preview)),
    )
    const found = places.filter((place) => place >= 0)
    if (ranked) expect(found).toEqual(found.toSorted((one, other) => one - other))
  }
}

function expectShares(
  html: string,
  report: Report,
  counting: Counting,
  says: (sentence: string) => void,
): void {
  if (!report.devices || !report.referrers) return
  const charts = [
    ['device', report.devices.device, counting],
    ['browser', report.devices.browser, counting],
    ['os', report.devices.os, counting],
    ['referrer', report.referrers, 'human'],
    ['reasons', report.reasons ?? [], 'all'],
  ] as const
  for (const [id, shares, whose] of charts) {
    const rows = chartFigures(html, id)
    const all = shares.reduce((sum, row) => sum + clicksOf(row, whose), 0)
    expect([id, sumOf(rows, 2)]).toEqual([id, all])
    const parts = rows.reduce((sum, [, part = '']) => sum + (Number(part.replace(' %', '')) || 0.5), 0)
    if (rows.length > 0) expect(Math.abs(parts - 100)).toBeLessThanOrEqual(rows.length / 2)
  }
  const empty = 'No devices are known in this period yet.'
  says(sentences.sharesSentence(report.devices.device, counting, empty))
}

/** The table of sends has those of the report, and the curve of their clicks ends with all of them. */
export function expectSends(html: string, { sends = [], doubts = [] }: Report, counting: Counting): void {
  const doubted = new Set(doubts.map(keyOfSend))
  const rows = tableRows(html, 'Sends')
  const widest = Math.max(...rows.map(({ length }) => length))
  const together = [...Map.groupBy(sends, ({ newsletter_send_id }) => newsletter_send_id).values()].flat()
  expect(rows.length).toBeLessThanOrEqual(sends.length)
  for (const [place, cells] of rows.entries()) {
    const send = together[place]
    const figures = cells.slice(1 - (widest - cells.length))
    expect(figures).toEqual(
      expect.arrayContaining([
        count(send?.recipients ?? -1),
        count(send ? clicksOf(send, counting) : -1),
        count(send?.clickers ?? -1),
      ]),
    )
    expect(figures[0]).toContain(percent(send ? rateOf(send, counting) : -1))
    expect(figures[0]?.endsWith(' doubtful')).toBe(send !== undefined && doubted.has(keyOfSend(send)))
  }
  const curve = chartFigures(html, 'since')
  if (curve.length === 0) return
  expect(sumOf(curve, 1)).toBe(sends.reduce((sum, send) => sum + clicksOf(send, counting), 0))
  expect(curve.at(-1)?.[3]).toBe('100 %')
}
