import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { type Database, openDatabase } from '../../src/lib/database/database.ts'
import { ordinaryDeadline } from '../../src/lib/database/statement-limit.ts'

/**
 * The same database with deadlines as long as they can be without a transaction of their own: on a slow machine a
 * second is short, and a test that is not about deadlines does not depend on them.
 */
export const patient = (database: Database): Database => ({
  get up() {
    return database.up
  },
  get trouble() {
    return database.trouble
  },
  run: (statements, deadline = ordinaryDeadline) =>
    database.run(statements, Math.max(deadline, ordinaryDeadline)),
  close: database.close,
})

/** A patient way to a database whose address is known when it is first used. */
export const patientDatabase = (url: () => string, connections = 6): Database =>
  patient(openDatabase({ locate: async () => ok(url()), log: createLog('silent'), connections }))
