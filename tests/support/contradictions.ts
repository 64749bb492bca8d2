import type { Figures, OfferRow, Report, Share, VariationRow } from '../../src/lib/model/report.ts'
import type { ReportQuery } from '../../src/lib/model/report-query.ts'
import { chance } from '../../src/lib/wording/words.ts'

type Hold = (holds: boolean, what: string, ...values: unknown[]) => void
type Asked = Pick<ReportQuery, 'variation_id' | 'newsletter' | 'tz'> & {
  /** Whether all clicks have their final verdict, and every send is in the range. */
  settled?: boolean
  all?: boolean
}

/** What in a report does not agree with something else in it; nothing if all does. */
export function contradictions(report: Report, asked: Asked): string[] {
  const found: string[] = []
  const hold: Hold = (holds, what, ...values) => {
    if (!holds) found.push(`${what}: ${JSON.stringify(values)}`)
  }
  const { total_impressions: impressions, total_clicks: clicks, overall_ctr: ctr, ...others } = report.summary
  const summary = { ...others, impressions, clicks, ctr }
  const rows: [string, Figures][] = [
    ['summary', summary],
    ...report.offers.map((row): [string, Figures] => [`offer ${row.offer_id}`, row]),
    ...(report.variations ?? []).map((row): [string, Figures] => [`text ${row.variation_id}`, row]),
    ...(report.timeline ?? []).map((row): [string, Figures] => [row.date, row]),
  ]
  for (const [name, row] of rows) holdFigures(name, row, hold)
  holdSums(report, summary, asked, hold)
  holdShares(report, summary, asked, hold)
  if (asked.tz === 'UTC') holdPeople(report, hold)
  holdSends(report, asked, hold)
  for (const offer of report.offers)
    holdTexts(
      offer,
      (report.variations ?? []).filter(({ offer_id }) => offer_id === offer.offer_id),
      hold,
    )
  for (const { attributes = { tone: [], length_category: [], cta_text: [] } } of [report])
    for (const row of [attributes.tone, attributes.length_category, attributes.cta_text].flat())
      hold(
        row.lift === null
          ? row.interval === null
          : !!row.interval && row.interval[0] <= row.lift && row.lift <= row.interval[1],
        'a kind is in its interval',
        row,
      )
  holdConversions(report, hold)
  return found
}

const sum = <Row>(rows: readonly Row[], pick: (row: Row) => number): number =>
  rows.reduce((all, row) => all + pick(row), 0)

/** Whether a rate as it is shown is what clicks of recipients make: two decimals, or two significant digits. */
function isRate(rate: number | null, clicks: number, of: number): boolean {
  if (of <= 0) return rate === null
  const exact = (100 * clicks) / of
  return rate !== null && Math.abs(rate - exact) <= Math.min(0.005, exact < 0.1 ? exact * 0.051 : 1) + 1e-9
}

function holdFigures(name: string, row: Figures, hold: Hold): void {
  const { clicks, human_clicks, machine_clicks, duplicate_clicks, uncertain_clicks, unique_clicks } = row
  hold(human_clicks + machine_clicks + duplicate_clicks === clicks, `${name}: verdicts add up`, row)
  hold(uncertain_clicks <= human_clicks, `${name}: uncertain clicks are people's`, row)
  hold(unique_clicks <= clicks, `${name}: visitors clicked`, row)
  hold(isRate(row.ctr, clicks, row.impressions), `${name}: rate`, row)
  hold(isRate(row.human_ctr, human_clicks, row.impressions), `${name}: rate of people`, row)
}

const columns = [
  'impressions',
  'clicks',
  'human_clicks',
  'machine_clicks',
  'duplicate_clicks',
  'uncertain_clicks',
  'unique_clicks',
] as const

function holdSums(report: Report, summary: Figures, { variation_id }: Asked, hold: Hold): void {
  const same = (name: string, rows: readonly Figures[], of: Figures) => {
    for (const column of columns)
      hold(sum(rows, (row) => row[column]) === of[column], `${name} add up to ${column}`, of[column])
  }
  same('offers', report.offers, summary)
  if (report.timeline) same('days', report.timeline, summary)
  for (const offer of report.offers) {
    const own = report.variations?.filter(({ offer_id }) => offer_id === offer.offer_id)
    if (own && variation_id === undefined) same(`texts of ${offer.offer_id}`, own, offer)
  }
  for (const text of report.variations ?? []) {
    const own = report.sparklines?.filter((row) => row.variation_id === text.variation_id)
    if (own)
      for (const column of ['impressions', 'clicks', 'human_clicks'] as const)
        hold(sum(own, (row) => row[column]) === text[column], `sparkline of ${text.variation_id}`, column)
  }
  const { heatmap } = report
  if (heatmap) {
    hold(sum(heatmap, (cell) => cell.clicks) === summary.clicks, 'hours add up', summary)
    hold(
      sum(heatmap, (cell) => cell.human_clicks) === summary.human_clicks,
      'hours of people add up',
      summary,
    )
  }
}

