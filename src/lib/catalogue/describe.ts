import type { Change, Difference, Plan, SlugChange } from './plan.ts'

const longestExcerpt = 60

/** One line for each row that an import adds or changes, with what changes in it; one more for a slug that changes. */
export function describeChanges({ links, offers }: Plan): string[] {
  return [
    ...links.flatMap((change) => line(`link /${change.row.slug}`, change)),
    ...offers.flatMap(({ change, slugChange, variations }) => [
      ...line(`offer ${quoted(change.row.name)}`, change),
      ...(slugChange ? [`    ${describeSlugChange(slugChange)}`] : []),
      ...variations.flatMap((variation) =>
        line(
          `variation ${quoted(variation.change.row.text_content)} of ${quoted(change.row.name)}`,
          variation.change,
        ),
      ),
    ]),
  ]
}

/** `added 2 links, changed 1 offer, 12 variations unchanged` */
export function summarize({ links, offers }: Plan): string {
  const groups = [
    { noun: 'link', changes: links },
    { noun: 'offer', changes: offers.map(({ change }) => change) },
    {
      noun: 'variation',
      changes: offers.flatMap(({ variations }) => variations.map(({ change }) => change)),
    },
  ]
  const count = (kind: Change<unknown>['kind'], put: (counted: string) => string) =>
    groups.flatMap(({ noun, changes }) => {
      const rows = changes.filter((change) => change.kind === kind).length
      return rows === 0 ? [] : [put(`${rows} ${noun}${rows === 1 ? '' : 's'}`)]
    })
  return [
    ...count('added', (rows) => `added ${rows}`),
    ...count('changed', (rows) => `changed ${rows}`),
    ...count('unchanged', (rows) => `${rows} unchanged`),
  ].join(', ')
}

/** A warning for each link that visitors cannot reach. */
export const describeHidden = ({ links }: Plan, pages: ReadonlySet<string>): string[] =>
  links
    .filter(({ row }) => row.active && pages.has(row.slug))
    .map(({ row }) => `warning: a page of the site comes before the link /${row.slug}; choose another slug`)

function line(name: string, { kind, differences }: Change<unknown>): string[] {
  if (kind === 'unchanged') return []
  if (kind === 'added') return [`+ ${name}`]
  return [`~ ${name}: ${differences.map(describeDifference).join(', ')}`]
}

const describeDifference = ({ field, from, to }: Difference): string =>
  `${field} ${JSON.stringify(from)} → ${JSON.stringify(to)}`

/** What happens to newsletters that were sent before the change. */
function describeSlugChange({ from, to, formerLink }: SlugChange): string {
  if (from === null)
    return `its texts have counted under any slug so far; from now on they count only under /${to}`
  if (formerLink?.active)
    return `newsletters sent with /${from} still count for it; /${from} leads to ${formerLink.destination_url}`
  const fault = formerLink ? 'is not active' : 'does not exist'
  return (
    `the link /${from} ${fault}: readers of newsletters sent with it get a 404, and nothing is ` +
    'counted; keep the link'
  )
}

function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return `"${line.length > longestExcerpt ? `${line.slice(0, longestExcerpt - 1)}…` : line}"`
}
