import { fail } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'

/** A database that does not answer, and says so at once. */
export const databaseAway: Database = {
  up: false,
  trouble: 'gone',
  run: async () => fail({ code: 'unavailable', message: 'gone' }),
  close: async () => {},
}
