import type { Sql } from '../database/sql.ts'
import {
  countDetails,
  moveDetailsMark,
  readDetailsMark,
  removeDetails,
  removeLateDetails,
} from '../store/details.ts'

/**
 * Removes user agent and hashes from settled clicks older than `days` days, and answers from how many. It reads what
 * has grown old or come late since it ran last; the first time, everything. Must run in one transaction, so that the
 * mark moves only with what was removed.
 */
export async function removeOldDetails(sql: Sql, now: number, days: number): Promise<number> {
  let removed = 0
  for (const mark of await readDetailsMark(sql)) {
    const range = { mark, now, days }
    const { count } = await removeDetails(sql, range)
    const { count: late } = await removeLateDetails(sql, range)
    await moveDetailsMark(sql, range)
    removed += count + late
  }
  return removed
}

/** From how many clicks `removeOldDetails` would remove something, except those older than `months` months. */
export async function countOldDetails(sql: Sql, now: number, days: number, months: number): Promise<number> {
  let found = 0
  for (const mark of await readDetailsMark(sql))
    for (const { clicks } of await countDetails(sql, { mark, now, days }, months)) found += clicks
  return found
}
