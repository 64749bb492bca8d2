import * as v from 'valibot'

/** What a process counts, as prom-client writes it for others to add up. */
const counts = v.array(v.custom<object>((count) => typeof count === 'object' && count !== null))

/**
 * Between the supervisor and its workers, when somebody reads the metrics of one of them: it asks (`ask`), all are
 * asked (`tell`), each answers (`told`), and the first gets all answers (`all`).
 */
const messageSchema = v.variant('promo', [
  v.object({ promo: v.literal('ask'), question: v.number() }),
  v.object({ promo: v.literal('tell'), question: v.number() }),
  v.object({ promo: v.literal('told'), question: v.number(), counts }),
  v.object({ promo: v.literal('all'), question: v.number(), all: v.array(counts) }),
])

export type WorkerMessage = v.InferOutput<typeof messageSchema>

/** `undefined` for messages of others, such as Node's own. */
export function readWorkerMessage(message: unknown): WorkerMessage | undefined {
  const read = v.safeParse(messageSchema, message)
  return read.success ? read.output : undefined
}
