import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { json } from '../../src/lib/http/answer.ts'
import { createReports } from '../../src/lib/reports/reports.ts'
import { databaseAway } from '../support/database-away.ts'
import { quickestOf } from '../support/wait.ts'

const reading = (perSecond: number) =>
  createReports({
    database: databaseAway,
    visits: () => (performance.now() / 1_000) * perSecond,
    now: () => 1_000_000,
  })

const answer = async () => json(200, 'a page')

test('in a rush readers are served one after another, even with a cached answer', async () => {
  const watched = async (perSecond: number) => {
    const { remember } = reading(perSecond)
    await sleep(110)
    return async () => {
      for (let reader = 0; reader < 3; reader += 1)
        expect(await remember({ key: 'page', fresh: false }, answer)).toEqual(await answer())
    }
  }
  expect(await quickestOf(95, await watched(5_000))).toBeGreaterThan(95)
  expect(await quickestOf(95, await watched(10))).toBeLessThan(95)
})

test('a report without the database says so', async () => {
  const { parseReportQuery, readReport } = reading(0)
  const query = parseReportQuery(new URLSearchParams())
  if (!query.ok) throw new Error('the query is right')
  expect(await readReport(query.value)).toMatchObject({ ok: false, fault: { error: 'database_unavailable' } })
})
