import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { recordImpressions } from '../../src/lib/store/impressions.ts'
import { createTestDatabase, findDrift, insertPromos, type TestDatabase } from '../support/database.ts'
import { processEnvironment } from '../support/environment.ts'
import { anImpression } from '../support/events.ts'

let tested: TestDatabase
const folder = mkdtempSync(join(tmpdir(), 'promo-recipients-'))

beforeAll(async () => {
  tested = await createTestDatabase()
  await insertPromos(tested.sql)
})

afterAll(async () => {
  await tested?.drop()
  rmSync(folder, { recursive: true, force: true })
})

const promo = (...args: string[]): Promise<{ code: number; out: string }> =>
  new Promise((done) => {
    const settings = { ...processEnvironment, DATABASE_URL: tested.url, PROMO_DATA_DIR: folder }
    const program = resolve('src/cli/promo.ts')
    const child = execFile(
      process.execPath,
      [program, 'recipients', ...args],
      { cwd: folder, env: settings },
      (_, out, err) => done({ code: child.exitCode ?? -1, out: out + err }),
    )
  })

test('promo recipients corrects a send as a second report would', async () => {
  const at = Date.now() - 5 * 86_400_000
  const report = (newsletter_send_id: string, variation_id: number) =>
    anImpression({ at, newsletter_send_id, variation_id, recipients: 500 })
  const events = [report('friday', 42), report('both', 42), report('both', 43)]
  await recordImpressions(tested.sql, JSON.stringify(events), false)
  const recipientsOf = async (send: string) =>
    (
      await tested.sql<{ recipients: number }[]>`
      select recipients from promo_impression_tracking where newsletter_send_id = ${send} order by variation_id
    `
    ).map(({ recipients }) => recipients)

  expect(await promo('friday', '5000')).toEqual({
    code: 0,
    out: 'send "friday", variation 42: 500 → 5000 recipients\n',
  })
  expect(await recipientsOf('friday')).toEqual([5_000])
  const [many, one, none, wrong, unknown] = await Promise.all([
    promo('both', '5000'),
    promo('both', '--variation', '43', '1'),
    promo('saturday', '5'),
    promo('friday', 'many'),
    promo('friday', '--variation', '99', '5'),
  ])
  expect(many).toMatchObject({ code: 2, out: expect.stringContaining('(42, 43): name one with --variation') })
  expect(one).toMatchObject({ code: 0 })
  expect(none).toMatchObject({ code: 1, out: expect.stringContaining('no send "saturday" was reported') })
  expect(wrong).toMatchObject({ code: 2, out: expect.stringContaining('COUNT must be a whole number') })
  expect(unknown).toMatchObject({
    code: 1,
    out: expect.stringContaining('did not show variation 99, but 42'),
  })
  expect(await recipientsOf('both')).toEqual([500, 1])
  const late = await tested.sql`select from promo_impression_tracking where corrected_late_at is not null`
  expect(late).toHaveLength(0)
  expect(await findDrift(tested.sql)).toEqual([])
})
