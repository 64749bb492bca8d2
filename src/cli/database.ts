import { pino } from 'pino'
import { ok, type Result } from '../lib/base/result.ts'
import { type Database, openDatabase } from '../lib/database/database.ts'
import { isMigrated, migrate, migrationDeadline } from '../lib/database/migrate.ts'
import { databaseServer } from '../lib/database/server.ts'
import type { DatabaseFault } from '../lib/database/sql.ts'
import type { Config } from '../lib/settings/config.ts'
import { type CommandFault, failed } from './command.ts'
import { writeError } from './terminal.ts'

/** What a command writes to its log goes to standard error: standard output is for its result. */
export const commandLog = () => pino({ level: 'warn', base: null }, { write: writeError })

/**
 * Opens the database for one command, whether or not a site is running: the embedded server is started where it
 * does not run, and stopped again unless a site uses it by then. First the tables are brought to this version
 * (`migrate`), or must be at it (`require`), or nothing is known of them (`any`).
 */
export async function withDatabase<Value>(
  config: Config,
  work: (database: Database) => Promise<Result<Value, CommandFault>>,
  { tables = 'migrate' }: { tables?: keyof typeof prepare } = {},
): Promise<Result<Value, CommandFault>> {
  const log = commandLog()
  const server = databaseServer(config, log)
  const opened = await server.open()
  if (!opened.ok) return failed(opened.fault.message)
  const located = await server.locate()
  if (!located.ok) return failed(located.fault.message)
  const database = openDatabase({
    locate: async () => located,
    // The command's own message says it.
    log: pino({ level: 'silent' }),
    connections: 2,
    authority: config.PROMO_DATABASE_CA,
    embedded: config.DATABASE_URL === undefined,
  })
  try {
    const ready = await prepare[tables](database)
    const done = ready.ok ? await work(database) : ready
    return done.ok || database.trouble === undefined
      ? done
      : failed(`The database cannot be used: ${database.trouble}`)
  } finally {
    await database.close()
    await server.stop()
  }
}

const prepare = {
  any: async () => ok(undefined),
  migrate: async (database: Database) => {
    const done = await database.run((sql) => migrate(sql), migrationDeadline)
    return done.ok ? done : databaseFailed(done.fault)
  },
  require: async (database: Database) => {
    const migrated = await database.run((sql) => isMigrated(sql))
    if (!migrated.ok) return databaseFailed(migrated.fault)
    return migrated.value
      ? migrated
      : failed(
          'The database does not have the tables of this version yet: run "npm run promo -- migrate" first',
        )
  },
}

/** A database's fault in words that say what to do. */
export function databaseFailed({ code, message }: DatabaseFault): { ok: false; fault: CommandFault } {
  if (code === 'unsuitable') return failed(`Nothing was done: ${message}`)
  if (code === 'refused' || code === 'conflict') return failed(`The database refused: ${message}`)
  return failed(`The database does not answer: ${message}. Check DATABASE_URL, or try again later`)
}
