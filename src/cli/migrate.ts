import { ok } from '../lib/base/result.ts'
import { makeClickPartitions, migrate, migrationDeadline } from '../lib/database/migrate.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const migrateCommand: Command = {
  name: 'migrate',
  summary: "migrate the database to this version's tables",
  synopsis: '',
  help: `Applies the migrations in db/migrations that the database does not have yet, all or none. The site does
the same when it starts; run this before a start to see that it works. Safe while instances are running.

Example:
  npm run promo -- migrate`,
  async run(args) {
    const read = readArguments(args, {})
    if (!read.ok) return read
    return await withDatabase(
      loadConfig(),
      async (database) => {
        const applied = await database.run(async (sql) => {
          const names = await migrate(sql)
          await makeClickPartitions(sql, Date.now())
          return names
        }, migrationDeadline)
        if (!applied.ok) return databaseFailed(applied.fault)
        for (const name of applied.value) print(`applied ${name}`)
        if (applied.value.length === 0) print('nothing to apply: the database is at this version')
        return ok(undefined)
      },
      { tables: 'any' },
    )
  },
}
