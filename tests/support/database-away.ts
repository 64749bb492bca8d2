import { fail } from '../../src/lib/result.ts'
import type { Database } from '../../src/lib/store/database.ts'

/** A database that does not answer, and says so at once. */
export const databaseAway: Database = {
  up: false,
  run: async () => fail({ code: 'unavailable', message: 'gone' }),
  close: async () => {},
}
