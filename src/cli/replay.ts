import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ok } from '../lib/base/result.ts'
import { damagedFile } from '../lib/buffer/damaged.ts'
import { type EventBuffer, openEventBuffer } from '../lib/buffer/event-buffer.ts'
import { rejectsFile, takeRejects } from '../lib/buffer/rejects.ts'
import type { Database } from '../lib/database/database.ts'
import type { Config } from '../lib/settings/config.ts'
import { keepRecorded } from '../lib/tracking/record-events.ts'
import { loadConfig } from '../server/load-config.ts'
import { type Command, count, failed, type Outcome, print, readArguments, remark } from './command.ts'
import { commandLog, withDatabase } from './database.ts'
import { createReplayOutcome } from './replay-outcome.ts'

const megabyte = 1024 * 1024
const atOnce = 1_000
/** Milliseconds without any progress after which a replay gives up. */
const patience = 15_000

export const replayCommand: Command = {
  name: 'replay',
  summary: 'retry recording what the database refused or a dead instance left behind',
  synopsis: '[--gone] [FOLDER]',
  help: `Records the events in PROMO_DATA_DIR/journal that no running site will record: those in the rejects file,
for example after a deleted variation was restored, and the journal of instances that are gone. Lines of the
journal that could not be read are tried again as well. Each event counts once however often it is replayed.
What the database refuses again goes back to the rejects file; unchecked clicks on texts that do not exist
are only counted. Says what was recorded, what was there already and what was rejected, by reason. Safe
while the site is running.

  FOLDER  the data folder of an instance that is gone for good, or a copy of it, in place of
          PROMO_DATA_DIR: all that is in its journal, as with --gone.

Options:
  --gone  also what instances left behind that ran on another machine or in a container, if that is gone
          for good. Without it, they count as gone once they have shown no sign of life for a minute while a
          site on this folder watched.

Examples:
  npm run promo -- replay
  npm run promo -- replay /mnt/old-disk/.data`,
  async run(args) {
    const read = readArguments(args, { gone: { type: 'boolean' } }, ['FOLDER?'])
    if (!read.ok) return read
    const config = loadConfig()
    const [left] = read.value.operands
    const gone = read.value.values.gone === true || left !== undefined
    const folder = join(left ?? config.PROMO_DATA_DIR, 'journal')
    if (left !== undefined && !existsSync(folder))
      return failed(`There is no ${folder}: name the folder that was PROMO_DATA_DIR`)
    return await withDatabase(config, (database) => replay(config, database, folder, gone))
  },
}

/** Rejects go through a journal of this process first, so that none is lost whenever it ends. */
async function replay(config: Config, database: Database, folder: string, gone: boolean): Promise<Outcome> {
  const taken = takeRejects(folder)
  const outcome = createReplayOutcome(database)
  let replayed = 0
  let damaged = 0
  const events = openEventBuffer({
    folder,
    sync: config.PROMO_JOURNAL_SYNC,
    maxBytes: config.PROMO_JOURNAL_MAX_MB * megabyte,
    maxEvents: config.PROMO_BUFFER_MAX_EVENTS,
    record: outcome.record,
    keep: keepRecorded(database, config),
    now: Date.now,
    log: commandLog(),
    onFault: () => {},
    onFlush(count) {
      replayed += count
    },
    onDamaged(lines) {
      damaged += lines
    },
  })
  await (gone ? events.takeUnknown() : events.tend())
  await events.retryDamaged()
  let kept = true
  for (let from = 0; from < taken.rejects.length; from += atOnce) {
    const group = taken.rejects.slice(from, from + atOnce)
    const accepted = await Promise.all(group.map(({ event }) => events.buffer.accept(event)))
    kept &&= accepted.every((acceptance) => acceptance === 'journaled')
  }
  if (kept) taken.done(Date.now())
  await drain(events)
  await events.close(0)
  const { depth, rejects } = events.readings()
  if (taken.damaged > 0)
    remark(`${count(taken.damaged, 'line')} of the rejects file could not be read: kept next to it`)
  if (damaged > 0)
    remark(`${count(damaged, 'line')} of the journal could not be read: kept in ${damagedFile(folder)}`)
  if (events.undecided > 0)
    remark(
      `${count(events.undecided, 'segment')} in ${folder} may have a writer on another machine or in ` +
        'another container. ' +
        'A site on this folder takes over what has shown no sign of life for a minute. ' +
        'If their machine is gone for good: promo replay --gone',
    )
  if (depth > 0)
    return failed(
      `The database does not answer: ${count(depth, 'event')} wait in ${folder} for the next replay`,
    )
  if (!kept) return failed(`${folder} cannot be written: the rejects were tried and stay unchanged`)
  if (replayed === 0) print(events.undecided > 0 ? 'nothing replayed' : 'nothing to replay')
  else print(outcome.describe(replayed))
  if (rejects > 0) print(`${count(rejects, 'event')} in ${rejectsFile(folder)} for another replay`)
  return ok(undefined)
}

async function drain({ flusher, readings }: EventBuffer): Promise<void> {
  let left = Number.POSITIVE_INFINITY
  while (!(await flusher.drained(patience)) && readings().depth < left) left = readings().depth
}
