import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest'
import type { Database } from '../../src/lib/database/database.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { createTestDatabase, emptyDatabase, insertPromos, type TestDatabase } from './database.ts'
import { patientDatabase } from './patient-database.ts'

/**
 * The database of a file's tests: promos are in it before each of them, and nothing after it. `after` looks at
 * what a test has left, and empties the tables that do not go with the promos.
 */
export function fileDatabase(
  after: (sql: Sql) => PromiseLike<unknown> = async () => {},
): Pick<TestDatabase, 'url' | 'sql'> {
  let opened: TestDatabase | undefined
  const known = (): TestDatabase => {
    if (!opened) throw new Error('the database is opened before the first test')
    return opened
  }
  beforeAll(async () => {
    opened = await createTestDatabase()
  })
  afterAll(() => opened?.drop())
  beforeEach(() => insertPromos(known().sql))
  afterEach(async () => {
    await after(known().sql)
    await emptyDatabase(known().sql)
  })
  return {
    get url() {
      return known().url
    },
    get sql() {
      return known().sql
    },
  }
}

/** The site's own way to it. */
export function siteDatabase(store: Pick<TestDatabase, 'url'>): Database {
  const database = patientDatabase(() => store.url)
  afterAll(() => database.close())
  return database
}
