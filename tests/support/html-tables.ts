const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' }

/** What a reader sees of a piece of HTML. */
export const textOf = (html: string): string =>
  html
    .replaceAll(/<svg.*?<\/svg>/gs, '')
    .replaceAll(/<[^>]*>/g, ' ')
    .replaceAll(/&(#?\w+);/g, (all, name) => entities[name] ?? all)
    .replaceAll(/\s+/g, ' ')
    .trim()

const rowsOf = (table: string): string[][] =>
  [...(table.split('</thead>')[1] ?? '').matchAll(/<tr[^>]*>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => textOf(cell)),
  )

/** The figures of the chart with that id; nothing where there is nothing to draw. */
export function chartFigures(html: string, id: string): string[][] {
  const chart = new RegExp(`<figure[^>]* id="${id}".*?</figure>`, 's').exec(html)?.[0]
  if (chart === undefined) throw new Error(`there is no chart ${id}`)
  return rowsOf(chart)
}

/** The rows of the table whose label begins so; nothing where it is not shown. */
export const tableRows = (html: string, label: string): string[][] =>
  rowsOf(new RegExp(`aria-label="${label}[^"]*".*?</table>`, 's').exec(html)?.[0] ?? '')

/** The headline: names and figures. */
export const headline = (html: string): Record<string, string> =>
  Object.fromEntries(
    [...html.matchAll(/<dt>(.*?)<\/dt>\s*<dd class="figure">(.*?)<\/dd>/gs)].map(
      ([, name = '', figure = '']) => [textOf(name), textOf(figure)],
    ),
  )
