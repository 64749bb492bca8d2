import { expect } from 'vitest'
import { withClient } from '../store/embedded-fixture.ts'
import { findDrift } from '../support/database.ts'
import { waitFor } from '../support/wait.ts'
import { contained, postmaster, startFirst, test, urlOf } from './container-fixture.ts'
import { readHealth, untilDrained } from './fixture.ts'
import { expectExactlyOnce } from './ledger.ts'

test.skipIf(!contained)(
  'a second container on the data folder of a running one waits until that one ends',
  async ({ dataDir, start }) => {
    const { ledger, visit, first } = await startFirst(start, dataDir)
    await visit(first, 200)
    const before = postmaster(dataDir)

    const second = await start()
    await visit(second, 200)
    await waitFor(() => expect(second.log.join('')).toContain('waiting for the database'))
    expect(second.log.join('')).toMatch(/in another container or on another machine \(host .*Stop that site/)
    expect(await readHealth(second)).toMatchObject({ code: 503, database: { ok: false } })
    expect(postmaster(dataDir)).toBe(before)
    await visit(first, 200)
    await untilDrained(first)

    first.terminate()
    const stopped = performance.now()
    await visit(second, 200)
    await untilDrained(second)
    expect(performance.now() - stopped).toBeLessThan(60_000)
    await withClient(urlOf(dataDir), async (sql) => {
      await expectExactlyOnce(sql, ledger)
      expect(await findDrift(sql)).toEqual([])
    })
    expect(ledger.answered.size).toBe(800)
    second.terminate()
    await waitFor(() => expect(second.process.exitCode ?? second.process.signalCode).not.toBe(null))
  },
)
