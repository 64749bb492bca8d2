import { join } from 'node:path'
import { ok } from '../lib/base/result.ts'
import { forgetDamaged, oldDamaged } from '../lib/buffer/damaged.ts'
import type { Database } from '../lib/database/database.ts'
import { databaseTime, doubtTime } from '../lib/operations/doubt-time.ts'
import { type Purged, previewPurge, purge } from '../lib/operations/purge.ts'
import { believeTime } from '../lib/store/retention.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, failed, misused, type Outcome, print, readArguments } from './command.ts'
import { commandLog, databaseFailed, withDatabase } from './database.ts'

const day = 86_400_000

export const purgeCommand: Command = {
  name: 'purge',
  summary: 'remove what is older than the settings allow',
  synopsis: '[--dry-run | --clock-is-right]',
  help: `Removes user agents and visitor hashes of clicks older than PROMO_RETAIN_DETAILS_DAYS, clicks of months that
ended more than PROMO_RETAIN_EVENTS_MONTHS ago, decisions and conversions as old, salts of past months with
the hashes that told visitors apart, ids of callers after 35 days, expired tokens of other back ends, and
lines of the journal in PROMO_DATA_DIR that could not be read, after PROMO_RETAIN_DETAILS_DAYS. Counters and
rollups stay. A running site does the same once a day. The database's clock says how old things are; if it
has jumped by days, or differs from this machine's clock, nothing is removed.

Options:
  --dry-run          show what it would remove, and remove nothing
  --clock-is-right   remove by the database's clock although it has jumped

Example:
  npm run promo -- purge --dry-run`,
  async run(args) {
    const read = readArguments(args, {
      'dry-run': { type: 'boolean', default: false },
      'clock-is-right': { type: 'boolean', default: false },
    })
    if (!read.ok) return read
    const { 'dry-run': dryRun, 'clock-is-right': believed } = read.value.values
    if (dryRun && believed) return misused('--dry-run removes nothing: leave out --clock-is-right')
    const config = loadConfig()
    return await withDatabase(
      config,
      async (database) => {
        const time = await databaseTime(database)
        if (!time.ok) return databaseFailed(time.fault)
        const refused = dryRun ? undefined : await refuseTime(database, time.value, believed)
        if (refused) return refused
        const removed = dryRun
          ? await previewPurge(database, time.value, config)
          : await purge(database, time.value, config)
        if (!removed.ok) return databaseFailed(removed.fault)
        const journal = join(config.PROMO_DATA_DIR, 'journal')
        const before = Date.now() - config.PROMO_RETAIN_DETAILS_DAYS * day
        const damaged = dryRun
          ? (await oldDamaged(journal, before)).length
          : await forgetDamaged(journal, before, commandLog())
        print(dryRun ? 'dry run, this would be removed:' : 'removed:')
        for (const line of describe(removed.value, damaged)) print(`  ${line}`)
        return ok(undefined)
      },
      { tables: dryRun ? 'require' : 'migrate' },
    )
  },
}

async function refuseTime(database: Database, at: number, believed: boolean): Promise<Outcome | undefined> {
  const doubt = await (believed
    ? database.run((sql) => believeTime(sql))
    : doubtTime(database, at, Date.now()))
  if (!doubt.ok) return databaseFailed(doubt.fault)
  return typeof doubt.value === 'string' ? failed(`Nothing was removed: ${doubt.value}`) : undefined
}

function describe(purged: Purged, damaged: number): string[] {
  const { details, partitions, strays, salts, visitors, event_keys, surplus } = purged
  const rows = [
    ['user agents and visitor hashes of clicks', details],
    ['months of clicks', [partitions.length, ...partitions].join(' ')],
    ['clicks of months without a partition', strays],
    ['counts of clicks that were added up', surplus],
    ['decisions', purged.decisions],
    ['conversions', purged.conversions],
    ['visitors told apart', visitors],
    ['salts', salts],
    ['event keys of retries', event_keys],
    ['tokens that were handed over', purged.tokens],
    ['files of damaged lines', damaged],
  ] as const
  const width = Math.max(...rows.map(([what]) => what.length))
  return rows.map(([what, amount]) => `${what.padEnd(width)}  ${amount}`)
}
