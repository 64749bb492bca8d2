import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Where things of this repository are in a site that has the package. */
const places: readonly [RegExp, string][] = [
  // The migrations are in the package, and what they come to is not.
  [/\[([^\]]+)\]\(schema\.sql\)/g, '$1'],
  [/\]\(\.\.\/sample-site\/pages\/docs\//g, '](./docs/'],
  [/\]\(\.\.\/\.\.\//g, '](./'],
  [/\bsrc\/sample-site\/pages\/docs\//g, 'docs/'],
  [/\bsrc\/clients\//g, 'dist/clients/'],
  [/\bsrc\/deploy\//g, 'deploy/'],
  [
    /(?<![\w/.-])(?=(?:docs\/[\w-]+\.md|dist\/clients|deploy\/\w|db\/(?:README|sample|backup|restore)))/g,
    'node_modules/promo-tracking/',
  ],
  [/npm run (?:--silent )?promo --/g, 'npx promo'],
]

/** A text for somebody who has the package in a site, where the command line is npx's. */
export const forSites = (text: string): string =>
  places.reduce((changed, [here, there]) => changed.replace(here, there), text)

/** Of the guide to the database, what its owner has to do; what its tables are for is for maintainers. */
export const forOwners = (text: string): string => {
  const [head = ''] = /^# .*\n/.exec(text) ?? []
  return `${head}\n${text.slice(text.indexOf('\n## Retention') + 1)}`
}

/** Writes the guides as plain Markdown, without those for maintainers of this repository. */
export function writeGuides(from: string, to: string): void {
  mkdirSync(to, { recursive: true })
  for (const name of readdirSync(from).filter((file) => file.endsWith('.md'))) {
    const [, facts = '', text = ''] =
      /^---\n(.*?)\n---\n+(.*)$/s.exec(readFileSync(join(from, name), 'utf8')) ?? []
    if (!/^reader: maintainer$/m.test(facts)) writeFileSync(join(to, name), forSites(text))
  }
}
