import { randomUUID } from 'node:crypto'
import * as v from 'valibot'
import { ok } from '../lib/base/result.ts'
import { recordImpressions } from '../lib/store/impressions.ts'
import { listReported } from '../lib/store/reported.ts'
import { correctionOf } from '../lib/tracking/correction.ts'
import { recipientCount } from '../lib/tracking/schemas.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, count, failed, misused, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const recipientsCommand: Command = {
  name: 'recipients',
  summary: 'correct how many people got a send',
  synopsis: 'SEND [--variation N] COUNT',
  help: `Corrects the recipients of a send that was reported with a wrong number, as reporting it again would:
counters, hours and days move by the difference. SEND is the newsletter_send_id, COUNT how many people got
it; 0 takes the report back.

Options:
  --variation N  which text, if the send showed several

Example:
  npm run promo -- recipients 2026-11-20-daily 5000`,
  async run(args) {
    const read = readArguments(args, { variation: { type: 'string' } }, ['SEND', 'COUNT'])
    if (!read.ok) return read
    const [send = '', counted = ''] = read.value.operands
    const wanted = read.value.values.variation
    const recipients = v.safeParse(recipientCount, /^\d+$/.test(counted) ? Number(counted) : Number.NaN)
    if (!recipients.success) return misused(`COUNT ${recipients.issues[0].message}, not "${counted}"`)
    return await withDatabase(loadConfig(), async (database) => {
      const found = await database.run((sql) => listReported(sql, send))
      if (!found.ok) return databaseFailed(found.fault)
      if (found.value.length === 0) return failed(`no send "${send}" was reported`)
      const ids = found.value.map(({ variation_id }) => variation_id).join(', ')
      const own = found.value.filter(
        ({ variation_id }) => wanted === undefined || String(variation_id) === wanted,
      )
      const [report] = own
      if (!report) return failed(`send "${send}" did not show variation ${wanted}, but ${ids}`)
      if (own.length > 1)
        return misused(`send "${send}" showed several variations (${ids}): name one with --variation`)
      const { offer_id, variation_id, sent_at } = report
      const event = correctionOf(
        send,
        { offer_id, variation_id },
        { eventId: randomUUID(), sentAt: sent_at, recipients: recipients.output },
      )
      const recorded = await database.run((sql) => recordImpressions(sql, JSON.stringify([event]), false))
      if (!recorded.ok) return databaseFailed(recorded.fault)
      if (recorded.value.length > 0) return failed(`variation ${variation_id} has been deleted meanwhile`)
      print(
        `send "${send}", variation ${variation_id}: ${report.recipients} → ${count(recipients.output, 'recipient')}`,
      )
      return ok(undefined)
    })
  },
}
