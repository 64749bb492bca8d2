import type { Sql } from '../../../src/lib/database/sql.ts'
import { settleClicks } from '../../../src/lib/store/settlement.ts'
import { findDrift } from '../../support/database.ts'
import type { LongLedger } from './ledger.ts'
import { untilQuiet } from './world.ts'

/** What is in one database, held against the ledger. */
export type Outcome = {
  answered: number
  recorded: number
  madeUpAnswered: number
  /** Answered while the disk took nothing, killed before it did, and not recorded: nothing was promised. */
  onlyInMemory: number
  lost: string[]
  doubled: string[]
  /** Recorded, and never sent, or of a text that does not exist. */
  foreign: string[]
  strange: string[]
  drift: unknown[]
}

/** Nothing else may be using the database. */
export async function check(sql: Sql, ledger: LongLedger): Promise<Outcome> {
  await untilQuiet(sql)
  const rows = await sql<{ name: string; times: number }[]>`
    select coalesce(substr(user_agent, 20), 'gpc-' || variation_id) as name, count(*)::integer as times
    from promo_click_tracking group by 1
    union all
    select newsletter_send_id, count(*)::integer from promo_impression_tracking group by 1
  `
  const times = new Map(rows.map((row) => [row.name, row.times]))
  const drift = await findDrift(sql)
  while ((await settleAll(sql)) > 0);
  return {
    answered: ledger.answered.size,
    recorded: rows.reduce((sum, row) => sum + row.times, 0),
    madeUpAnswered: ledger.madeUpAnswered,
    onlyInMemory: [...ledger.unsure].filter((name) => !times.has(name)).length,
    lost: [...ledger.answered].filter((name) => !times.has(name)),
    doubled: rows.filter((row) => row.times > 1).map(({ name }) => name),
    foreign: rows
      .map(({ name }) => name)
      .filter((name) => !ledger.sent.has(name) || name.startsWith('made-up')),
    strange: ledger.strange,
    drift: [...drift, ...(await findDrift(sql))],
  }
}

async function settleAll(sql: Sql): Promise<number> {
  const [row] = await settleClicks(sql, {
    age: 0,
    limit: 10_000,
    duplicateSeconds: 10,
    visitorsPerAddress: 5,
  })
  return row?.settled ?? 0
}
