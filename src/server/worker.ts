import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MetricCounts } from '../lib/operations/metrics.ts'
import { readWorkerMessage, type WorkerMessage } from './worker-messages.ts'

/** This process as one of several that serve the same port. */
export type Worker = {
  /** From 1; its replacement gets the same number. */
  number: number
  /** What all workers count; nothing where the supervisor does not answer in time. */
  gatherCounts(): Promise<MetricCounts[]>
  /** From then on the other workers get this one's counts. */
  share(read: () => Promise<MetricCounts>): void
}

/** Longer than the supervisor waits for the others, in milliseconds. */
const answerWait = 2_000

/** `undefined` where this process is the only one. `orphaned` is called when the supervisor is gone. */
export function joinSupervisor(orphaned: () => void): Worker | undefined {
  const { worker } = cluster
  if (worker === undefined) return undefined
  const asked = new Map<number, (all: MetricCounts[]) => void>()
  let questions = 0
  let read: () => Promise<MetricCounts> = async () => []
  const send = (message: WorkerMessage): void => void worker.send(message, () => {})

  worker.on('message', (received: unknown) => {
    const message = readWorkerMessage(received)
    if (message?.promo === 'all') asked.get(message.question)?.(message.all)
    if (message?.promo === 'tell') {
      const { question } = message
      void read().then((counts) => send({ promo: 'told', question, counts }))
    }
  })
  worker.on('disconnect', () => {
    // Node would end the process on the spot otherwise.
    worker.exitedAfterDisconnect = true
    orphaned()
  })

  return {
    number: Number(process.env.PROMO_WORKER),
    async gatherCounts() {
      questions += 1
      const question = questions
      const answered = new Promise<MetricCounts[]>((resolve) => asked.set(question, resolve))
      send({ promo: 'ask', question })
      const all = await Promise.race([answered, sleep(answerWait, [], { ref: false })])
      asked.delete(question)
      return all
    },
    share(from) {
      read = from
    },
  }
}
