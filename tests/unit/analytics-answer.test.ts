import { expect, test } from 'vitest'
import type { Answer } from '../../src/lib/http/answer.ts'
import { unlessKnown } from '../../src/lib/http/etag.ts'
import type { Report } from '../../src/lib/model/report.ts'
import { type ReportQuery, type Section, type Table, tables } from '../../src/lib/model/report-query.ts'
import { respondReport } from '../../src/lib/reports/answer.ts'
import { csv } from '../../src/lib/reports/csv.ts'
import { figuresOf, previewOf, rate } from '../../src/lib/reports/figures.ts'

const sums = {
  impressions: 150,
  clicks: 23,
  human_clicks: 20,
  machine_clicks: 2,
  duplicate_clicks: 1,
  uncertain_clicks: 4,
  unique_clicks: 18,
}

test('a rate has two decimals, and is null without impressions', () => {
  expect(rate(23, 150)).toBe(15.33)
  expect(rate(0, 10)).toBe(0)
  expect(rate(3, 0)).toBeNull()
  // As a whole division these are halves; as a share times a hundred they are just below.
  expect([rate(201, 20_000), rate(29, 80_000), rate(25, 200_000)]).toEqual([1.01, 0.036, 0.013])
  expect(rate(9_996, 10_000_000)).toBe(0.1)
  expect(figuresOf(sums)).toEqual({ ...sums, ctr: 15.33, human_ctr: 13.33 })
})

test.each([
  ['Build your dream startup this weekend', 'Build your dream startup this weekend'],
  ['  Two\n lines ', 'Two lines'],
  [
    'Build your dream startup this weekend – no coding, no boot camp, no excuses.',
    'Build your dream startup this weekend – no...',
  ],
  ['x'.repeat(80), `${'x'.repeat(50)}...`],
  ['🚀'.repeat(60), `${'🚀'.repeat(50)}...`],
])('the preview of %j', (text, preview) => {
  expect(previewOf(text)).toBe(preview)
})

test('csv quotes texts, keeps numbers and empty cells, and defuses formulas', () => {
  const rows = [
    { a: 'plain', b: 1.5 },
    { a: 'with "quotes", commas\nand lines', b: null },
    { a: '=1+1', b: undefined },
  ]
  expect(
    csv(rows, [
      ['a', (row) => row.a],
      ['b', (row) => row.b],
    ]),
  ).toBe('\uFEFFa,b\r\nplain,1.5\r\n"with ""quotes"", commas\nand lines",\r\n"\'=1+1",\r\n')
})

/** The cells of a file as a spreadsheet finds them that separates by `separator`: quotes count where a cell begins. */
function cellsOf(text: string, separator: string): string[] {
  const cells = ['']
  let quoted = false
  for (let index = 0; index < text.length; index += 1) {
    const [one = '', next] = text.slice(index, index + 2)
    const at = cells.length - 1
    if (quoted && one === '"' && next === '"') {
      cells[at] += one
      index += 1
    } else if (quoted) {
      if (one === '"') quoted = false
      else cells[at] += one
    } else if (one === '"' && cells[at] === '') quoted = true
    else if (one === separator || one === '\n' || one === '\r') cells.push('')
    else cells[at] += one
  }
  return cells
}

test.each([',', ';', '\t', '|'])('no text begins a formula if cells are separated by %j', (separator) => {
  const beginnings = ['=', '+', '-', '@', '\t=', '\r=', '\n=', ' =', '＝', ' \u00a0@']
  const before = ['', 'No;', 'No,', 'No\t', 'No|', 'No\n', 'No\r\n', '"', '";', 'No"', ';";,', 'a ;  ']
  const texts = before.flatMap((start) => beginnings.map((one) => `${start}${one}cmd("x";1)+2`))
  const file = csv(texts, [
    ['id', () => 7],
    ['first', (text) => text],
    ['change', () => -1.5],
    ['second', (text) => text],
  ]).slice(1)
  const risky = cellsOf(file, separator).filter((one) => /^\s*[=+\-@＝＋－＠]|^[\t\r]/.test(one))
  expect(risky.filter((one) => one !== '-1.5')).toEqual([])
  if (separator === ',') expect(risky).toHaveLength(texts.length)
})

