import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Database } from '../database/database.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { findDoubts } from '../stats/doubts.ts'
import { claimDoubtLook, keepDoubts, listDoubts } from '../store/doubted-sends.ts'
import { listSends } from '../store/evidence.ts'
import { rateSentence } from '../wording/doubts.ts'

/** Days after a send for which it is reported. */
const reportFor = 7
const mostKept = 100
const mostReported = 5
const deadline = 10_000

/** What health reports about doubted sends. */
export const doubtsToReport = (sql: Parameters<typeof listDoubts>[0]) =>
  listDoubts(sql, reportFor, mostReported)

/**
 * Searches for doubtful sends, every ten minutes while clicks are settled and every hour otherwise, on one instance for
 * all: stores those of the last week for health, and logs each once. Assessing thousands of sends takes milliseconds.
 */
export const doubtFinder =
  ({ database, log, now }: { database: Database; log: Log; now: Clock }) =>
  async (): Promise<void> => {
    const claimed = await database.run(claimDoubtLook)
    if (!claimed.ok || claimed.value.length === 0) return
    const sends = await database.run((sql) => listSends(sql, undefined), deadline)
    if (!sends.ok) return log.warn({ reason: sends.fault.message }, 'sends could not be examined')
    const doubts = findDoubts(sends.value, now())
      .filter(({ sent_at }) => now() - Date.parse(sent_at) < reportFor * 86_400_000)
      .slice(0, mostKept)
    const kept = await database.run((sql) => keepDoubts(sql, doubts))
    if (!kept.ok) return log.warn({ reason: kept.fault.message }, 'doubted sends could not be stored')
    const fresh = new Set(kept.value.map(keyOfSend))
    for (const doubt of doubts)
      if (fresh.has(keyOfSend(doubt)))
        log.warn({ send: doubt.newsletter_send_id, variation: doubt.variation_id }, rateSentence(doubt))
  }
