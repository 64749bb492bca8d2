import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let store: TestDatabase

beforeAll(async () => {
  store = await createTestDatabase()
})
afterAll(() => store?.drop())

test('tests, their processes and the database use the same clock, whatever time it shows', async () => {
  const script = 'console.log(Date.now(), +new Date(), process.env.TZ ?? "")'
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    env: { PATH: process.env.PATH },
  })
  const [called, made, zone] = stdout.trim().split(' ')
  const [row] = await store.sql<{ now: Date; clock: Date }[]>`select now() as now, clock_timestamp() as clock`
  for (const time of [called, made, row?.now, row?.clock, new Date()])
    expect(Math.abs(Number(time) - Date.now()) < 20_000, String(time)).toBe(true)
  expect(zone ?? '').toBe(process.env.TZ ?? '')
})
