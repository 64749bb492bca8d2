import { expect, test, vi } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { databaseSteps } from '../../src/lib/operations/database-steps.ts'

test('why a database that answers cannot be migrated is logged once, and a stop is not logged', async () => {
  const log = createLog('silent')
  const warn = vi.spyOn(log, 'warn')
  const database: Database = {
    ...{ up: true, trouble: undefined, close: async () => {} },
    run: async () => fail({ code: 'conflict', message: 'another session holds the lock' }),
  }
  const idle = { refresh: async () => {}, fade: () => {}, now: () => 0 }
  const { prepare } = databaseSteps({ ...idle, database, log, salts: { refresh: async () => {} } })
  const stopping = AbortSignal.abort()
  expect(await prepare(stopping)).toBe(false)
  expect(warn).not.toHaveBeenCalled()
  for (const _ of [1, 2]) expect(await prepare(new AbortController().signal)).toBe(false)
  expect(warn).toHaveBeenCalledExactlyOnceWith(
    { reason: 'another session holds the lock' },
    'the database cannot be migrated yet',
  )
})
