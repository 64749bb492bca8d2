import type { Log } from '../base/log.ts'
import { fail, messageOf, ok, type Result } from '../base/result.ts'
import { warnRarely } from '../base/warn-rarely.ts'
import { chooseServer, isChoice } from './choose-server.ts'
import { abandon, connect, type Pool } from './connect.ts'
import { type DriverOptions, databaseOptions, type Servers } from './database-options.ts'
import type { DatabaseFault, Sql } from './sql.ts'
import { ordinaryDeadline, refusesLimit, runWithLimit } from './statement-limit.ts'
import { findUnsuitable } from './suitable.ts'
import { codeOf, isConsequence, reasonOf, troubleWith } from './trouble.ts'

export type Database = {
  /**
   * Runs statements on the one pool. Never throws; a deadline in milliseconds bounds the wait, and a moment later the
   * server ends the statement, too, so that nothing is committed long after it was given up. With a deadline above ten
   * seconds the statements are one transaction.
   */
  run<Rows>(
    statements: (sql: Sql) => PromiseLike<Rows>,
    deadline?: number,
  ): Promise<Result<Rows, DatabaseFault>>
  /** Whether the server answered the last statement. */
  readonly up: boolean
  /** Why the database cannot be used and what to do about it, in a sentence without the password. */
  readonly trouble: string | undefined
  /** Ends the connections, waiting at most `grace` milliseconds for statements under way. */
  close(grace?: number): Promise<void>
}

/** Where the server is; asked again, at most every few seconds, while the server does not answer. */
export type LocateServer = () => Promise<Result<string, { message: string }>>

const relocateEvery = 3_000
/** The same if another server may take over, and how long a statement may take until another one is sought. */
const chooseEvery = 500
const suspectAfter = 1_000
/** Milliseconds for which an unsuitable database is not checked again. */
const refusedFor = 2_000

const unanswered = 'no answer in time'

class Unsuitable extends Error {}

/**
 * The process's one pool. A statement that exceeds its deadline closes the pool: the driver cannot distinguish a server
 * that is slow from one that has vanished, and would go on queueing behind the dead connections.
 */
