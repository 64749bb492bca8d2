import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Others may enter, whatever the umask: a site that root starts runs PostgreSQL as a user of its own. */
const mode = 0o711

/**
 * Creates the folder for what a site keeps, if it is missing, with a `.gitignore` for all of it: it is inside
 * somebody's project, and nobody should commit a database. Throws what the file system says.
 */
export function makeDataFolder(folder: string): void {
  if (mkdirSync(folder, { recursive: true, mode }) === undefined) return
  chmodSync(folder, mode)
  writeFileSync(join(folder, '.gitignore'), '*\n')
}
