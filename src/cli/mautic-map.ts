import * as v from 'valibot'
import { ok } from '../lib/base/result.ts'
import { mapEmailByHand } from '../lib/store/mautic.ts'
import { listReported } from '../lib/store/reported.ts'
import { id, sendId } from '../lib/tracking/schemas.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, misused, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const mauticMapCommand: Command = {
  name: 'mautic-map',
  summary: 'say which e-mail of Mautic went out as which send',
  synopsis: 'SEND EMAIL [--variation N]',
  help: `Says that the e-mail with the number EMAIL in Mautic went out as SEND, the newsletter_send_id, so that
mautic-recipients counts its recipients. Variants and translations of an e-mail are included. If you repeat
it, recipients are counted again.

Options:
  --variation N  which text the e-mail shows, if its links do not say

Example:
  npm run promo -- mautic-map 2026-11-20-daily 17`,
  async run(args) {
    const read = readArguments(args, { variation: { type: 'string' } }, ['SEND', 'EMAIL'])
    if (!read.ok) return read
    const [named = '', numbered = ''] = read.value.operands
    const send = v.safeParse(sendId, named)
    if (!send.success) return misused(`SEND ${send.issues[0].message}`)
    const email = numberOf(numbered)
    if (email === undefined)
      return misused(`EMAIL must be the number of an e-mail in Mautic, not "${numbered}"`)
    const wanted = read.value.values.variation
    const variation = wanted === undefined ? null : numberOf(wanted)
    if (variation === undefined) return misused(`--variation must be the number of a text, not "${wanted}"`)
    return await withDatabase(loadConfig(), async (database) => {
      const mapping = { email_id: email, send: send.output, variation_id: variation }
      const mapped = await database.run(async (sql) => {
        await mapEmailByHand(sql, mapping)
        return await listReported(sql, send.output)
      })
      if (!mapped.ok) return databaseFailed(mapped.fault)
      const reported = mapped.value.length > 0 ? '' : ', which has not been reported yet'
      print(`e-mail ${email} belongs to send "${send.output}"${reported}`)
      return ok(undefined)
    })
  },
}

function numberOf(text: string): number | undefined {
  const read = v.safeParse(id, /^\d+$/.test(text) ? Number(text) : Number.NaN)
  return read.success ? read.output : undefined
}
