import type { LoadAnswer } from '../../support/load.ts'
import { userAgentOf } from '../ledger.ts'

/** A text and the slug of its link. `fresh`: the site may not know the link yet. */
export type Target = { slug: string; variation: number; fresh?: true }

/** Every event of one database, under a name of its own. */
export type LongLedger = ReturnType<typeof createLongLedger>

type Promised = (answer: LoadAnswer) => 'promised' | 'refused' | 'strange'

/** An event on its way. */
export type Sending = { name: string; text: string; judge: Promised }

/** Texts that are clicked once each, with GPC: their clicks have nothing else that distinguishes them. */
export const gpcTexts = { first: 20_000, count: 3_000 }
/** Ids that no text ever has. */
const madeUp = 900_000_000

export function createLongLedger() {
  const sent = new Set<string>()
  const answered = new Set<string>()
  /** Answered while the disk took nothing: safe once the site has said that all is recorded. */
  const held = new Set<string>()
  /** Held when their site was killed: nothing is promised. */
  const unsure = new Set<string>()
  const strange: string[] = []
  let gpc = 0
  let madeUpAnswered = 0
  let holding = false

  return {
    sent,
    answered,
    unsure,
    strange,
    get madeUpAnswered() {
      return madeUpAnswered
    },
    hold() {
      holding = true
    },
    /** `safe`: whether what was answered meanwhile has been recorded. */
    release(safe: boolean) {
      holding = false
      for (const name of held) (safe ? answered : unsure).add(name)
      held.clear()
    },
    /** The event behind the n-th visit of a run. */
    visit(run: string, n: number, targets: readonly Target[]): Sending {
      if (n % 25 === 7) return visitOf(`made-up-${run}-${n}`, { slug: 'nocodemba', variation: madeUp + n })
      if (n % 25 === 13 && gpc < gpcTexts.count) {
        const variation = gpcTexts.first + gpc
        gpc += 1
        return visitOf(`gpc-${variation}`, { slug: 'nocodemba', variation }, 'Sec-GPC: 1\r\n')
      }
      return visitOf(`${run}-visit-${n}`, targets[n % targets.length] ?? { slug: 'nocodemba', variation: 42 })
    },
    report: (run: string, n: number): Sending => {
      const name = `${run}-report-${n}`
      return post(name, 'track-click', { variation_id: 43, user_agent: userAgentOf(name) })
    },
    impression: (run: string, n: number, variation_id = 44): Sending => {
      const newsletter_send_id = `${run}-impression-${n}`
      const fields = { offer_id: 4, variation_id, newsletter_send_id, recipients: 10 }
      return post(newsletter_send_id, 'track-impression', fields)
    },
    /** Nothing is promised for them after all: their site was killed while they were only in memory. */
    doubt(names: readonly string[]) {
      for (const name of names) if (answered.delete(name)) unsure.add(name)
    },
    note({ name, judge }: Sending, answer: LoadAnswer) {
      const outcome = judge(answer)
      if (outcome === 'strange') strange.push(`${name}: ${answer.status} ${answer.body.slice(0, 200)}`)
      if (outcome !== 'promised') return
      if (name.startsWith('made-up')) madeUpAnswered += 1
      else (holding ? held : answered).add(name)
    },
  }
}

const host = 'Host: 127.0.0.1'

function visitOf(name: string, { slug, variation, fresh }: Target, header = ''): Sending {
  const head = `${host}\r\nUser-Agent: ${userAgentOf(name)}\r\n${header}`
  return {
    name,
    text: `GET /${slug}?promo_var=${variation} HTTP/1.1\r\n${head}\r\n`,
    judge({ status }) {
      if (status === 307) return 'promised'
      return fresh && status === 404 ? 'refused' : 'strange'
    },
  }
}

function post(name: string, endpoint: string, fields: Record<string, unknown>): Sending {
  const body = JSON.stringify(fields)
  const head = `POST /api/v1/promo/${endpoint} HTTP/1.1\r\n${host}\r\nContent-Type: application/json`
  return {
    name,
    text: `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
    judge({ status, body }) {
      if (status === 204 || (status === 503 && /"queued": ?true/.test(body))) return 'promised'
      return status === 503 ? 'refused' : 'strange'
    },
  }
}
