import { ok, type Result } from '../lib/base/result.ts'
import { summarize } from '../lib/catalogue/describe.ts'
import { importCatalogue } from '../lib/catalogue/import.ts'
import type { Database } from '../lib/database/database.ts'
import { recordSampleHistory } from '../lib/sample/record-history.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, type CommandFault, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'
import { importFailed, readCatalogueFile } from './import.ts'

const sampleFile = new URL('../../db/sample.json', import.meta.url)

export const seedCommand: Command = {
  name: 'seed',
  summary: 'import the sample offers, to try things out',
  synopsis: '[--history]',
  help: `Imports the sample offers, variations and links of db/sample.json. Not meant for the database of a real site.
Sample data is recognisable: its sends are named sample-YYYY-MM-DD-daily, and the reason of its clicks
begins with "sample".

Options:
  --history   also record 90 days of sample sends and clicks; if there are some already, nothing changes

Example:
  npm run promo -- seed --history`,
  async run(args) {
    const read = readArguments(args, { history: { type: 'boolean', default: false } })
    if (!read.ok) return read
    return await withDatabase(loadConfig(), async (database) => {
      const seeded = await seedSample(database, { history: read.value.values.history })
      if (!seeded.ok) return seeded
      for (const line of seeded.value) print(line)
      return ok(undefined)
    })
  },
}

/** Imports the sample file and, if asked, records its history. Answers what was done, one line each. */
export async function seedSample(
  database: Database,
  { history }: { history: boolean },
): Promise<Result<string[], CommandFault>> {
  const json = readCatalogueFile(sampleFile)
  if (!json.ok) return json
  const plan = await importCatalogue(database, json.value)
  if (!plan.ok) return importFailed(sampleFile, plan.fault)
  if (!history) return ok([summarize(plan.value)])
  const offers = plan.value.offers.map(({ change }) => change.row.name)
  const recorded = await recordSampleHistory(database, { offers, now: Date.now() })
  if (!recorded.ok) return databaseFailed(recorded.fault)
  const { sends, clicks } = recorded.value
  const outcome =
    sends > 0 ? `recorded ${sends} sample sends with ${clicks} clicks` : 'the sample history is already there'
  return ok([summarize(plan.value), outcome])
}
