import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

const folder = new URL('../../db/migrations/', import.meta.url)
const file = new URL('../fixtures/migration-digests.json', import.meta.url)

/** The SHA-256 of each migration that there is. */
export const presentDigests = (): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder)
      .filter((name) => name.endsWith('.sql'))
      .toSorted()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(new URL(name, folder)))
          .digest('hex'),
      ]),
  )

/** As they were when each was added: sites have run them since. */
export const writtenDigests = (): Record<string, string> => JSON.parse(readFileSync(file, 'utf8'))

/** Notes new migrations; what is noted stays. */
export function noteDigests(): void {
  writeFileSync(file, `${JSON.stringify({ ...presentDigests(), ...writtenDigests() }, null, 2)}\n`)
}
