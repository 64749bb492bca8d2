import { sumOf } from '../base/sum.ts'
import type { Doubt } from '../model/doubt.ts'
import { keyOfSend } from '../model/send-evidence.ts'
import { curveOf } from './arrival.ts'
import { lookUp } from './at.ts'
import { besideCrowds } from './crowds.ts'
import { reportedInTime } from './late-reports.ts'
import { forNewsletter } from './newsletters.ts'
import { type Doubted, sortSends } from './parts.ts'
import { roundTo } from './rounding.ts'
import { besideSigns } from './signs.ts'
import { sizeOf } from './wrong-recipients.ts'

type DatedSend = Omit<Parameters<typeof besideCrowds>[0][number], 'age'> &
  Parameters<typeof besideSigns>[0][number]

const day = 86_400_000

/**
 * What `assess` doubts that the people of a site can mend, rates and late reports, of all newsletters together, newest
 * first; nothing else is computed.
 */
export function findDoubts(sends: readonly DatedSend[], now: number): Doubt[] {
  const aged = sends.map((send) => ({ ...send, age: (now - send.sent_at) / day }))
  const people = forNewsletter(reportedInTime(besideCrowds(besideSigns(aged).sends).sends), undefined)
  const inOrder = people.toSorted((one, other) => other.age - one.age)
  const { doubted } = sortSends(inOrder, curveOf(people))
  return doubtsOf(doubted.filter(isMendable), sends)
}

const isMendable = ({ reason }: Pick<Doubt, 'reason'>): boolean =>
  reason === 'rate' || reason === 'reported_late'

/** If a send loses fewer clickers, that says nothing of it: one who clicked early may be one in a small list. */
const fewest = 3

const countLeftOut = (parts: readonly Doubt[]): number =>
  sumOf(parts, ({ clickers, counted_clickers }) => clickers - counted_clickers)

/**
 * The doubts that are worth a word, with the figures that were reported, newest first: the sends of other lists were
 * assessed as if they had gone to this one.
 */
export function doubtsOf(doubted: readonly Doubted<DatedSend>[], sends: readonly DatedSend[]): Doubt[] {
  const reported = new Map(doubted.length > 0 ? sends.map((send) => [keyOfSend(send), send]) : [])
  const doubts = doubted.map(({ send, factor, usual, counted, reason }) => {
    const { newsletter_send_id, variation_id, newsletter, sent_at, recipients, clickers } = lookUp(
      reported,
      keyOfSend(send),
      send,
    )
    const { late = { share: 0 } } = send
    const before = late.before === undefined ? undefined : reported.get(late.before)
    return {
      newsletter_send_id,
      variation_id,
      newsletter: newsletter || null,
      sent_at: `${new Date(sent_at).toISOString().slice(0, 19)}Z`,
      factor: roundTo(3, factor),
      recipients,
      usual_recipients: Math.round((usual * recipients) / sizeOf(send)),
      clickers,
      counted_clickers: Math.round(counted * clickers),
      early_clickers: before ? Math.round(late.share * before.clickers) : 0,
      reason,
    }
  })
  const alike = Map.groupBy(doubts, ({ reason, newsletter_send_id }) => `${reason} ${newsletter_send_id}`)
  return [...alike.values()]
    .filter((parts) => parts.some(isMendable) || countLeftOut(parts) >= fewest)
    .flat()
    .toSorted((one, other) => other.sent_at.localeCompare(one.sent_at))
}
