import { type Purged, previewPurge, purge } from '../lib/operations/purge.ts'
import { ok } from '../lib/result.ts'
import { loadConfig } from '../load-config.ts'
import { type Command, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const purgeCommand: Command = {
  name: 'purge',
  summary: 'remove what is older than the settings allow',
  synopsis: '[--dry-run]',
  help: `Removes user agents and visitor hashes of clicks older than PROMO_RETAIN_DETAILS_DAYS, clicks of months that ended
more than PROMO_RETAIN_EVENTS_MONTHS ago, decisions as old, salts of past months with the hashes by which visitors were told
apart, ids of callers after 35 days, and expired tokens of other back ends. Counters and rollups stay. A running site does the same once a day.

Options:
  --dry-run   show what it would remove, and remove nothing

Example:
  npm run promo -- purge --dry-run`,
  async run(args) {
    const read = readArguments(args, { 'dry-run': { type: 'boolean', default: false } })
    if (!read.ok) return read
    const config = loadConfig()
    const dryRun = read.value.values['dry-run']
    return await withDatabase(
      config,
      async (database) => {
        const removed = dryRun
          ? await previewPurge(database, Date.now(), config)
          : await purge(database, Date.now(), config)
        if (!removed.ok) return databaseFailed(removed.fault)
        print(dryRun ? 'dry run, this would be removed:' : 'removed:')
        for (const line of describe(removed.value)) print(`  ${line}`)
        return ok(undefined)
      },
      { migrated: !dryRun },
    )
  },
}

function describe(purged: Purged): string[] {
  const { details, partitions, strays, salts, visitors, event_keys, decisions, tokens } = purged
  const rows = [
    ['user agents and visitor hashes of clicks', details],
    ['months of clicks', [partitions.length, ...partitions].join(' ')],
    ['clicks of months without a partition', strays],
    ['decisions', decisions],
    ['visitors told apart', visitors],
    ['salts', salts],
    ['event keys of retries', event_keys],
    ['tokens that were handed over', tokens],
  ] as const
  const width = Math.max(...rows.map(([what]) => what.length))
  return rows.map(([what, amount]) => `${what.padEnd(width)}  ${amount}`)
}
