import type { ConversionRow } from '../model/conversion.ts'
import type { Report } from '../model/report.ts'
import { percent, percentBetween } from '../wording/formats.ts'

/** An amount in its currency, with significant digits even if it is small; a dash if there is none. */
export function earned(value: number | null, currency: string): string {
  if (value === null) return '–'
  const small = value !== 0 && Math.abs(value) < 1
  return new Intl.NumberFormat('en-GB', {
    style: 'currency',
    currency,
    ...(small && { minimumSignificantDigits: 2, maximumSignificantDigits: 2 }),
  }).format(value)
}

/** The interval of an amount, or nothing. */
export const earnedBetween = (
  interval: ConversionRow['epc_interval'] | undefined,
  currency: string,
): string => (interval ? `${earned(interval[0], currency)} to ${earned(interval[1], currency)}` : '')

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

/** Conversions and revenue of a send, by currency: "2 for €24.00"; empty if unknown. */
export function broughtBy(
  conversions: readonly ConversionRow[],
  send: { newsletter_send_id: string | null; variation_id: number },
): string {
  return conversions
    .filter(
      (row) =>
        row.of === 'send' &&
        row.newsletter_send_id === send.newsletter_send_id &&
        row.variation_id === send.variation_id &&
        row.conversions > 0,
    )
    .map((row) => `${row.conversions} for ${earned(Number(row.revenue), row.currency)}`)
    .join(', ')
}
