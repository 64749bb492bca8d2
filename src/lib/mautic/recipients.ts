import type { Clock } from '../base/clock.ts'
import { ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault, Sql } from '../database/sql.ts'
import { recordImpressions } from '../store/impressions.ts'
import {
  listEmailsToAsk,
  listRecentSends,
  listSentTexts,
  lockSentEmails,
  mapEmails,
  noteCorrected,
  noteEmailCounts,
} from '../store/mautic.ts'
import { correctionOf } from '../tracking/correction.ts'
import type { NewEventId } from '../tracking/event-id.ts'
import type { Mautic, MauticFault } from './client.ts'
import { createDoubts, type Doubts, type Obstacle } from './doubts.ts'
import type { Email } from './email.ts'
import { matchNames } from './names.ts'
import { type Correction, type MauticPlan, planCorrections, shownText } from './plan.ts'

export type RecipientsParts = {
  database: Database
  mautic: Pick<Mautic, 'readEmail' | 'readNewest'>
  /** How names of e-mails contain their send, if they do. */
  names: string | undefined
  now: Clock
  newEventId: NewEventId
}

export type Corrected = Correction & { send: string }

export type Recipients = {
  corrected: Corrected[]
  waiting: (MauticPlan['waiting'][number] & { send: string })[]
  /** E-mails that were mapped to a send: by their name, or as a variant or translation. */
  found: { email_id: number; send: string }[]
  obstacles: Obstacle[]
  /** E-mails that Mautic was asked for. */
  asked: number
  /** Why the rest could not be requested. */
  fault?: MauticFault
}

/** Milliseconds; above ten seconds the statements of a send are one transaction. */
const deadline = 15_000
/** E-mails of one send. */
const mostOfSend = 50
/** A schedule longer ago than this, in milliseconds, says nothing about when the e-mail was sent. */
const oldestPublishUp = 30 * 86_400_000

/**
 * Updates the recipients of sends by what Mautic says about their e-mails: of one send, or of all whose number may
 * still change. It is idempotent. A problem with one e-mail does not affect others.
 */
export async function followRecipients(
  parts: RecipientsParts,
  send: string | null = null,
): Promise<Result<Recipients, DatabaseFault>> {
  const { database, mautic, names } = parts
  const outcome: Recipients = { corrected: [], waiting: [], found: [], obstacles: [], asked: 0 }
  const doubts = createDoubts(outcome)
  if (names !== undefined) {
    const named = await findByName(parts, names, outcome)
    if (!named.ok) return named
    if (outcome.fault) return ok(outcome)
    doubts.answered()
  }
  const listed = await database.run((sql) => listEmailsToAsk(sql, send))
  if (!listed.ok) return listed
  for (const [of, emails] of Map.groupBy(listed.value, (email) => email.send)) {
    const read = await readEmails(
      mautic,
      emails.map(({ email_id }) => email_id),
      { outcome, doubts },
    )
    const counted = await database.run((sql) => countSend(parts, sql, of, read), deadline)
    if (!counted.ok) return counted
    outcome.corrected.push(...counted.value.corrected)
    outcome.waiting.push(...counted.value.waiting)
    outcome.found.push(...counted.value.found)
    outcome.obstacles.push(...counted.value.obstacles)
    if (outcome.fault) return ok(outcome)
  }
  doubts.end()
  return ok(outcome)
}

async function findByName(
  { database, mautic }: RecipientsParts,
  pattern: string,
  outcome: Recipients,
): Promise<Result<void, DatabaseFault>> {
  const sends = await database.run(listRecentSends)
  if (!sends.ok) return sends
  const newest = await mautic.readNewest()
  if (!newest.ok) {
    outcome.fault = newest.fault
    return ok(undefined)
  }
  const matched = matchNames(
    pattern,
    newest.value,
    sends.value.map(({ send }) => send),
  )
  const mapped = await database.run((sql) => mapEmails(sql, matched))
  if (!mapped.ok) return mapped
  const fresh = new Set(mapped.value.map(({ email_id }) => email_id))
  outcome.found.push(...matched.filter(({ email_id }) => fresh.has(email_id)))
  return ok(undefined)
}

/** These e-mails, and those related to them. */
async function readEmails(
  mautic: RecipientsParts['mautic'],
  ids: readonly number[],
  { outcome, doubts }: { outcome: Recipients; doubts: Doubts },
): Promise<Email[]> {
  const asked = new Set(ids)
  const read: Email[] = []
  // A set may grow while it is iterated.
  for (const id of asked) {
    const email = await mautic.readEmail(id)
    if (email.ok) {
      doubts.answered()
      read.push(email.value)
      for (const related of email.value.related) if (asked.size < mostOfSend) asked.add(related)
    } else doubts.failed(id, email.fault)
    if (outcome.fault) break
    outcome.asked += 1
  }
  return read
}

/** Stores the counts of a send's e-mails, in one transaction. */
async function countSend(parts: RecipientsParts, sql: Sql, send: string, read: readonly Email[]) {
  const found = await mapEmails(
    sql,
    read.map(({ id }) => ({ email_id: id, send })),
  )
  const byHand = new Map((await lockSentEmails(sql, send)).map((email) => [email.email_id, email.by_hand]))
  const texts = await listSentTexts(sql, send)
  const own = read.filter(({ id }) => byHand.has(id))
  const obstacles: Obstacle[] = []
  const counts = own.map(({ id, sent, texts: named }) => {
    const shown = byHand.get(id) ? { text: null } : shownText(named, texts)
    if ('obstacle' in shown) obstacles.push({ email_id: id, reason: shown.obstacle })
    return { email_id: id, sent, variation_id: 'text' in shown ? shown.text : null }
  })
  await noteEmailCounts(sql, counts)
  const emails = await lockSentEmails(sql, send)
  const plan = planCorrections(emails, texts)
  for (const { email_id, variation_id, by_hand } of emails)
    if (by_hand && !texts.some((text) => text.variation_id === variation_id))
      obstacles.push({ email_id, reason: `is mapped to text ${variation_id}, which its send did not show` })
  const reportedAt = texts.flatMap(({ sent_at }) => sent_at ?? [])
  const events = plan.corrections.map(({ text, recipients }) => {
    const sentAt =
      text.sent_at ?? (reportedAt.length > 0 ? Math.min(...reportedAt) : firstSentAt(own, parts.now()))
    return correctionOf(send, text, { eventId: parts.newEventId(sentAt), sentAt, recipients })
  })
  if (events.length > 0) await recordImpressions(sql, JSON.stringify(events), false)
  await noteCorrected(
    sql,
    plan.done.map(({ email_id }) => email_id),
  )
  return {
    corrected: plan.corrections.map((correction) => ({ ...correction, send })),
    waiting: plan.waiting.map((text) => ({ ...text, send })),
    found: found.map(({ email_id }) => ({ email_id, send })),
    obstacles,
  }
}

/** The time of a send that nobody reported: when it was scheduled, if Mautic knows, else now. */
function firstSentAt(emails: readonly Email[], now: number): number {
  const times = emails.flatMap(({ publishUp }) =>
    publishUp !== undefined && publishUp <= now && publishUp > now - oldestPublishUp ? publishUp : [],
  )
  return times.length > 0 ? Math.min(...times) : now
}
