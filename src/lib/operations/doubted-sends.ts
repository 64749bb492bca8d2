import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'
import type { Database } from '../database/database.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { findDoubts } from '../stats/doubts.ts'
import {
  claimDoubtLook,
  keepDoubts,
  keepLateSends,
  listDoubts,
  listLateSends,
} from '../store/doubted-sends.ts'
import { listSends } from '../store/evidence.ts'
import { isLate, lateSentence, rateSentences } from '../wording/doubts.ts'

/** Days after a send for which it is reported. */
const reportFor = 7
const mostKept = 100
const mostReported = 5
const deadline = 10_000

/** What health reports about doubted sends: those with a doubtful rate, and the names of those reported late. */
export const doubtsToReport = async (sql: Parameters<typeof listDoubts>[0]) => ({
  rates: await listDoubts(sql, reportFor, mostReported),
  late: (await listLateSends(sql)).map(({ newsletter_send_id }) => newsletter_send_id),
})

/** What health says about sends that were reported late, of which it names the newest. */
export function lateHint(sends: readonly string[]): string | undefined {
  if (sends.length === 0) return undefined
  const named = sends.slice(0, mostReported).join(', ')
  const more = sends.length > mostReported ? ` and ${sends.length - mostReported} more` : ''
  return (
    'these sends were probably reported hours after they went out, so their first clickers are missing or shown for ' +
    `earlier ones; have your script report a send before it goes out, or as it does: ${named}${more}`
  )
}

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
    const doubts = findDoubts(sends.value, now()).filter(
      ({ sent_at }) => now() - Date.parse(sent_at) < reportFor * 86_400_000,
    )
    const rates = doubts.filter(({ reason }) => reason === 'rate').slice(0, mostKept)
    const late = Map.groupBy(
      doubts.filter(isLate).slice(0, mostKept),
      ({ newsletter_send_id }) => newsletter_send_id,
    )
    const kept = await database.run(async (sql) => ({
      rates: await keepDoubts(sql, rates),
      late: await keepLateSends(sql, [...late.keys()]),
    }))
    if (!kept.ok) return log.warn({ reason: kept.fault.message }, 'doubted sends could not be stored')
    const freshRates = new Set(kept.value.rates.map(keyOfSend))
    for (const doubt of rates.filter((one) => freshRates.has(keyOfSend(one))))
      for (const sentence of rateSentences([doubt]))
        log.warn({ send: doubt.newsletter_send_id, variation: doubt.variation_id }, sentence)
    const freshLate = new Set(kept.value.late.map(({ newsletter_send_id }) => newsletter_send_id))
    for (const [send, parts] of late) if (freshLate.has(send)) log.warn({ send }, lateSentence(send, parts))
  }