const figures = figuresOf(sums)
const statistics = {
  sends: 3,
  complete_sends: 3,
  recipients: 150,
  clickers: 19,
  crowded_clickers: 0,
  smoothed_ctr: 12.5,
  interval: [9, 17] as [number, number],
  probability_best: 0.88,
  expected_loss: 0.2,
  label: { code: 'leading' as const, text: 'Leading (P = 88 %)' },
}
const report: Report = {
  summary: {
    total_impressions: 150,
    total_clicks: 23,
    overall_ctr: 15.33,
    human_clicks: 20,
    human_ctr: 13.33,
    machine_clicks: 2,
    duplicate_clicks: 1,
    uncertain_clicks: 4,
    unique_clicks: 18,
    people: 17,
    date_range: { start: '2025-09-18', end: '2025-10-18', days: 30 },
  },
  offers: [
    {
      offer_id: 4,
      offer_name: 'No Code MBA',
      offer_type: 'affiliate',
      active: true,
      best_variation_id: 42,
      people: 17,
      ...figures,
      statistics: { smoothed_ctr: 12.5, interval: [9, 17], sends: 9, complete_sends: 9 },
    },
    {
      offer_id: 5,
      offer_name: 'Quiet Desk',
      offer_type: 'affiliate',
      active: true,
      best_variation_id: null,
      people: 0,
      ...figures,
    },
  ],
  variations: [
    {
      variation_id: 42,
      offer_id: 4,
      text_preview: 'Build...',
      text_content: 'Build, now',
      cta_text: 'Go →',
      tone: 'exciting',
      length_category: 'short',
      approved: true,
      people: 16,
      ...figures,
      statistics,
    },
    {
      variation_id: 43,
      offer_id: 4,
      text_preview: 'Want',
      text_content: 'Want',
      cta_text: null,
      tone: null,
      length_category: null,
      approved: true,
      people: 16,
      ...figures,
    },
  ],
  timeline: [{ date: '2025-10-18', ...figures }],
  sparklines: [{ date: '2025-10-18', variation_id: 42, impressions: 1, clicks: 2, human_clicks: 1 }],
  heatmap: [{ weekday: 1, hour: 7, clicks: 5, human_clicks: 4 }],
  devices: {
    device: [{ value: 'phone', clicks: 3, human_clicks: 2 }],
    browser: [{ value: 'Safari', clicks: 3, human_clicks: 2 }],
    os: [{ value: 'iOS', clicks: 3, human_clicks: 2 }],
  },
  referrers: [{ value: 'mail.example', clicks: 3, human_clicks: 2 }],
  reasons: [{ value: 'prefetch', verdict: 'machine', clicks: 3, human_clicks: 0 }],
  doubts: [
    {
      newsletter_send_id: '2025-10-18',
      variation_id: 42,
      newsletter: 'Daily',
      sent_at: '2025-10-18T08:00:00Z',
      factor: 1.1,
      recipients: 50,
      usual_recipients: 50,
      clickers: 19,
      counted_clickers: 9,
      early_clickers: 0,
      reason: 'burst',
    },
  ],
  sends: [
    {
      newsletter_send_id: '2025-10-18',
      newsletter: 'Daily',
      offer_id: 4,
      offer_name: 'No Code MBA',
      variation_id: 42,
      text_preview: 'Build...',
      sent_at: '2025-10-18T06:00:00Z',
      recipients: 150,
      clicks: 23,
      human_clicks: 20,
      clickers: 19,
      ctr: 15.33,
      human_ctr: 13.33,
      by_hours: [
        { hours: 0, clicks: 20, human_clicks: 18 },
        { hours: 1, clicks: 3, human_clicks: 2 },
      ],
    },
  ],
  conversions: [
    {
      ...{
        of: 'text',
        offer_id: 4,
        variation_id: 42,
        currency: 'EUR',
        conversions: 2,
        pending: 1,
        rejected: 0,
      },
      ...{
        conversion_rate: 10,
        conversion_rate_interval: [1.5, 25],
        revenue: '12.50',
        pending_revenue: '2.50',
      },
      ...{ epc: 0.625, epc_interval: [0.1, 2], rpm: 83.33, rpm_interval: null },
    },
  ],
  attributes: {
    tone: [
      {
        value: 'exciting',
        variations: 1,
        lift: 1.2,
        interval: [0.9, 1.6],
        sends: 3,
        recipients: 150,
        clickers: 19,
        smoothed_ctr: 12.5,
      },
    ],
    length_category: [
      {
        value: 'short',
        variations: 1,
        lift: null,
        interval: null,
        sends: 3,
        recipients: 150,
        clickers: 19,
        smoothed_ctr: 12.5,
      },
    ],
    cta_text: [],
  },
  settled_until: '2025-10-18T20:00:00Z',
  all_settled: true,
}

const textOf = ({ body }: Answer) =>
  typeof body === 'string' ? body : new TextDecoder('utf-8', { ignoreBOM: true }).decode(body)

const query = (format: 'json' | 'csv', ...include: Section[]): ReportQuery => ({
  end: '2025-10-18',
  tz: 'UTC',
  counting: 'all',
  include: new Set(include),
  format,
})

const figureNames =
  'impressions,clicks,ctr,human_clicks,human_ctr,machine_clicks,duplicate_clicks,uncertain_clicks,unique_clicks'
const figureCells = '150,23,15.33,20,13.33,2,1,4,18'

