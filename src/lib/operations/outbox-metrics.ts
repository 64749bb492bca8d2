import { Counter, Gauge, type Registry } from 'prom-client'
import type { OutboxReadings } from '../outbox/outbox.ts'

type OutboxesByKind = Record<string, OutboxReadings | undefined>

const figures: [name: string, help: string, read: (readings: OutboxReadings) => number][] = [
  ['promo_outbox_up', 'Whether the last message arrived', ({ failingFor }) => Number(failingFor === 0)],
  [
    'promo_outbox_waiting',
    'Rows of the outbox that are waiting to be sent, for all instances',
    ({ waiting }) => waiting,
  ],
  ['promo_outbox_refused', 'Waiting rows that were refused and will be retried', ({ refused }) => refused],
  ['promo_outbox_age_seconds', 'Age of the oldest waiting row', ({ age }) => age],
]

const totals: typeof figures = [
  ['promo_outbox_sent_total', 'Rows that this process has sent', ({ sent }) => sent],
  ['promo_outbox_given_up_total', 'Rows that this process has given up', ({ givenUp }) => givenUp],
]

/** The figures of messages to other servers, read on request. */
export function observeOutbox(registers: Registry[], outbox: OutboxesByKind): void {
  const kinds = Object.entries(outbox).flatMap(([target, readings]) =>
    readings ? [{ target, readings }] : [],
  )
  const labelled = { labelNames: ['target'], registers }
  for (const [name, help, read] of figures)
    new Gauge({
      name,
      help,
      ...labelled,
      collect() {
        for (const { target, readings } of kinds) this.set({ target }, read(readings))
      },
    })
  for (const [name, help, read] of totals)
    new Counter({
      name,
      help,
      ...labelled,
      collect() {
        this.reset()
        for (const { target, readings } of kinds) this.inc({ target }, read(readings))
      },
    })
}
