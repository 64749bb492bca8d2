import { drawLifts, drawRates, mostDifferent, offerRates } from '../../src/lib/charts/rates.ts'
import { drawSendCurve } from '../../src/lib/charts/send-curve.ts'
import type { Report } from '../../src/lib/model/report.ts'
import type { Counting } from '../../src/lib/model/report-query.ts'
import { sumSpans } from '../../src/lib/model/spans.ts'
import { rankTexts } from '../../src/lib/reports/rank-texts.ts'
import { findingsOf } from '../../src/lib/wording/findings.ts'
import { count } from '../../src/lib/wording/formats.ts'
import { kindsSentence } from '../../src/lib/wording/kinds.ts'
import { sendsSentence } from '../../src/lib/wording/sends.ts'
import {
  changeOf,
  offersSentence,
  pointsOf,
  qualitySentence,
  summarySentence,
  textsSentence,
} from '../../src/lib/wording/sentences.ts'
import { smallListWarning } from '../../src/lib/wording/small-list.ts'
import { chance, shortNames } from '../../src/lib/wording/words.ts'

type Hold = (holds: boolean, what: string, ...values: unknown[]) => void

/**
 * Which of a page's sentences do not agree with the tables and charts beside them, or with one another; nothing
 * if all do.
 */
export function contradictoryWords(report: Report, counting: Counting, now: number): string[] {
  const found: string[] = []
  const hold: Hold = (holds, what, ...values) => {
    if (!holds) found.push(`${what}: ${JSON.stringify(values)}`)
  }
  holdOffers(report, now, hold)
  holdFindings(report, now, hold)
  holdKinds(report, hold)
  holdPeriod(report, counting, now, hold)
  return found
}

/** The sentence on offers beside the bars of offers, and the sends. */
function holdOffers(report: Report, now: number, hold: Hold): void {
  const { offers, variations = [], sends = [] } = report
  const said = offersSentence(offers, variations, sends, now)
  const bars = drawRates(offerRates(offers)).marks
  const nameOf = shortNames(offers)
  const rated = offers.filter(({ active, statistics }) => active && statistics && statistics.sends > 0)
  const best =
    /^(.*) does best(?: of the offers that were sent often enough)?: (.*) of its recipients click, likely (.*)\.$/.exec(
      said,
    )
  const only = /^(.*) is the only active offer .* sent: (.*) of its recipients click, likely (.*)\.$/.exec(
    said,
  )
  const [, name = '', rate, likely] = best ?? only ?? []
  if (best || only) {
    hold(bars[0]?.name === name, 'who does best is the first bar', said, bars)
    hold(
      bars[0]?.text === rate && bars[0]?.interval === likely,
      'the sentence has the figures of the bar',
      said,
      bars,
    )
  }
  const ahead = /^(.*) (?:is ahead of|has the same rate as) (.*?),? (so far|but)/.exec(said)
  if (ahead)
    hold(
      bars[0]?.name === ahead[1] && bars.some(({ name }) => name === ahead[2]),
      'who is ahead is the first bar',
      said,
      bars,
    )
  const own = offers.find((offer) => nameOf(offer) === name)
  if (said.includes(' does best: '))
    for (const other of rated)
      hold(
        other.offer_id === own?.offer_id ||
          (own?.statistics?.interval[0] ?? 0) > (other.statistics?.interval[1] ?? 0),
        'who does best is above all others',
        said,
        other,
      )
  hold(!only || rated.length === 1, 'the only one is alone', said)
  for (const offer of offers)
    if (offer.statistics?.sends === 0)
      hold(!said.includes(`${nameOf(offer)} still needs`), 'who needs more has a text in use', said)
  const sent = (id: number) =>
    variations.some(({ offer_id, statistics }) => offer_id === id && (statistics?.sends ?? 0) > 0)
  if (said.startsWith('No active offer has been sent'))
    hold(!offers.some(({ offer_id, active }) => active && sent(offer_id)), 'nothing was sent', said)
}

