import { randomUUID } from 'node:crypto'
import postgres from 'postgres'
import { inject, test } from 'vitest'
import type { Sql } from '../../src/lib/database/sql.ts'
import { databaseUrl } from '../support/global-setup.ts'
import { startTestServer, type TestServer } from '../support/postgres-server.ts'

/** The oldest PostgreSQL that is supported, and the server that all tests use. */
export const versions = ['15', 'newest'] as const

type MakeDatabase = (version?: (typeof versions)[number], connections?: number) => Promise<Sql>

/** `emptyDatabase` makes databases that are dropped after the test. */
export const serverTest = test.extend<{ oldServer: () => Promise<TestServer>; emptyDatabase: MakeDatabase }>({
  oldServer: [
    async ({ task: _ }, use) => {
      let starting: Promise<TestServer> | undefined
      await use(() => {
        starting ??= startTestServer({ version: 15 })
        return starting
      })
      await (await starting)?.remove()
    },
    { scope: 'file' },
  ],
  async emptyDatabase({ oldServer }, use) {
    const drops: (() => Promise<void>)[] = []
    await use(async (version = 'newest', connections = 4) => {
      const serverUrl = version === 'newest' ? inject('serverUrl') : (await oldServer()).url
      const admin = postgres(serverUrl, { max: 1, onnotice: () => {} })
      const name = `promo_empty_${randomUUID().slice(0, 8)}`
      await admin`create database ${admin(name)} template template1`
      const sql = postgres(databaseUrl(serverUrl, name), { max: connections, onnotice: () => {} })
      drops.push(async () => {
        await sql.end({ timeout: 1 })
        await admin`drop database ${admin(name)} with (force)`
        await admin.end()
      })
      return sql
    })
    for (const drop of drops) await drop()
  },
})
