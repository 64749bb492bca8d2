import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { migrate } from '../../src/lib/database/migrate.ts'
import { describeSchema } from './describe-schema.ts'
import { noteDigests } from './migration-digests.ts'
import { startTestServer } from './postgres-server.ts'

const file = fileURLToPath(new URL('../../db/schema.sql', import.meta.url))
const head =
  '-- What the migrations make of an empty database. Written by "npm run schema"; not to be edited or run.\n\n'

/**
 * `npm run schema` writes db/schema.sql from a fresh server and notes the digests of new migrations; with `--check` it
 * only compares, and exits 1.
 */
const server = await startTestServer()
try {
  const sql = postgres(server.url, { max: 1, onnotice: () => {} })
  await migrate(sql)
  const fresh = head + (await describeSchema(sql))
  await sql.end()
  if (!process.argv.includes('--check')) {
    writeFileSync(file, fresh)
    noteDigests()
  } else report(difference(readFileSync(file, 'utf8'), fresh))
} finally {
  await server.remove()
}

/** The lines from the first that differs to the last, as the file has them and as they are. */
function difference(written: string, fresh: string): string[] {
  const [before, after] = [written.split('\n'), fresh.split('\n')]
  if (written === fresh) return []
  const start = after.findIndex((line, index) => line !== before[index])
  const from = start === -1 ? after.length : start
  let same = 0
  while (same < Math.min(before.length, after.length) - from && before.at(-1 - same) === after.at(-1 - same))
    same += 1
  return [
    `@@ db/schema.sql, line ${from + 1} @@`,
    ...before.slice(from, before.length - same).map((line) => `-${line}`),
    ...after.slice(from, after.length - same).map((line) => `+${line}`),
  ]
}

function report(lines: string[]): void {
  if (lines.length === 0) return
  console.error([...lines, 'db/schema.sql is not what the migrations make: run "npm run schema"'].join('\n'))
  process.exitCode = 1
}
