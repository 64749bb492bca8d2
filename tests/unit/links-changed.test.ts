import { expect, onTestFinished, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail } from '../../src/lib/base/result.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import { linksChanged } from '../../src/lib/links/links-changed.ts'

function databaseAway() {
  const database = openDatabase({ locate: async () => fail({ message: 'away' }), log: createLog('silent') })
  onTestFinished(() => database.close())
  return database
}

test('without the database, this instance fetches links, and Strapi learns when changes count', async () => {
  const refresh = vi.fn(async () => true)
  expect(await linksChanged(databaseAway(), { refresh })).toMatchObject({
    status: 503,
    body: JSON.stringify({
      error: 'database_unavailable',
      message:
        'The database does not answer. Changed links take effect within ten seconds all the same, ' +
        'changed offers once it answers.',
    }),
  })
  expect(refresh).toHaveBeenCalledOnce()
})

test('while the database is away, a change is a fault also where only offers come from Strapi', async () => {
  expect(await linksChanged(databaseAway(), undefined)).toMatchObject({ status: 503 })
})
