import { memoize } from '../base/memoize.ts'
import type { ConversionRow } from '../model/conversion.ts'
import type { Report } from '../model/report.ts'
import { keyOfSend, type SendOfText } from '../model/send-evidence.ts'
import { percent, percentBetween } from '../wording/formats.ts'

type WriteAmount = (value: number | null) => string

/** What writes amounts of a currency with significant digits even if they are small; a dash if there is none. */
export function amountsIn(currency: string): WriteAmount {
  const style = { style: 'currency', currency } as const
  const usual = new Intl.NumberFormat('en-GB', style)
  const small = new Intl.NumberFormat('en-GB', {
    ...style,
    minimumSignificantDigits: 2,
    maximumSignificantDigits: 2,
  })
  return (value) => {
    if (value === null) return '–'
    return (value !== 0 && Math.abs(value) < 1 ? small : usual).format(value)
  }
}

/** The same for any currency. A page writes hundreds of amounts, and making a form takes as long as writing dozens. */
export const createAmounts = (): ((currency: string) => WriteAmount) =>
  memoize(amountsIn, { most: 200, longest: 3 })

/** The interval of an amount, or nothing. */
export const amountsBetween = (
  interval: ConversionRow['epc_interval'] | undefined,
  amount: WriteAmount,
): string => (interval ? `${amount(interval[0])} to ${amount(interval[1])}` : '')

/** A rate with its interval. */
export const rateWords = ({ conversion_rate, conversion_rate_interval: interval }: ConversionRow): string =>
  interval
    ? `${percent(conversion_rate)} (${percentBetween(interval[0], interval[1])})`
    : percent(conversion_rate)

type FunnelStep = { step: string; value: number; share: string }

/** From recipients and human clicks to conversions, in all currencies. */
export function funnelOf({ summary, conversions = [] }: Report): FunnelStep[] {
  const all = conversions.filter(({ of }) => of === 'all').reduce((sum, row) => sum + row.conversions, 0)
  const share = (part: number, whole: number): string => (whole > 0 ? percent((100 * part) / whole) : '–')
  return [
    { step: 'Recipients', value: summary.total_impressions, share: '' },
    {
      step: 'Clicks by people',
      value: summary.human_clicks,
      share: share(summary.human_clicks, summary.total_impressions),
    },
    { step: 'Conversions', value: all, share: share(all, summary.human_clicks) },
  ]
}

/** Says what each send brought, conversions and revenue by currency: "2 for €24.00"; empty if unknown. */
export function createBroughtBy(conversions: readonly ConversionRow[]): (send: SendOfText) => string {
  const amountsOf = createAmounts()
  const known = Map.groupBy(
    conversions.filter((row) => row.of === 'send' && row.conversions > 0),
    keyOfSend,
  )
  return (send) =>
    (known.get(keyOfSend(send)) ?? [])
      .map((row) => `${row.conversions} for ${amountsOf(row.currency)(Number(row.revenue))}`)
      .join(', ')
}
