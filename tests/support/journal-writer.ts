import { setTimeout as sleep } from 'node:timers/promises'
import { createLog } from '../../src/lib/base/log.ts'
import { fail } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { aClick } from './events.ts'

// A process that journals a click every few milliseconds and says which, while the database is away. Its clock is off.
const [, , folder = '', offset = '0'] = process.argv
const nothing = () => {}
const events = openEventBuffer({
  folder,
  sync: 'write',
  maxBytes: 1e8,
  maxEvents: 10_000,
  record: async () => fail({ code: 'unavailable', message: 'away' }),
  now: () => Date.now() + Number(offset),
  log: createLog('silent'),
  onFault: nothing,
  onFlush: nothing,
  onDamaged: nothing,
})
setInterval(() => void events.tend(), 50)
for (;;) {
  const click = aClick({ at: Date.now() + Number(offset) })
  if ((await events.buffer.accept(click)) === 'journaled') process.stdout.write(`${click.event_id}\n`)
  await sleep(5)
}
