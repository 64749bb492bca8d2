import * as v from 'valibot'
import type { Database } from '../database/database.ts'
import type { NeighbourFault } from '../neighbours/neighbour.ts'
import type { Outcome, Target } from '../outbox/target.ts'
import type { OutboxRow, RefusedRow } from '../store/outbox.ts'
import { noteAnswer, type Webhook, type WebhookAnswer } from '../store/webhooks.ts'
import type { MessageSender } from './send-message.ts'

/** Messages at a time: all of them are sent within their lease. */
const most = 5
/** Seconds until a refused message is sent again, and until it is given up. */
const [shortestPause, longestPause, patience] = [5, 14_400, 86_400]
const growth = 4
/** Answers of a webhook that are kept for its owner. */
const keptAnswers = 10

const message = v.looseObject({ id: v.string(), type: v.string() })

/** A webhook as a target of the outbox. */
export function createWebhookTarget(
  webhook: Webhook,
  { database, sender, now }: { database: Database; sender: MessageSender; now: () => number },
): Target {
  const note = async (id: string, type: string, answer: string): Promise<void> => {
    const noted: WebhookAnswer = { at: new Date(now()).toISOString(), id, type, answer }
    await database.run((sql) => noteAnswer(sql, webhook.id, noted, keptAnswers))
  }

  return {
    name: `webhook:${webhook.id}`,
    most,
    async send(rows) {
      const done: string[] = []
      const refused: RefusedRow[] = []
      let givenUp = 0
      let fault: NeighbourFault | undefined
      for (const row of rows) {
        const read = v.safeParse(message, row.body)
        const sent = read.success ? await sender.send(webhook, read.output) : undefined
        if (read.success && sent)
          await note(read.output.id, read.output.type, sent.ok ? `${sent.value}` : sent.fault.message)
        if (sent?.ok) {
          done.push(row.id)
          continue
        }
        if (!sent || row.age > patience || sent.fault.status === 410) {
          done.push(row.id)
          givenUp += 1
        } else refused.push({ id: row.id, reason: sent.fault.message, pause: pauseOf(row, sent.fault) })
        // A receiver that does not answer gets no other messages for now, either.
        fault = sent && isWhole(sent.fault) ? sent.fault : undefined
        if (fault) break
      }
      return { done, givenUp, refused, ...(fault && { fault }) } satisfies Outcome
    },
  }
}

const isWhole = ({ code }: NeighbourFault): boolean => code === 'unreachable' || code === 'busy'

/** Each pause is longer than the one before. */
const pauseOf = ({ attempts }: OutboxRow, { pause = 0 }: NeighbourFault): number =>
  Math.max(Math.min(shortestPause * growth ** (attempts - 1), longestPause), pause / 1_000)
