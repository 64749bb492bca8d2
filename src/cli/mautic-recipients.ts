import { ok } from '../lib/base/result.ts'
import { openMauticClient } from '../lib/mautic/client.ts'
import { describeRecipients } from '../lib/mautic/describe.ts'
import { followRecipients } from '../lib/mautic/recipients.ts'
import { mauticPlace } from '../lib/mautic/settings.ts'
import { createEventIds } from '../lib/tracking/event-id.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, count, failed, print, readArguments } from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'

export const mauticRecipientsCommand: Command = {
  name: 'mautic-recipients',
  summary: 'take the recipients of sends from Mautic',
  synopsis: '[SEND]',
  help: `Asks Mautic how many contacts got the e-mails of sends, and corrects their recipients, as reporting them
again would: at once if Mautic has more than was reported, and if it has fewer, once its number has not
changed for an hour. Without SEND: all e-mails that were mapped in the last thirty days and whose number may
still change. Safe to repeat.

Example:
  npm run promo -- mautic-recipients 2026-11-20-daily`,
  async run(args) {
    const read = readArguments(args, {}, ['SEND?'])
    if (!read.ok) return read
    const config = loadConfig()
    const place = mauticPlace(config)
    if (!place) return failed('Mautic is not set up: say in PROMO_MAUTIC_URL where it is')
    const mautic = openMauticClient({ ...place, elapsed: () => performance.now() })
    return await withDatabase(config, async (database) => {
      const followed = await followRecipients(
        {
          database,
          mautic,
          names: config.PROMO_MAUTIC_EMAIL_NAMES,
          now: Date.now,
          newEventId: createEventIds(),
        },
        read.value.operands[0] ?? null,
      )
      if (!followed.ok) return databaseFailed(followed.fault)
      const { asked, fault, obstacles } = followed.value
      for (const line of describeRecipients(followed.value)) print(line)
      print(
        `asked Mautic for ${count(asked, 'e-mail')}, corrected ${count(followed.value.corrected.length, 'text')}`,
      )
      if (fault)
        return failed(`Mautic ${fault.message}${fault.advice === undefined ? '' : `. ${fault.advice}`}`)
      return obstacles.length > 0 ? failed('not all e-mails could be counted, see above') : ok(undefined)
    })
  },
}