/** What is said of each offer's texts beside the table of texts. */
function holdFindings(report: Report, now: number, hold: Hold): void {
  const { offers, variations = [], sends = [] } = report
  const small = smallListWarning(report.usual_send) !== undefined
  const findings = findingsOf(offers, variations, new Map(), sends, { way: 'thompson', small, now })
  const groups = rankTexts(offers, variations, { most: 1_000, small })
  hold(findings.length === offers.length, 'each offer has its finding')
  const clear = ['leading', 'probably_best', 'confirmed_winner']
  for (const finding of findings) {
    const { text, code, offer_id, variation_id } = finding
    const offer = offers.find((one) => one.offer_id === offer_id)
    const { texts = [], ranked = false } = groups.find((one) => one.offer_id === offer_id) ?? {}
    const [first] = texts
    const holds = (one: boolean, what: string) => hold(one, what, finding, texts)
    const sent = texts.filter(({ approved, statistics }) => approved && statistics && statistics.sends > 0)
    if (code === 'not_sent')
      holds(
        !texts.some(({ approved, statistics }) => approved && statistics),
        'what was not sent has no figures',
      )
    if (text.includes('has not been sent yet'))
      holds(
        !offer?.statistics && !sends.some((send) => send.offer_id === offer_id),
        'what was not sent was not',
      )
    if (code === 'no_rival') holds(sent.length === 1, 'one text was sent')
    if (text.includes('has just been sent'))
      holds(
        sends.every((send) => send.offer_id !== offer_id || now - Date.parse(send.sent_at) < 3 * 86_400_000),
        'what was just sent was',
      )
    if (clear.includes(code))
      holds(ranked && first?.variation_id === variation_id, 'who leads is the first of the table')
    if (variation_id !== undefined && ranked && sent.length > 1) {
      const named = texts.find((one) => one.variation_id === variation_id)
      holds(named === first, 'the finding is about the first of the table')
      holds(named?.statistics?.label.code === code, 'a finding has the label of its text')
      const sure = /, (\S+(?: \S+)?) % sure/.exec(text)
      if (sure)
        holds(
          `${sure[1]} %` === chance(named?.statistics?.probability_best ?? -1),
          'a finding is as sure as the table',
        )
    }
    if (code === 'not_enough_data' && !small) {
      const labels = sent.map(({ statistics }) => statistics?.label.text ?? '')
      for (const [, clicks] of text.matchAll(/\((\d+) more clicks?\)/g))
        holds(
          labels.some((label) => label.includes(` ${100 - Number(clicks)} of 100 clicks`)),
          'as many clicks are missing',
        )
      const unfinished = /still needs (\d+ more sends?|three days)/.exec(text)
      if (unfinished)
        holds(
          labels.some((label) => /[0-2] of 3 sends/.test(label)),
          'sends are missing',
        )
      holds(/still needs/.test(text), 'what is missing is told')
    }
    if (sent.some(({ statistics }) => clear.includes(statistics?.label.code ?? '')))
      holds(
        sent.every(({ statistics }) => statistics?.label.text !== 'Too close to call'),
        'nothing is too close to call beside one that leads',
      )
    for (const { label, statistics } of texts.flatMap(({ statistics }) =>
      statistics ? { label: statistics.label.code, statistics } : [],
    ))
      if (clear.includes(label) && statistics.sends > 0)
        holds(code === label, 'a label that tells a leader has a finding')
  }
  const told = textsSentence(findings)
  const leaders = variations.filter(({ statistics }) => clear.includes(statistics?.label.code ?? '')).length
  const counted = /^In (\d+) of/.exec(told)
  hold(
    Number(counted?.[1] ?? (told.startsWith('One text') ? 1 : 0)) === leaders,
    'as many offers have a leader as are labelled so',
    told,
    leaders,
  )
}