export function openDatabase(options: {
  locate: LocateServer
  log: Log
  connections?: number
  /** Path of the PEM file of a certificate authority, for URLs that name none. */
  authority?: string | undefined
  /** Whether the server is the site's own, which no setting names. */
  embedded?: boolean
}): Database {
  const { locate, log, connections = 6, authority, embedded = false } = options
  let pool: Pool | undefined
  let locating: Promise<void> | undefined
  let locatedAt = Number.NEGATIVE_INFINITY
  let renewedAt = Number.NEGATIVE_INFINITY
  let closed = false
  let up = false
  let trouble: string | undefined
  let address: ({ url: string } & Servers) | undefined
  /** Why no server is acceptable. */
  let unchosen: string | undefined

  const warn = warnRarely((reason) => log.warn({ reason }, 'the database cannot be used'))

  const note = (reason: string): void => {
    trouble = reason
    warn(reason)
  }

  /** A statement that is too slow says nothing about a server that answers, nor does what a former pool left undone. */
  const noteFault = (used: Pool, admitted: boolean, { message }: DatabaseFault): void => {
    if (pool !== used || (admitted && message === unanswered) || isConsequence(message)) return
    note(troubleWith(used.server, message, embedded))
  }

  const relocate = (): Promise<void> => {
    locating ??= (async () => {
      const found = await locate().catch((error: unknown) => fail({ message: messageOf(error) }))
      locatedAt = performance.now()
      if (found.ok) await useUrl(found.value)
      else if (!pool) unchosen = found.fault.message
      if (!found.ok) note(found.fault.message)
    })().finally(() => {
      locating = undefined
    })
    return locating
  }

  /** If there is only one server and no condition, nothing is checked: it may answer later. */
  const useUrl = async (url: string): Promise<void> => {
    if (url !== address?.url) {
      const read = databaseOptions(url, authority)
      if (!read.ok) return note(read.fault)
      address = { url, ...read.value }
    }
    const chosen = await choose(address)
    locatedAt = performance.now()
    unchosen = chosen.ok ? undefined : chosen.fault
    if (!chosen.ok) note(`DATABASE_URL: ${chosen.fault}`)
    if (!chosen.ok || chosen.value === pool?.server || closed) return
    const { host, port } = chosen.value
    if (isChoice(address)) log.info({ host, port }, 'a database server was chosen')
    replacePool(chosen.value)
  }

  const choose = async (known: Servers): Promise<Result<DriverOptions, string>> => {
    const [only] = known.servers
    return only && !isChoice(known) ? ok(only) : await chooseServer(known, pool?.server)
  }

  const isDue = (): boolean =>
    performance.now() - locatedAt > (address && isChoice(address) ? chooseEvery : relocateEvery)

  const doubt = (): void => {
    if (!closed && isDue()) void relocate()
  }

  const openPool = (server: DriverOptions, limited: boolean): void => {
    pool = connect(server, connections, limited)
  }

  const replacePool = (server: DriverOptions): void => {
    const former = pool
    openPool(server, former?.limited ?? true)
    if (former) void abandon(former)
  }

  /** Statements under way continue, since reads may work. */
  const renewConnections = (used: Pool): void => {
    if (performance.now() - renewedAt < relocateEvery) return
    renewedAt = performance.now()
    openPool(used.server, used.limited)
    void used.sql.end({ timeout: ordinaryDeadline / 1000 }).catch(messageOf)
  }

  const start = <Rows>(
    { sql, running }: Pool,
    statements: (sql: Sql) => PromiseLike<Rows>,
    deadline: number,
  ): PromiseLike<Rows> => {
    const noted = (own: Sql): PromiseLike<Rows> => {
      const work = statements(own)
      running.add(work)
      const forget = () => running.delete(work)
      work.then(forget, forget)
      return work
    }
    return deadline > ordinaryDeadline ? runWithLimit(sql, deadline, noted) : noted(sql)
  }

  /** Checked once per pool; again if there was no answer, and after a while if the database is unsuitable. */
  const admit = (used: Pool): Promise<void> => {
    used.admission ??= inspect(used).catch((error: unknown) => {
      const forget = (): void => {
        used.admission = undefined
      }
      if (error instanceof Unsuitable) setTimeout(forget, refusedFor).unref()
      else forget()
      throw error
    })
    return used.admission
  }

  const inspect = async ({ sql }: Pool): Promise<void> => {
    const fault = await findUnsuitable(sql)
    if (fault !== undefined) throw new Unsuitable(fault)
  }

  return {
    get up() {
      return up
    },
    get trouble() {
      return trouble
    },
    async run(statements, deadline = 5_000) {
      if (closed) return fail({ code: 'unavailable', message: 'the database is closed' })
      const until = performance.now() + deadline
      if (!pool && (locating || isDue())) await within(deadline, relocate())
      const used = pool
      if (!used) return fail({ code: 'unavailable', message: unchosen ?? 'no database server found' })
      // A machine that hangs does not answer, and another one may have taken over long before the deadline.
      const choice = address !== undefined && isChoice(address)
      const doubting = choice ? setInterval(doubt, suspectAfter) : undefined
      const admitted = await within(until - performance.now(), admit(used))
      const outcome = admitted.ok
        ? await within(until - performance.now(), start(used, statements, deadline))
        : admitted
      clearInterval(doubting)
      if (!outcome.ok && used.limited && refusesLimit(outcome.fault)) {
        // The former pool has no connection to end, and its other statements come here, too.
        if (pool === used) openPool(used.server, false)
        return await this.run(statements, deadline)
      }
      up = outcome.ok || outcome.fault.code === 'conflict' || outcome.fault.code === 'refused'
      if (up) trouble = undefined
      if (outcome.ok || up || closed) return outcome
      noteFault(used, admitted.ok, outcome.fault)
      if (outcome.fault.code === 'timeout' && pool === used) replacePool(used.server)
      if (isReadOnly(outcome.fault) && pool === used) renewConnections(used)
      if (outcome.fault.code === 'unavailable' || choice) doubt()
      return outcome
    },
    async close(grace = 2_000) {
      closed = true
      await pool?.sql.end({ timeout: grace / 1000 }).catch(messageOf)
    },
  }
}

/**
 * Whether a connection may write is decided when it is opened: one from a read-only period, or to a former standby,
 * stays read-only as long as it is used.
 */
const isReadOnly = ({ message }: DatabaseFault): boolean => message.endsWith('(25006)')

async function within<Rows>(deadline: number, work: PromiseLike<Rows>): Promise<Result<Rows, DatabaseFault>> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Result<Rows, DatabaseFault>>((resolve) => {
    timer = setTimeout(() => resolve(fail({ code: 'timeout', message: unanswered })), deadline)
  })
  const answer = Promise.resolve(work).then(
    (rows) => ok(rows),
    (error: unknown) => fail(databaseFault(error)),
  )
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer))
}

/**
 * Classifies the driver's and the server's errors. Others count as `unavailable`: if a connection vanishes, the driver
 * can fail in unexpected ways, and a writer has to retry.
 */
export function databaseFault(error: unknown): DatabaseFault {
  if (error instanceof Unsuitable) return { code: 'unsuitable', message: error.message }
  const code = codeOf(error)
  const message = reasonOf(error)
  if (/^(40001|40P01|55P03)$/.test(code)) return { code: 'conflict', message }
  if (/^(23503|23505)$/.test(code)) return { code: 'conflict', message, key: true }
  if (/^(22|23)...$/.test(code)) return { code: 'refused', message }
  // A connection that was not established in time may never be: the driver does not always reset it. 57014 is the
  // server's own deadline, such as a `statement_timeout` of the role.
  if (code === 'CONNECT_TIMEOUT' || code === '57014') return { code: 'timeout', message }
  return { code: 'unavailable', message }
}
