import { fail, ok, type Result } from '../result.ts'
import type { Database, DatabaseFault } from '../store/database.ts'
import { deleteEditor, type Editor, insertEditor } from '../store/editors.ts'
import { acceptPassword, hashPassword } from './password.ts'

export type EditorFault =
  | DatabaseFault
  | { code: 'invalid_name' | 'weak_password' | 'name_taken' | 'no_such_editor'; message: string }

const longestName = 100

/** An editor's name without blanks around it, or why it will not do. */
export function acceptName(given: string): Result<string, EditorFault> {
  const name = given.trim().normalize('NFC')
  const length = [...name].length
  if (length > 0 && length <= longestName && !/[\p{Cc}\p{Cs}]/u.test(name)) return ok(name)
  return fail({
    code: 'invalid_name',
    message: `The name must have 1 to ${longestName} printable characters`,
  })
}

/** Lets somebody sign in. Names that differ only in case are one name. */
export async function addEditor(
  database: Database,
  given: { name: string; password: string },
): Promise<Result<Editor, EditorFault>> {
  const name = acceptName(given.name)
  if (!name.ok) return name
  const password = acceptPassword(given.password)
  if (!password.ok) return fail({ code: 'weak_password', message: password.fault.message })
  const hash = await hashPassword(password.value)
  const added = await database.run((sql) => insertEditor(sql, name.value, hash))
  if (!added.ok) return added
  const [editor] = added.value
  return editor
    ? ok(editor)
    : fail({
        code: 'name_taken',
        message: `There is an editor "${name.value}" already; remove that one first`,
      })
}

/** Answers the name as it was stored. */
export async function removeEditor(database: Database, given: string): Promise<Result<string, EditorFault>> {
  const name = acceptName(given)
  if (!name.ok) return name
  const removed = await database.run((sql) => deleteEditor(sql, name.value))
  if (!removed.ok) return removed
  const [editor] = removed.value
  return editor
    ? ok(editor.name)
    : fail({ code: 'no_such_editor', message: `There is no editor "${name.value}"` })
}