function holdKinds({ attributes, variations = [] }: Report, hold: Hold): void {
  if (!attributes) return
  const said = kindsSentence(attributes, variations)
  if (said.startsWith('No text with'))
    hold(
      !variations.some(({ impressions, tone }) => impressions > 0 && tone),
      'no text of a kind was sent',
      said,
    )
  const [tones, lengths, calls] = [attributes.tone, attributes.length_category, attributes.cta_text].map(
    (rows) =>
      rows.flatMap(({ value: name, lift, interval }) =>
        lift === null || !interval ? [] : { name, lift, low: interval[0], high: interval[1] },
      ),
  )
  const { marks } = drawLifts([...(tones ?? []), ...(lengths ?? []), ...mostDifferent(calls ?? [], 10)])
  const clear = marks.filter(({ meaning }) => meaning === 'more' || meaning === 'less')
  hold(clear.length > 0 === /got/.test(said), 'kinds differ in words as in the chart', said, marks)
  for (const [, name, amount, more] of said.matchAll(/“(.*?)” got ([\d,]+) % (more|fewer)/g)) {
    const told = 1 + (more === 'more' ? 1 : -1) * (Number(amount?.replaceAll(',', '')) / 100)
    const agrees = (text: string) => {
      const shown = Number(text.replace(/[× ,]/g, ''))
      return Math.abs(shown - told) <= 0.0151 * Math.max(1, shown)
    }
    // A tone and a call to action may have the same name.
    const alike = marks.filter(
      (one) => one.name === name && one.meaning === (more === 'more' ? 'more' : 'less'),
    )
    hold(
      alike.some(({ text }) => agrees(text)),
      'a kind is as good in words as in the chart',
      said,
      marks,
    )
  }
}

function holdPeriod({ summary, previous, sends }: Report, counting: Counting, now: number, hold: Hold): void {
  const said = summarySentence({ summary, previous, sends }, counting, now)
  const pick = (one: typeof summary) => (counting === 'human' ? one.human_ctr : one.overall_ctr)
  const rate = pick(summary)
  const told = /^Every 100 recipients brought ([\d.]+) /.exec(said)
  if (told)
    hold(
      Math.abs(Number(told[1]) - Number(rate)) <= 0.00501,
      'the sentence has the rate of the headline',
      said,
      rate,
    )
  const before = /(up|down) from ([\d.]+) /.exec(said)
  const points = pointsOf(rate, previous && pick(previous))
  if (before && previous)
    hold(
      points.startsWith(before[1] === 'up' ? '+' : '−'),
      'sentence and headline go the same way',
      said,
      points,
    )
  if (said.includes('the same rate as'))
    hold(points === 'as before', 'sentence and headline stay alike', said, points)
  const clicks = counting === 'human' ? summary.human_clicks : summary.total_clicks
  const change =
    previous && changeOf(clicks, counting === 'human' ? previous.human_clicks : previous.total_clicks)
  hold(change === undefined || !/NaN|Infinity/.test(change), 'changes are numbers', change)
  const quality = qualitySentence(summary)
  if (summary.total_clicks > 0)
    for (const one of [summary.total_clicks, summary.machine_clicks, summary.duplicate_clicks])
      hold(
        quality.includes(count(one)),
        'the sentence on machines has the figures of the table',
        quality,
        summary,
      )
  if (sends && sends.length > 0) {
    const sent = new Set(sends.map(({ newsletter_send_id }) => newsletter_send_id)).size
    hold(
      sendsSentence(sends, counting, now).startsWith(`${count(sent)} send`),
      'as many sends as are listed',
      sent,
    )
    const { marks } = drawSendCurve(
      sumSpans(
        sends.map(({ by_hours }) => by_hours),
        counting,
      ),
    )
    const said = sendsSentence(sends, counting, now)
    for (const [, part, time = '', unit = ''] of said.matchAll(/(<?>?\d+ %).*? within (\d+) (hour|day)/g))
      hold(
        marks.some(({ soFarText, end }) => soFarText === part && end === `${time} ${unit.charAt(0)}`),
        'sentence and curve have the same share',
        said,
        marks,
      )
  }
}
