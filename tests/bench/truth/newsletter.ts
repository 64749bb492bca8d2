import type { Random } from '../../../src/lib/base/random.ts'
import type { SendEvidence, SendsAndTexts } from '../../../src/lib/model/send-evidence.ts'
import { readSend } from '../../../src/lib/reports/read-evidence.ts'
import { drawNormal } from '../../../src/lib/selection/draws.ts'
import type { SendSpan, SentText } from '../../../src/lib/store/report-evidence.ts'
import { drawBinomial } from '../newsletter-world.ts'
import { type CrowdOfPart, comesAgain, createCrowds } from './crowds.ts'
import { createDays, drawArrival, spanEnds, type World } from './worlds.ts'

/** A text and its rate on its first showing, at the start of the year. */
export type Text = SendsAndTexts['variations'][number] & { rate: number }

export const aText = (offer_id: number, variation_id: number, rate: number): Text => ({
  offer_id,
  variation_id,
  rate,
  tone: null,
  length_category: null,
  cta_text: null,
  approved: true,
})

const knownOf = (
  send: SentText['sends'][number],
  text: SentText,
  spans: readonly SendSpan[],
  told: Parameters<typeof readSend>[4] = {},
): SendEvidence => readSend(send, text, spans, '', told).evidence

type Kept = {
  text: SentText
  send: SentText['sends'][number]
  /** Hour from which the report, and not the send, is counted. */
  reported: number
  /** Clickers by span; the last one is that after a week. */
  clickers: number[]
  crowd: CrowdOfPart
  /** Clickers with a weak sign. */
  uncertain: number
  evidence: SendEvidence
  whole: boolean
}

const aDay = 86_400_000
const anHour = 3_600_000
const starts = [0, ...spanEnds]
/** Days after which the last clickers of a send have come. */
const wholeAfter = 10

/**
 * A newsletter that goes out at the same hour each day. What is known of its sends at a moment comes out as the report
 * reads it from the spans of the database. Moments are hours since the first send.
 */
