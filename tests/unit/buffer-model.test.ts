import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createLog } from '../../src/lib/base/log.ts'
import { fail, ok } from '../../src/lib/base/result.ts'
import { openEventBuffer } from '../../src/lib/buffer/event-buffer.ts'
import { decodeLines } from '../../src/lib/buffer/read-lines.ts'
import { aClick } from '../support/events.ts'
import { failingFiles } from '../support/failing-files.ts'
import { temporaryFolder } from '../support/folders.ts'
import { patience } from '../support/patience.ts'

const nothing = () => {}
/** Few, so that segments end often and memory is short. */
const maxEvents = 20

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ accept: fc.integer({ min: 1, max: 50 }) }) },
  { weight: 2, arbitrary: fc.record({ database: fc.constantFrom('up', 'away') }) },
  { weight: 2, arbitrary: fc.record({ disk: fc.constantFrom('well', 'full', 'fills') }) },
  { weight: 1, arbitrary: fc.record({ wait: fc.integer({ min: 0, max: 30 }) }) },
)

test('whatever disk and database do, each event that was not reported as lost is recorded, and no other', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 20 }), async (steps) => {
      const folder = temporaryFolder()
      const files = failingFiles()
      const recorded = new Set<string>()
      let database = 'away'
      let lost = 0
      const events = openEventBuffer({
        folder,
        sync: 'write',
        maxBytes: 1e8,
        maxEvents,
        async record(lines) {
          if (database !== 'up') return fail({ code: 'unavailable', message: 'away' })
          for (const { event_id } of decodeLines(lines).events) recorded.add(event_id)
          return ok([])
        },
        now: Date.now,
        log: createLog('silent'),
        onFault: (_, dropped) => {
          lost += dropped
        },
        onFlush: nothing,
        onDamaged: nothing,
        files,
      })
      const isSafe = (id: string) =>
        recorded.has(id) ||
        readdirSync(folder)
          .filter((name) => name.endsWith('.journal'))
          .some((name) =>
            decodeLines(readFileSync(join(folder, name))).events.some(({ event_id }) => event_id === id),
          )
      const kept = new Set<string>()
      let dropped = 0
      for (const now of steps) {
        if ('database' in now) database = now.database
        if ('wait' in now) await new Promise((resolve) => setTimeout(resolve, now.wait))
        if ('disk' in now) {
          files.fail = now.disk === 'full' ? { write: 'ENOSPC' } : {}
          files.room = now.disk === 'fills' ? 3_000 : Number.POSITIVE_INFINITY
        }
        if ('accept' in now) {
          const clicks = Array.from({ length: now.accept }, () => aClick())
          const accepted = await Promise.all(clicks.map((click) => events.buffer.accept(click)))
          for (const [index, { event_id }] of clicks.entries()) {
            if (accepted[index] === 'lost') dropped += 1
            else kept.add(event_id)
            if (accepted[index] === 'journaled' && index === 0) expect(isSafe(event_id)).toBe(true)
          }
        }
      }
      files.fail = {}
      files.room = Number.POSITIVE_INFINITY
      database = 'up'
      expect(await events.flusher.drained(patience)).toBe(true)
      await events.close(500)
      expect([recorded, lost]).toEqual([kept, dropped])
    }),
    { numRuns: 25 },
  )
})
