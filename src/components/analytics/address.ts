import type { Counting, ReportQuery, Section } from '../../lib/model/report-query.ts'

/** What a page of the analytics shows, as it stands in its address. `days` is missing for a range of one's own. */
export type Address = {
  days?: string
  from?: string
  to?: string
  tz: string
  clicks: Counting
  newsletter?: string | undefined
}

const usual = { days: '30', tz: 'UTC', clicks: 'human' }

/** The address of what is shown, from parameters that are known to be right. */
export function addressOf(parameters: URLSearchParams, query: ReportQuery): Address {
  const { newsletter } = query
  const shown = { tz: query.tz, clicks: query.counting, ...(newsletter !== undefined && { newsletter }) }
  const [from, to] = [parameters.get('from'), parameters.get('to')]
  if (from === null && to === null) return { ...shown, days: parameters.get('days') ?? usual.days }
  return { ...shown, ...(from !== null && { from }), ...(to !== null && { to }) }
}

/** A page under another period, time zone or way of counting; what is usual is left out of its address. */
export function linkTo(path: string, address: Address, changes: Partial<Address> = {}): string {
  const { days, ...range } = { ...address, ...changes }
  const period = changes.days === undefined && days === undefined ? range : { ...dropRange(range), days }
  const named = Object.entries(period).filter(
    ([name, value]) =>
      value !== undefined && value !== Object.entries(usual).find(([key]) => key === name)?.[1],
  )
  const parameters = new URLSearchParams(named.map(([name, value]) => [name, String(value)]))
  return parameters.size === 0 ? path : `${path}?${parameters}`
}

const dropRange = ({ from: _from, to: _to, ...rest }: Address) => rest

export type Export = { format: 'csv' | 'json'; sections: readonly Section[]; offer_id?: number | undefined }

/** The same figures from the API, as a file or as JSON. */
export function exportOf(address: Address, { format, sections, offer_id }: Export): string {
  const parameters = new URLSearchParams(
    Object.entries({ ...address, offer_id }).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, String(value)]],
    ),
  )
  for (const section of sections) parameters.set(`include_${section}`, 'true')
  if (format === 'csv') parameters.set('format', 'csv')
  return `/api/v1/promo/analytics?${parameters}`
}
