import { ok } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import { findLink, listLinks } from '../store/links.ts'
import { listWholeTable } from '../store/whole-table.ts'
import type { LinkSource } from './link.ts'

/** The longest that a visitor with an unknown slug waits for the database, in milliseconds. */
const findDeadline = 1_000

/** Links from this project's own table, `affiliate_links`. */
export const createTableSource = (database: Database): LinkSource => ({
  list: () => listWholeTable(database, 'affiliate_links', listLinks),
  async find(slug) {
    const found = await database.run((sql) => findLink(sql, slug), findDeadline)
    return found.ok ? ok(found.value[0]) : found
  },
})
