import { ok, type Result } from '../lib/base/result.ts'
import { readTextFile } from '../lib/base/text-file.ts'
import { parseCatalogue } from '../lib/catalogue/check.ts'
import { describeChanges, describeHidden, summarize } from '../lib/catalogue/describe.ts'
import { type ImportFault, importCatalogue } from '../lib/catalogue/import.ts'
import { hintOnAnyWord } from '../lib/links/link-faults.ts'
import { listStrapiSlugs } from '../lib/links/strapi-slugs.ts'
import { readBuiltSite } from '../server/host-site.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, type CommandFault, failed, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const importCommand: Command = {
  name: 'import',
  summary: 'add or change offers, variations and links from a JSON file',
  synopsis: 'FILE [--dry-run]',
  help: `Adds what is new in FILE and changes what differs: links by their slug, offers by their name, variations
by their text. What FILE does not name stays unchanged, and so do fields that it leaves out; counters are
never touched. Either all of it is imported or, if anything is wrong, nothing; then every error is shown
with its place in the file. Running sites show the changes within a second.
src/sample-site/pages/docs/import-file.md describes every field, and db/sample.json is an example.

Options:
  --dry-run   show what would change, and change nothing

Example:
  npm run promo -- import offers.json --dry-run`,
  async run(args) {
    const read = readArguments(args, { 'dry-run': { type: 'boolean', default: false } }, ['FILE'])
    if (!read.ok) return read
    const [file = ''] = read.value.operands
    const json = readCatalogueFile(file)
    if (!json.ok) return json
    const dryRun = read.value.values['dry-run']
    const config = loadConfig()
    const elsewhere = await listStrapiSlugs(config)
    if (!elsewhere.ok)
      return failed(
        'Offers may name links of Strapi, which could not be read: ' +
          (elsewhere.fault.advice ?? elsewhere.fault.message),
      )
    return await withDatabase(
      config,
      async (database) => {
        const site = readBuiltSite()
        const plan = await importCatalogue(database, json.value, {
          dryRun,
          siteUrl: `${config.SITE_URL}${site?.base ?? ''}`,
          elsewhere: elsewhere.value,
        })
        if (!plan.ok) return importFailed(file, plan.fault)
        if (dryRun) for (const line of describeChanges(plan.value)) print(line)
        for (const line of describeHidden(plan.value, new Set(site?.pages))) print(line)
        if (site?.anyWord !== undefined) print(`warning: ${hintOnAnyWord(site.anyWord)}`)
        print(dryRun ? `dry run, nothing is written: ${summarize(plan.value)}` : summarize(plan.value))
        return ok(undefined)
      },
      { tables: dryRun ? 'require' : 'migrate' },
    )
  },
}

/** The JSON of a catalogue file; the faults name the file. */
export function readCatalogueFile(file: string | URL): Result<unknown, CommandFault> {
  const text = readTextFile(file)
  if (!text.ok) return failed(`${file} ${text.fault}`)
  const json = parseCatalogue(text.value)
  return json.ok ? json : failed(`${file} ${json.fault.message}`)
}

/** An import's faults, one a line. */
export function importFailed(file: string | URL, fault: ImportFault): { ok: false; fault: CommandFault } {
  if (fault.code !== 'invalid') return databaseFailed(fault)
  const lines = fault.faults.map(({ place, message }) => `  ${place}: ${message}`)
  const guide = 'src/sample-site/pages/docs/import-file.md describes every field.'
  return failed([`${file} is not imported:`, ...lines, guide].join('\n'))
}
