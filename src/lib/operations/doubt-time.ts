import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { noteTime, readDatabaseTime } from '../store/retention.ts'

const hour = 3_600_000
/**
 * Sites check the clock every hour. One that was off for longer than this many hours, or whose clock has jumped, has to
 * wait.
 */
const longest = 48
/** Hours for which the new time has to be confirmed. */
const belief = 24
/** How far the clocks of site and database may differ, in milliseconds. */
const apart = 24 * hour

export async function databaseTime(database: Database): Promise<Result<number, DatabaseFault>> {
  const read = await database.run((sql) => readDatabaseTime(sql))
  return read.ok ? ok(Number(read.value[0]?.at)) : read
}

/**
 * Why nothing may be deleted by the database's time `at`; `undefined` if it can be trusted. `now` is this machine's
 * time; both are in milliseconds since 1970. A clock that is wrong during one start must not delete what has to be kept
 * for months.
 */
export async function doubtTime(
  database: Database,
  at: number,
  now: number,
): Promise<Result<string | undefined, DatabaseFault>> {
  const noted = await database.run((sql) => noteTime(sql, at, { longest, belief }))
  if (!noted.ok) return noted
  if (Math.abs(at - now) > apart)
    return ok(
      `the database's clock says ${iso(at)}, this machine's ${iso(now)}: correct the one that is wrong`,
    )
  const jump = noted.value.find(({ jumped_at }) => jumped_at !== null)
  return ok(
    jump &&
      `the database's clock jumped from ${jump.jumped_from} to ${jump.jumped_at}: if it is wrong, ` +
        `correct it; if it is right, wait until ${jump.believed_at} or run "promo purge --clock-is-right"`,
  )
}

const iso = (time: number): string => `${new Date(time).toISOString().slice(0, 19)}Z`
