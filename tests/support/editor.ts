import { scryptSync } from 'node:crypto'
import { foldName } from '../../src/lib/auth/editor-name.ts'
import type { Sql } from '../../src/lib/database/sql.ts'
import { insertEditor } from '../../src/lib/store/editors.ts'

/** The stored form of a password, made with so much work. */
export function hashWith(password: string, cost: number): string {
  const key = scryptSync(password, 'salt', 32, { N: cost, r: 8, p: 1, maxmem: 2 ** 26 })
  const salt = Buffer.from('salt').toString('base64')
  return `$scrypt$ln=${Math.log2(cost)},r=8,p=1$${salt}$${key.toString('base64')}`
}

/**
 * An editor whose password is checked at once. With the hash that `addEditor` makes it takes tenths of a second;
 * tests/store/editors.test.ts and tests/sites/one-site.test.ts sign in with those.
 */
export async function insertQuickEditor(
  sql: Sql,
  { name, password }: { name: string; password: string },
): Promise<void> {
  const editor = { name, folded: foldName(name), passwordHash: hashWith(password, 2 ** 10), alsoFolded: [] }
  const [added] = await insertEditor(sql, editor)
  if (!added) throw new Error(`there is an editor "${name}" already`)
}
