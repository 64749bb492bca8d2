import type { Change, Difference, Plan } from './plan.ts'

const longestExcerpt = 60

/** One line for each row that an import adds or changes, with what changes in it. */
export function describeChanges({ links, offers }: Plan): string[] {
  return [
    ...links.flatMap((change) => line(`link /${change.row.slug}`, change)),
    ...offers.flatMap(({ change, variations }) => [
      ...line(`offer ${quoted(change.row.name)}`, change),
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

/** A warning for each link that no visitor would get to. */
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

function quoted(text: string): string {
  const line = text.replaceAll(/\s+/g, ' ')
  return `"${line.length > longestExcerpt ? `${line.slice(0, longestExcerpt - 1)}…` : line}"`
}