const files: Record<Table | 'offers', string[]> = {
  offers: [
    `offer_id,offer_name,offer_type,best_variation_id,${figureNames},people,smoothed_ctr,interval_low,interval_high`,
    `4,No Code MBA,affiliate,42,${figureCells},17,12.5,9,17`,
    `5,Quiet Desk,affiliate,,${figureCells},0,,,`,
  ],
  variations: [
    `variation_id,offer_id,text_content,cta_text,tone,length_category,${figureNames},people,sends,recipients,` +
      'clickers,smoothed_ctr,interval_low,interval_high,probability_best,expected_loss,label,doubted_sends',
    `42,4,"Build, now","Go →",exciting,short,${figureCells},16,3,150,19,12.5,9,17,0.88,0.2,"Leading (P = 88 %)",1`,
    `43,4,Want,,,,${figureCells},16,,,,,,,,,,0`,
  ],
  timeline: [`date,${figureNames}`, `2025-10-18,${figureCells}`],
  sparklines: ['date,variation_id,impressions,clicks,human_clicks', '2025-10-18,42,1,2,1'],
  conversions: [
    'of,offer_id,variation_id,newsletter_send_id,newsletter,currency,conversions,pending,rejected,' +
      'conversion_rate,conversion_rate_low,conversion_rate_high,revenue,pending_revenue,' +
      'epc,epc_low,epc_high,rpm,rpm_low,rpm_high',
    'text,4,42,,,EUR,2,1,0,10,1.5,25,12.50,2.50,0.625,0.1,2,83.33,,',
  ],
  heatmap: ['weekday,hour,clicks,human_clicks', '1,7,5,4'],
  devices: ['dimension,value,clicks,human_clicks', 'device,phone,3,2', 'browser,Safari,3,2', 'os,iOS,3,2'],
  referrers: ['dimension,value,clicks,human_clicks', 'referrer,mail.example,3,2'],
  reasons: ['dimension,value,verdict,clicks,human_clicks', 'reason,prefetch,machine,3,0'],
  sends: [
    'newsletter_send_id,sent_at,offer_id,offer_name,variation_id,text_preview,recipients,clicks,ctr,' +
      'human_clicks,human_ctr,clickers,newsletter,doubt,clicks_from_hour_0,clicks_from_hour_1,' +
      'human_clicks_from_hour_0,human_clicks_from_hour_1',
    '2025-10-18,2025-10-18T06:00:00Z,4,No Code MBA,42,Build...,150,23,15.33,20,13.33,19,Daily,burst,20,3,18,2',
  ],
  attributes: [
    'attribute,value,variations,lift,lift_low,lift_high,sends,recipients,clickers,smoothed_ctr',
    'tone,exciting,1,1.2,0.9,1.6,3,150,19,12.5',
    'length_category,short,1,,,,3,150,19,12.5',
  ],
}

test.each(['offers', ...tables] as const)('%s as a CSV file', (table) => {
  const asked = table === 'offers' ? [] : [table]
  const answer = respondReport(report, query('csv', ...asked, 'statistics'))
  expect(answer.status).toBe(200)
  expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8')
  expect(answer.headers['content-disposition']).toBe(`attachment; filename="promo-${table}.csv"`)
  expect(textOf(answer).slice(1).split('\r\n').slice(0, -1)).toEqual(files[table])
  const empty: Report = { summary: report.summary, offers: [], settled_until: null, all_settled: true }
  expect(textOf(respondReport(empty, query('csv', ...asked))).split('\r\n')).toHaveLength(2)
})

test('a CSV file holds one table', () => {
  const answer = respondReport(report, query('csv', 'timeline', 'variations', 'statistics'))
  expect(answer.status).toBe(400)
  expect(JSON.parse(textOf(answer))).toEqual({
    error: 'validation_error',
    details: {
      format: 'csv holds one table; ask for only one of include_variations, include_timeline at a time',
    },
  })
})

test('a report is JSON that may be cached privately for a short time, and is not sent again', () => {
  const answer = respondReport(report, query('json'))
  expect(JSON.parse(textOf(answer))).toEqual(report)
  expect(answer.headers).toMatchObject({
    'cache-control': 'private, max-age=30',
    vary: 'Authorization, Cookie',
    etag: expect.stringMatching(/^"[\w-]{27}"$/),
  })
  const etag = answer.headers.etag ?? ''
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const again = unlessKnown(answer, known)
    expect(again.status).toBe(304)
    expect(again.body).toBeUndefined()
    expect(again.headers.etag).toBe(etag)
  }
  expect(unlessKnown(answer, '"other"').status).toBe(200)
  const changed = unlessKnown(
    respondReport({ ...report, settled_until: null, all_settled: true }, query('json')),
    etag,
  )
  expect(changed.status).toBe(200)
})
