import { ok } from '../lib/base/result.ts'
import { explain, explainReport } from '../lib/selection/explain.ts'
import { explainDecisions, listUndecidedReports } from '../lib/store/decisions.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, failed, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const explainCommand: Command = {
  name: 'explain',
  summary: 'show why a send got its promo',
  synopsis: 'SEND',
  help: `Prints how the promo of a send was chosen by select-random: when, by which strategy, how probable it
was, and what was known about all candidates. SEND is the newsletter_send_id. The choice is repeated from
what was kept, to show that the same seed gives the same variation. Decisions are kept for
PROMO_RETAIN_EVENTS_MONTHS. What the send was reported to have shown, but select-random did not choose, is
listed as chosen elsewhere.

Example:
  npm run promo -- explain 2026-11-18-daily`,
  async run(args) {
    const read = readArguments(args, {}, ['SEND'])
    if (!read.ok) return read
    const [send = ''] = read.value.operands
    const config = loadConfig()
    return await withDatabase(
      config,
      async (database) => {
        const found = await database.run((sql) => explainDecisions(sql, send))
        if (!found.ok) return databaseFailed(found.fault)
        const reports = await database.run((sql) => listUndecidedReports(sql, send))
        if (!reports.ok) return databaseFailed(reports.fault)
        const lines = [
          ...found.value.map((decision) => explain(decision)),
          ...reports.value.map((report) => explainReport(report, config.PROMO_RETAIN_EVENTS_MONTHS)),
        ].flat()
        if (lines.length === 0) return failed(`nothing was chosen or reported for the send "${send}"`)
        for (const line of lines) print(line)
        return ok(undefined)
      },
      { tables: 'require' },
    )
  },
}
