import { fail, ok, type Result } from '../base/result.ts'
import type { Database } from '../database/database.ts'
import type { DatabaseFault } from '../database/sql.ts'
import { deleteEditor, type Editor, findEditors, insertEditor } from '../store/editors.ts'
import { acceptName, foldName, pickNamed } from './editor-name.ts'
import { acceptPassword, hashPassword } from './password.ts'

export type EditorFault =
  | DatabaseFault
  | { code: 'invalid_name' | 'weak_password' | 'name_taken' | 'no_such_editor'; message: string }

/** Lets somebody sign in. Names that differ only in case are one name. */
export async function addEditor(
  database: Database,
  given: { name: string; password: string },
): Promise<Result<Editor, EditorFault>> {
  const name = acceptName(given.name)
  if (!name.ok) return name
  const password = acceptPassword(given.password)
  if (!password.ok) return fail({ code: 'weak_password', message: password.fault.message })
  const folded = foldName(name.value)
  const known = await database.run((sql) => findEditors(sql, folded))
  if (!known.ok) return known
  if (pickNamed(known.value, name.value)) return taken(name.value)
  const passwordHash = await hashPassword(password.value)
  const alsoFolded = known.value
    .filter(({ folded_name }) => folded_name === null)
    .map(({ id, name }) => ({ id, folded: foldName(name) }))
  const added = await database.run((sql) =>
    insertEditor(sql, { name: name.value, folded, passwordHash, alsoFolded }),
  )
  if (!added.ok) return added
  const [editor] = added.value
  return editor ? ok(editor) : taken(name.value)
}

const taken = (name: string) =>
  fail({
    code: 'name_taken' as const,
    message: `There is already an editor "${name}"; remove that one first`,
  })

/** Returns the name as it was stored. */
export async function removeEditor(database: Database, given: string): Promise<Result<string, EditorFault>> {
  const name = acceptName(given)
  if (!name.ok) return name
  const known = await database.run((sql) => findEditors(sql, foldName(name.value)))
  if (!known.ok) return known
  const editor = pickNamed(known.value, name.value)
  if (!editor) return fail({ code: 'no_such_editor', message: `There is no editor "${name.value}"` })
  const removed = await database.run((sql) => deleteEditor(sql, editor.id))
  return removed.ok ? ok(editor.name) : removed
}
