import { setTimeout as sleep } from 'node:timers/promises'
import type { Sql } from '../../../src/lib/database/sql.ts'
import type { TestServer } from '../../support/postgres-server.ts'
import type { Conflict, Plan } from './plan.ts'

/** A fault of the database: it lasts from `begin` to `end`. */
export type Trouble = { begin(): Promise<void>; end(): Promise<void> }

const none: Trouble = { begin: async () => {}, end: async () => {} }

const lockable = [
  'promo_click_tracking',
  'promo_text_variations',
  'promo_offers',
  'affiliate_links',
  'promo_performance_metrics',
  'promo_hash_salts',
]

/** What new sessions of the site get, for others to come into their way. */
const settings: Partial<Record<Conflict, Record<string, string>>> = {
  'lock timeouts': { lock_timeout: '20ms' },
  deadlocks: { deadlock_timeout: '10ms' },
  'serialization failures': { default_transaction_isolation: 'serializable' },
}

/** Each is one message to the server, hence one transaction. */
const disturbances: Record<Conflict, (random: () => number) => string> = {
  'locked tables': lockOne,
  'lock timeouts': lockOne,
  deadlocks: (random) => `
    update promo_text_variations set tone = tone where id = 43;
    select pg_sleep(${random() * 0.1});
    update promo_text_variations set tone = tone where id = 42;
  `,
  'serialization failures': (random) => `
    update promo_text_variations set clicks = clicks where id in (42, 43);
    select pg_sleep(${random() * 0.05});
  `,
}

function lockOne(random: () => number): string {
  const table = lockable[Math.floor(random() * lockable.length)] ?? lockable[0]
  return `
    set local lock_timeout = '2s';
    lock table ${table} in access exclusive mode;
    select pg_sleep(${0.05 + random() * 0.5});
  `
}

export function createTrouble({ database, random }: Plan, server: TestServer, sql: Sql): Trouble {
  if (database === undefined) return none
  if (database === 'server stopped') return { begin: server.stop, end: server.start }
  if (database === 'server killed') return { begin: server.kill, end: server.start }
  if (database === 'server hangs')
    return { begin: async () => server.pause(), end: async () => server.resume() }
  return createConflict(database, random, sql)
}

function createConflict(conflict: Conflict, random: () => number, sql: Sql): Trouble {
  const change = Object.entries(settings[conflict] ?? {})
  let over = false
  let disturbing: Promise<void> | undefined

  const disturb = async () => {
    while (!over) {
      // The site wins some of them.
      await sql.unsafe(disturbances[conflict](random)).catch(() => {})
      await sleep(random() * 50)
    }
  }

  const alter = async (what: (name: string, value: string) => string) => {
    for (const [name, value] of change)
      await sql.unsafe(`
        do $$ begin execute format('alter database %I ${what(name, value)}', current_database()); end $$
      `)
  }

  return {
    async begin() {
      await alter((name, value) => `set ${name} = ''${value}''`)
      disturbing = disturb()
    },
    async end() {
      over = true
      await disturbing
      await alter((name) => `reset ${name}`)
    },
  }
}
