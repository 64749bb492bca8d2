import { runLoad } from '../../support/load.ts'
import type { Answers } from './answers.ts'
import type { LongLedger, Sending, Target } from './ledger.ts'
import type { LongSite } from './site.ts'

type Into = { ledger: LongLedger; answers: Answers; signal?: AbortSignal }
type Load = Into & { requests: number; connections: number; pause?: number }

/** All that comes to a site from its start to its end. */
export async function loadAll(
  site: LongSite,
  run: string,
  targets: readonly Target[],
  into: Into,
): Promise<void> {
  const posts = { ...into, connections: 1, pause: 10 }
  await Promise.all([
    loadVisits(site, run, targets, { ...into, requests: 1_500, connections: 4, pause: 2 }),
    send(site, { ...posts, requests: 100 }, (n) => into.ledger.report(run, n)),
    send(site, { ...posts, requests: 60 }, (n) => into.ledger.impression(run, n)),
  ])
}

export const loadVisits = (
  site: LongSite,
  run: string,
  targets: readonly Target[],
  load: Load,
): Promise<void> => send(site, load, (n) => load.ledger.visit(run, n, targets))

async function send(
  { url }: LongSite,
  { ledger, answers, ...load }: Load,
  make: (n: number) => Sending,
): Promise<void> {
  const underWay = new Map<number, Sending>()
  await runLoad({
    ...load,
    url,
    request(n) {
      const sending = make(n)
      ledger.sent.add(sending.name)
      underWay.set(n, sending)
      return sending.text
    },
    onAnswer(answer) {
      const sending = underWay.get(answer.n)
      underWay.delete(answer.n)
      if (!sending) return
      ledger.note(sending, answer)
      answers.note(sending.name, answer.microseconds)
    },
  })
}
