import { addEditor, type EditorFault, removeEditor } from '../lib/auth/editor.ts'
import { acceptName } from '../lib/auth/editor-name.ts'
import { acceptPassword, generatePassword } from '../lib/auth/password.ts'
import { renewSessions } from '../lib/auth/session-secret.ts'
import { ok, type Result } from '../lib/base/result.ts'
import type { DatabaseFault } from '../lib/database/sql.ts'
import { listEditors } from '../lib/store/editors.ts'
import { loadConfig } from '../server/load-config.ts'
import {
  type Command,
  type CommandFault,
  failed,
  misused,
  type Outcome,
  print,
  readArguments,
} from './command.ts'
import { databaseFailed, withDatabase } from './database.ts'
import { readPassword } from './read-password.ts'

export const editorCommand: Command = {
  name: 'editor',
  summary: 'add, list or remove who may sign in to the analytics pages, or sign all out',
  synopsis: 'add NAME [--generate] | list | remove NAME | renew-sessions',
  help: `add NAME      lets NAME sign in. The password (at least 12 characters) is asked for, or read from
              standard input if that is a pipe. Names that differ only in case are the same name.
list          shows who may sign in, and since when
remove NAME   no longer lets NAME sign in
renew-sessions
              makes a new secret for sessions: everybody is signed out on every instance within five seconds, and
              nobody gets in with a secret from a backup

Options:
  --generate   make a strong password and print it, once

Examples:
  npm run promo -- editor add anna --generate
  npm run promo -- editor remove anna`,
  async run([action, ...args]) {
    if (action === 'add') return await add(args)
    if (action === 'list') return await list(args)
    if (action === 'remove') return await remove(args)
    if (action === 'renew-sessions') return await renew(args)
    const actions = 'add, list, remove or renew-sessions'
    return misused(action === undefined ? `${actions} is missing` : `"${action}" is not ${actions}`)
  },
}

async function add(args: string[]): Promise<Outcome> {
  const read = readArguments(args, { generate: { type: 'boolean', default: false } }, ['NAME'])
  if (!read.ok) return read
  const name = acceptName(read.value.operands[0] ?? '')
  if (!name.ok) return misused(name.fault.message)
  const config = loadConfig()
  const { generate } = read.value.values
  const password = generate ? ok(generatePassword()) : await askPassword()
  if (!password.ok) return password
  return await withDatabase(config, async (database) => {
    const added = await addEditor(database, { name: name.value, password: password.value })
    if (!added.ok) return editorFailed(added.fault)
    print(`added editor "${added.value.name}"`)
    if (generate) print(`password: ${password.value}`)
    return ok(undefined)
  })
}

/** The password is checked before the database is opened. */
async function askPassword(): Promise<Result<string, CommandFault>> {
  const given = await readPassword()
  if (!given.ok) return given
  const accepted = acceptPassword(given.value)
  return accepted.ok ? accepted : failed(accepted.fault.message)
}

async function list(args: string[]): Promise<Outcome> {
  const read = readArguments(args, {})
  if (!read.ok) return read
  return await withDatabase(loadConfig(), async (database) => {
    const editors = await database.run((sql) => listEditors(sql))
    if (!editors.ok) return databaseFailed(editors.fault)
    if (editors.value.length === 0) print('no editors yet: add one with "npm run promo -- editor add NAME"')
    const width = Math.max(...editors.value.map(({ name }) => name.length))
    for (const { name, created_at } of editors.value) {
      print(`${name.padEnd(width)}  since ${created_at.toISOString().slice(0, 10)}`)
    }
    return ok(undefined)
  })
}

async function remove(args: string[]): Promise<Outcome> {
  const read = readArguments(args, {}, ['NAME'])
  if (!read.ok) return read
  const [name = ''] = read.value.operands
  return await withDatabase(loadConfig(), async (database) => {
    const removed = await removeEditor(database, name)
    if (!removed.ok) return editorFailed(removed.fault)
    print(`removed editor "${removed.value}"`)
    return ok(undefined)
  })
}

async function renew(args: string[]): Promise<Outcome> {
  const read = readArguments(args, {})
  if (!read.ok) return read
  return await withDatabase(loadConfig(), async (database) => {
    const renewed = await renewSessions(database)
    if (!renewed.ok) return databaseFailed(renewed.fault)
    print('everybody is signed out within five seconds')
    return ok(undefined)
  })
}

const editorFailed = (fault: EditorFault) =>
  isDatabaseFault(fault) ? databaseFailed(fault) : failed(fault.message)

const isDatabaseFault = (fault: EditorFault): fault is DatabaseFault =>
  ['unavailable', 'timeout', 'conflict', 'refused'].includes(fault.code)
