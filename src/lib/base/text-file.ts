import { readFileSync } from 'node:fs'
import { fail, messageOf, ok, type Result } from './result.ts'

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file. Check the path',
  ENOTDIR: 'a part of its path is not a folder. Check the path',
  EISDIR: 'it is a folder. Name a file',
  EACCES: 'this user may not read it. Give the user permission, or name another file',
}

/**
 * The text of a file that somebody named. The fault completes a sentence that begins with the file's name, and has the
 * remedy.
 */
export function readTextFile(path: string | URL): Result<string, string> {
  let content: Buffer
  try {
    content = readFileSync(path)
  } catch (error) {
    const message = messageOf(error)
    const known = Object.entries(reasons).find(([code]) => message.startsWith(`${code}:`))
    return fail(`cannot be read: ${known?.[1] ?? message}`)
  }
  try {
    return ok(new TextDecoder('utf-8', { fatal: true }).decode(content))
  } catch {
    return fail('is not UTF-8 text. Save it with that encoding')
  }
}
