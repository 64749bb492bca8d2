import type { Counting } from './report-query.ts'

/** Clicks from `hours` after the send until the next span begins. */
export type Span = { hours: number; clicks: number }

/** Adds up the spans of several sends, which all list the same ones. */
export function sumSpans(
  sends: readonly (readonly { hours: number; clicks: number; human_clicks: number }[])[],
  counting: Counting,
): Span[] {
  const sums = new Map<number, number>()
  for (const spans of sends)
    for (const { hours, clicks, human_clicks } of spans)
      sums.set(hours, (sums.get(hours) ?? 0) + (counting === 'human' ? human_clicks : clicks))
  return [...sums]
    .map(([hours, clicks]) => ({ hours, clicks }))
    .toSorted((one, other) => one.hours - other.hours)
}
