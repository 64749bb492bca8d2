import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLog } from '../../src/lib/base/log.ts'
import { ok } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { openDatabase } from '../../src/lib/database/database.ts'
import type { Click } from '../../src/lib/model/event.ts'
import { eventRecorder } from '../../src/lib/tracking/record-events.ts'

/** Clicks a second from their acceptance until the last of them is in the database. */
export async function throughTheJournal(url: string, clicks: readonly Click[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'promo-bench-'))
  const log = createLog('silent')
  const database = openDatabase({ locate: async () => ok(url), log })
  const nothing = () => {}
  const events = openEventBuffer({
    folder,
    sync: 'write',
    maxBytes: 1e9,
    maxEvents: 200_000,
    record: eventRecorder(database),
    now: Date.now,
    log,
    onFault: nothing,
    onFlush: nothing,
    onDamaged: nothing,
  })
  const started = performance.now()
  for (let index = 0; index < clicks.length; index += 100) {
    await Promise.all(clicks.slice(index, index + 100).map((click) => events.buffer.accept(click)))
  }
  await events.flusher.drained(120_000)
  const rate = clicks.length / ((performance.now() - started) / 1000)
  await events.close(1_000)
  await database.close()
  rmSync(folder, { recursive: true })
  return rate
}