/** What clicks are broken down by follows days of UTC, and what is final. */
function holdShares(report: Report, summary: Figures, { tz, settled }: Asked, hold: Hold): void {
  const { devices, referrers, referrer_classes, reasons } = report
  const all = (rows: readonly Share[]) => [
    sum(rows, (row) => row.clicks),
    sum(rows, (row) => row.human_clicks),
  ]
  const counted = [
    ['devices', devices?.device],
    ['browsers', devices?.browser],
    ['systems', devices?.os],
    ['reasons', reasons],
  ] as const
  const [first] = counted.flatMap(([, rows]) => (rows ? [all(rows)] : []))
  for (const [name, rows] of counted)
    if (rows) hold(`${all(rows)}` === `${first}`, `${name} add up like the others`, all(rows), first)
  if (referrers) {
    const [, people = 0] = all(referrers)
    hold(people === (first?.[1] ?? people), 'referrers are those of people', people, first)
    hold(`${all(referrer_classes ?? [])}` === `${all(referrers)}`, 'classes of referrers add up')
  }
  if (first && settled && tz === 'UTC')
    hold(
      `${first}` === `${[summary.clicks, summary.human_clicks]}`,
      'shares add up to the whole',
      first,
      summary,
    )
  for (const verdict of ['human', 'machine', 'duplicate'] as const)
    if (reasons && settled && tz === 'UTC')
      hold(
        sum(reasons, (row) => (row.verdict === verdict ? row.clicks : 0)) === summary[`${verdict}_clicks`],
        `reasons of ${verdict}`,
      )
}

/** Everybody in a part is in the whole, and everybody in the whole is in a part. */
function holdPeople({ summary, offers, variations }: Report, hold: Hold): void {
  const check = (name: string, whole: number, parts: readonly { people: number }[]) => {
    hold(
      parts.every(({ people }) => people <= whole),
      `${name} has the people of its parts`,
      whole,
      parts.map(({ people }) => people),
    )
    hold(
      whole <= sum(parts, ({ people }) => people),
      `${name} has no other people`,
      whole,
      parts.map(({ people }) => people),
    )
  }
  hold(summary.people <= summary.human_clicks, 'people clicked', summary)
  check('everything', summary.people, offers)
  for (const offer of variations ? offers : [])
    check(
      `offer ${offer.offer_id}`,
      offer.people,
      (variations ?? []).filter(({ offer_id }) => offer_id === offer.offer_id),
    )
  for (const row of [...offers, ...(variations ?? [])])
    hold(row.people <= row.human_clicks, 'people of a row clicked', row)
}

function holdSends({ sends, variations, doubts }: Report, { all, newsletter }: Asked, hold: Hold): void {
  if (!sends) return
  for (const send of sends) {
    const { clicks, human_clicks, clickers, recipients, by_hours } = send
    hold(human_clicks <= clicks && clickers <= human_clicks, 'clickers clicked', send)
    hold(isRate(send.ctr, clicks, recipients), 'rate of a send', send)
    hold(isRate(send.human_ctr, human_clicks, recipients), 'rate of people of a send', send)
    hold(sum(by_hours, (span) => span.clicks) === clicks, 'hours of a send add up', send)
    hold(
      sum(by_hours, (span) => span.human_clicks) === human_clicks,
      'hours of people of a send add up',
      send,
    )
  }
  hold(
    sends.every(({ sent_at }, place) => sent_at <= (sends[place - 1]?.sent_at ?? sent_at)),
    'newest first',
  )
  for (const { variation_id, statistics } of all ? (variations ?? []) : []) {
    if (!statistics) continue
    const own = sends.filter((send) => send.variation_id === variation_id)
    const { sends: count, recipients, clickers } = statistics
    hold(
      count === own.length &&
        recipients === sum(own, (send) => send.recipients) &&
        clickers === sum(own, (send) => send.clickers),
      'statistics are of the sends shown',
      statistics,
      own,
    )
  }
  for (const { variation_id, statistics } of variations ?? []) {
    const doubted = (doubts ?? []).filter((doubt) => doubt.variation_id === variation_id)
    if (statistics)
      hold(doubted.length <= statistics.sends, 'no more sends are doubted than count', statistics, doubted)
  }
  for (const doubt of doubts ?? []) {
    hold(
      newsletter === undefined || newsletter === (doubt.newsletter ?? ''),
      'a doubt is of the newsletter asked for',
      doubt,
    )
    const own = sends.find(
      ({ newsletter_send_id: id, variation_id }) =>
        id === doubt.newsletter_send_id && variation_id === doubt.variation_id,
    )
    if (own)
      hold(
        own.recipients === doubt.recipients &&
          own.clickers === doubt.clickers &&
          own.sent_at === doubt.sent_at,
        'a doubt is of its send',
        doubt,
        own,
      )
    hold(doubt.factor > 0 && doubt.usual_recipients >= 0, 'a doubt has a factor', doubt)
    hold(doubt.counted_clickers <= doubt.clickers, 'no more count than clicked', doubt)
    const { early_clickers: early, reason } = doubt
    const before = sends.find(
      ({ variation_id, sent_at }) => variation_id === doubt.variation_id && sent_at < doubt.sent_at,
    )
    hold(
      early === 0 ||
        ((reason === 'reported_late' || reason === 'rate') && !(before && before.clickers < early)),
      'the send before has the early clickers',
      doubt,
      before,
    )
  }
}

