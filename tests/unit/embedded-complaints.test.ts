import { expect, test } from 'vitest'
import { complaintsIn } from '../../src/lib/database/embedded/run.ts'

const at = (pid: number) => `2026-11-29 00:38:04.20${pid % 10} UTC [${pid}] `
const initdb = (attempt: string, pid: number) =>
  [
    'The files belonging to this database system will be owned by user "nobody".',
    `fixing permissions on existing directory /data/postgres.new-${attempt} ... ok`,
    `running bootstrap script ... ${at(pid)}FATAL:  could not extend file "base/1": full`,
    `${at(pid)}HINT:  Check free disk space.`,
    `initdb: error: could not remove "/data/postgres.new-${attempt}" and "/PostgreSQL.${pid}7"`,
    'child process exited with exit code 134',
  ].join('\n')

test('what initdb complains of is the same at each attempt, without what it reports besides', () => {
  const complaints = complaintsIn(initdb('2d0584cec343', 1548))
  expect(complaints).toBe(
    'running bootstrap script ... FATAL:  could not extend file "base/1": full; HINT:  Check free disk space.; ' +
      'initdb: error: could not remove "/data/postgres.new-" and "/PostgreSQL."',
  )
  expect(complaintsIn(initdb('31bf8cdb39cb', 1620))).toBe(complaints)
})

test('output without a complaint is shown by its last lines', () => {
  expect(complaintsIn('one\ntwo\n\nthree\nkilled')).toBe('two; three; killed')
})
