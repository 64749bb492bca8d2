import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'vitest'
import { damagedFile } from '../../src/lib/buffer/damaged.ts'
import { waitFor } from '../support/wait.ts'
import { readHealth, readMetric, test, untilDrained } from './fixture.ts'
import { createLedger, expectExactlyOnce, userAgentOf } from './ledger.ts'

test('a torn and a damaged line of a dead instance are reported, and the intact lines are recorded', async ({
  database,
  dataDir,
  start,
}) => {
  const ledger = createLedger()
  const dying = await start()
  await database.sql.begin(async (sql) => {
    await sql`lock table promo_click_tracking in access exclusive mode`
    await ledger.load('visit', { url: dying.url, connections: 1, requests: 20 })
    await dying.kill()
    // The statement that the site has under way would record what is about to be damaged.
    await sql`
      select pg_terminate_backend(pid, 5000) from pg_stat_activity
      where datname = current_database() and application_name = 'promo'
    `
  })
  const victims = damage(join(dataDir, 'journal'))
  expect(victims.map((line) => line.includes(userAgentOf('visit-1-')))).toEqual([true, true])

  const site = await start()
  await untilDrained(site)
  const lost = [...ledger.answered].filter((name) =>
    victims.some((line) => line.includes(`${userAgentOf(name)}"`)),
  )
  expect(lost).toHaveLength(2)
  for (const name of lost) ledger.answered.delete(name)
  expect(ledger.answered.size).toBe(18)
  await expectExactlyOnce(database.sql, ledger)
  const rows = await database.sql`select 1 from promo_click_tracking`
  expect(rows).toHaveLength(18)
  expect(await readMetric(site, 'promo_journal_damaged_lines_total')).toBe(2)
  await waitFor(() => expect(site.log.join()).toContain('journal lines could not be read'))
  expect(readdirSync(join(dataDir, 'journal')).filter((name) => name.endsWith('.journal'))).toEqual([])
  const aside = readFileSync(damagedFile(join(dataDir, 'journal')), 'utf8')
  const [flipped = '', torn = ''] = victims
  expect(aside).toContain(`${flipped.replace('(test)', '(tesu)')}\n`)
  expect(aside).toContain(`${torn.slice(0, Math.floor(torn.length / 2))}`)
  expect(await readHealth(site)).toMatchObject({ code: 200, journal: { damaged_bytes: aside.length } })
})

/** Flips a bit in the middle of the journal and cuts its last line in half; answers the two lines as they were. */
function damage(journal: string): string[] {
  const segments = readdirSync(journal)
    .filter((name) => name.endsWith('.journal'))
    .sort()
    .map((name) => join(journal, name))
  const longest =
    segments.toSorted((one, other) => readFileSync(other).length - readFileSync(one).length)[0] ?? ''
  const lines = readFileSync(longest, 'utf8').trimEnd().split('\n')
  const middle = Math.floor((lines.length - 1) / 2)
  const flipped = lines[middle] ?? ''
  const torn = lines.at(-1) ?? ''
  const damaged = lines.map((line, at) => (at === middle ? line.replace('(test)', '(tesu)') : line))
  writeFileSync(longest, damaged.join('\n').slice(0, -Math.floor(torn.length / 2)))
  return [flipped, torn]
}