export function createNewsletter(world: World, random: Random) {
  const dayOf = createDays(world, random)
  let visitCrowds: ReturnType<typeof createCrowds> | undefined
  const kept: Kept[] = []
  const showings = new Map<number, number>()
  const lost = new Map<number, Kept>()

  const lists = new Map<string, number>()

  /** The list that gets the send of a day. */
  const listOf = (day: number): string => (world.lists ? (day % 2 === 0 ? 'daily' : 'weekly') : '')

  /** How much more the readers of a day's list click on a text than those of both. */
  function ofList(variation_id: number, day: number): number {
    if (!world.lists) return 1
    const { factor, spread } = world.lists
    const own =
      lists.get(`${variation_id} ${listOf(day)}`) ?? Math.exp((spread / Math.SQRT2) * drawNormal(random))
    lists.set(`${variation_id} ${listOf(day)}`, own)
    return own * factor ** (day % 2 === 0 ? -0.5 : 0.5)
  }

  /** The rate of a text with the readers of a day as it stands, without what chance makes of the day. */
  const rateNow = ({ variation_id, rate }: Text, day: number): number =>
    rate *
      ofList(variation_id, day) *
      (world.yearLeaves ?? 1) ** (day / 365) *
      (world.showingLeaves ?? 1) ** (showings.get(variation_id) ?? 0) +
    (world.fanatics ?? 0) * 0.8

  function sendPart(
    text: Text,
    size: number,
    rate: number,
    day: number,
    shared: { bots: number; late: number },
  ) {
    const own = Math.exp((world.textBySend ?? 0) * drawNormal(random) - (world.textBySend ?? 0) ** 2 / 2)
    const clicks = Math.min(0.95, rate * own)
    const crowd = visitCrowds?.(day, size, clicks) ?? {
      addresses: 0,
      visits: 0,
      largest: 0,
      human: 0,
      clickers: 0,
      crowd: 0,
    }
    const alone = drawBinomial(Math.round(size * (1 - (world.behind?.share ?? 0))), clicks, random)
    const people = alone + crowd.clickers
    const machines = Math.round((people * shared.bots) / (1 - shared.bots))
    const uncertain = world.signs
      ? drawBinomial(people, world.signs.people, random) +
        drawBinomial(machines, world.signs.machines, random)
      : 0
    const arrived = drawArrival(world, random)
    // Hours are counted from the report; what came before it belongs to the send before, however old that is.
    const unreported = starts[shared.late] ?? 0
    let before = unreported > 0 ? arrived(unreported) : 0
    const missed = before > 0 ? drawBinomial(people, before, random) : 0
    let left = people - missed
    const clickers = spanEnds.map((hours) => {
      const by = arrived(unreported + hours)
      const come = drawBinomial(left, Math.min(1, (by - before) / (1 - before)), random)
      left -= come
      before = by
      return come
    })
    clickers.push(left)
    // Machines come within the first hour.
    if (unreported === 0) clickers[0] = (clickers[0] ?? 0) + machines
    const previous = lost.get(text.variation_id)
    if (previous && unreported > 0) {
      const since = day * 24 - previous.reported
      const into = starts.findLastIndex((start) => start <= since)
      previous.clickers[into] = (previous.clickers[into] ?? 0) + missed + machines
      previous.whole = false
    }
    const at = day * 24 + unreported
    const recipients = reportedOf(world, size, random)
    const sent: SentText = { ...text, offer_name: '', text_content: '', sends: [] }
    const send: SentText['sends'][number] = [
      kept.length + 1,
      String(day),
      at * anHour,
      recipients,
      listOf(day),
    ]
    const evidence = knownOf(send, sent, [])
    const one = { text: sent, send, reported: at, clickers, crowd, uncertain, evidence, whole: false }
    kept.push(one)
    lost.set(text.variation_id, one)
    return people
  }

  return {
    rateNow,
    listOf,
    /** Sends parts of a day's list, 1 in all; answers the clicks of people that were to be expected. */
    send(day: number, parts: readonly { text: Text; share: number }[], list: number): void {
      visitCrowds ??= world.behind && createCrowds(world, list, random)
      const ofDay = dayOf(day)
      const size = world.growth ? list * 4 ** (day / 365 - 0.5) : list
      const bots = random() < (world.bots ?? 0) ? 0.3 + 0.4 * random() : 0
      const late = random() < (world.late ?? 0) ? 1 + Math.floor(4 * random()) : 0
      for (const { text, share } of parts) {
        sendPart(text, Math.round(size * share), rateNow(text, day) * ofDay, day, { bots, late })
        showings.set(text.variation_id, (showings.get(text.variation_id) ?? 0) + 1)
      }
    },
    /** All sends as they are known at a moment, in the order of their time. */
    known(hour: number): SendEvidence[] {
      return kept.flatMap((one) => {
        if (one.reported > hour) return []
        if (!one.whole) {
          const age = hour - one.reported
          one.evidence = knownSoFar(one, age)
          one.whole = age > (wholeAfter + 20) * 24
        }
        return one.evidence
      })
    },
    now: (hour: number) => hour * anHour,
  }
}

/** Clicks at crowded addresses come as those of the others do. */
function knownSoFar({ text, send, clickers, crowd, uncertain }: Kept, age: number): SendEvidence {
  const id = send[0]
  const all = clickers.reduce((sum, count) => sum + count, 0)
  const human = crowd.human + (all - crowd.crowd) * (1 + comesAgain)
  let come = 0
  const spans = clickers.flatMap((count, span): SendSpan[] => {
    if (count === 0 || (spanEnds[span] ?? wholeAfter * 24) > age + 1e-9) return []
    come += count / all
    const share = count / all
    return [[id, starts[span] ?? 0, share * human, share * human, count, crowd.crowd * share]]
  })
  const { addresses, visits, largest } = crowd
  return knownOf(send, text, spans, {
    crowd: addresses > 0 ? [id, addresses, visits * come, largest * come, crowd.human * come] : undefined,
    signs: uncertain > 0 ? { uncertain: uncertain * come, doubtful: 0 } : null,
  })
}

export type Newsletter = ReturnType<typeof createNewsletter>
/** Which list's readers a report of a day is about; `undefined` where there is one list. */
export const listed = (newsletter: Newsletter, day: number): string | undefined =>
  newsletter.listOf(day) || undefined

export const daysOf = (moment: number): number => moment / aDay

function reportedOf({ wrong }: World, size: number, random: Random): number {
  if (!wrong || random() >= wrong.share) return size
  return Math.max(1, Math.round(size * wrong.factor))
}