const ahead = ['leading', 'probably_best', 'confirmed_winner']

function holdTexts(
  { offer_id, statistics: ofOffer, active, impressions, clicks }: OfferRow,
  all: readonly VariationRow[],
  hold: Hold,
): void {
  const holds = (one: boolean, what: string, ...values: unknown[]) =>
    hold(one, `offer ${offer_id}: ${what}`, ...values)
  const inside = ({ interval: [low, high], smoothed_ctr: rate }: NonNullable<typeof ofOffer>) =>
    low <= rate && rate <= high && low >= 0 && high <= 100 && low < high
  if (ofOffer) holds(inside(ofOffer), 'its rate is in its interval', ofOffer)
  const texts = all.flatMap(({ statistics, ...text }) => (statistics ? { ...text, ...statistics } : []))
  for (const text of texts) {
    holds(inside({ ...text, complete_sends: 0 }), 'a text is in its interval', text)
    holds(
      text.probability_best >= 0 && text.probability_best <= 1 && text.expected_loss >= 0,
      'chance and loss',
      text,
    )
    holds((text.label.code === 'retired') === !text.approved, 'what is out of use is called so', text)
    const had = /(\d+) of 3 sends, (\d+) of 100 clicks/.exec(text.label.text)
    if (had && !text.label.text.includes('compared with'))
      holds(
        Number(had[1]) <= text.sends && Number(had[2]) === Math.min(100, text.clickers),
        'what a text lacks',
        text,
      )
    const said = /P = (.*)\)/.exec(text.label.text)
    if (said)
      holds(said[1] === chance(text.probability_best), 'the chance in a label is that of the table', text)
  }
  const sent = texts.filter(({ sends }) => sends > 0)
  if (sent.length > 0) holds(ofOffer !== undefined, 'an offer whose texts have rates has one')
  // Those of an offer that is neither active nor in the range are not listed.
  const complete = active || impressions + clicks > 0
  const used = texts.filter(({ approved }) => approved)
  const chances = sum(used, (text) => text.probability_best)
  if (used.length > 0 && complete)
    holds(Math.abs(chances - 1) <= 5e-4 * used.length, 'one is the best', chances, used)
  for (const one of used)
    for (const other of used)
      if (one.smoothed_ctr > other.smoothed_ctr)
        holds(
          one.expected_loss <= other.expected_loss + 0.0011,
          'less is lost with the higher rate',
          one,
          other,
        )
  const clear = used.filter(({ label }) => ahead.includes(label.code))
  holds(clear.length <= 1, 'one leads at the most', clear)
  for (const one of clear) {
    const [share, code] = [one.probability_best, one.label.code]
    holds(one.sends >= 3 && one.clickers >= 100, 'who leads has data', one)
    holds(share >= (code === 'probably_best' ? 0.95 : 0.8) - 1e-4, 'who leads is likely best', one)
    for (const other of used) {
      holds(one === other || share > other.probability_best, 'who leads has the highest chance', one, other)
      holds(one.smoothed_ctr >= other.smoothed_ctr, 'who leads has the highest rate', one, other)
      if (code === 'confirmed_winner')
        holds(
          one === other || ['behind', 'not_enough_data'].includes(other.label.code),
          'all are behind a confirmed winner',
          one,
          other,
        )
    }
  }
  for (const { label, probability_best, ...one } of used)
    if (label.code === 'behind')
      holds(
        probability_best < 0.05 && used.some((other) => other.smoothed_ctr > one.smoothed_ctr),
        'who is behind has somebody before him',
        one,
      )
}

function holdConversions({ conversions = [], summary }: Report, hold: Hold): void {
  const within = (value: number | null, interval: readonly [number, number] | null | undefined) =>
    !interval ||
    (value !== null && interval[0] <= value * 1.001 + 0.005 && value <= interval[1] * 1.001 + 0.005)
  for (const row of conversions) {
    hold(row.pending <= row.conversions, 'pending ones are conversions', row)
    hold(
      within(row.conversion_rate, row.conversion_rate_interval),
      'a conversion rate is in its interval',
      row,
    )
    hold(within(row.epc, row.epc_interval), 'an EPC is in its interval', row)
    hold(within(row.rpm, row.rpm_interval), 'an RPM is in its interval', row)
    if (row.of === 'all') {
      hold(
        isRate(row.conversion_rate, row.conversions, summary.human_clicks),
        'a conversion rate is a quotient',
        row,
      )
      const of = (kind: string) =>
        conversions.filter((other) => other.of === kind && other.currency === row.currency)
      for (const parts of [of('offer'), of('text')])
        if (parts.length > 0) {
          hold(sum(parts, (part) => part.conversions) === row.conversions, 'conversions add up', row, parts)
          hold(
            Math.abs(sum(parts, (part) => Number(part.revenue)) - Number(row.revenue)) < 1e-6,
            'revenue adds up',
            row,
            parts,
          )
        }
    }
  }
}
