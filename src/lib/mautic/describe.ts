import type { Recipients } from './recipients.ts'

/** What was done, one line each. */
export const describeRecipients = ({ found, corrected, waiting, obstacles }: Recipients): string[] => [
  ...found.map(({ email_id, send }) => `e-mail ${email_id} belongs to send "${send}"`),
  ...corrected.map(
    ({ send, text, recipients, reason }) =>
      `send "${send}", text ${text.variation_id}: ${text.recipients ?? 'not reported'} → ${recipients} (${reason})`,
  ),
  ...waiting.map(
    ({ send, text, recipients }) =>
      `send "${send}", text ${text.variation_id}: ${text.recipients} stays until Mautic has said ` +
      `${recipients} for an hour`,
  ),
  ...obstacles.map(({ email_id, reason }) => `e-mail ${email_id} ${reason}`),
]
