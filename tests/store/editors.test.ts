import { afterAll, beforeAll, expect, test } from 'vitest'
import { addEditor, removeEditor } from '../../src/lib/auth/editor.ts'
import { verifyPassword } from '../../src/lib/auth/password.ts'
import { openLog } from '../../src/lib/operations/log.ts'
import { ok } from '../../src/lib/result.ts'
import { type Database, openDatabase } from '../../src/lib/store/database.ts'
import { listEditors } from '../../src/lib/store/editors.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let tested: TestDatabase
let database: Database
const password = 'twelve or more'

beforeAll(async () => {
  tested = await createTestDatabase()
  database = openDatabase({ locate: async () => ok(tested.url), log: openLog('silent') })
})

afterAll(async () => {
  await database.close()
  await tested.drop()
})

const names = async () => (await listEditors(tested.sql)).map(({ name }) => name)

test('an editor is added once, whatever the case of the name', async () => {
  expect(await addEditor(database, { name: ' Änne ', password })).toMatchObject({
    ok: true,
    value: { name: 'Änne' },
  })
  expect(await addEditor(database, { name: 'äNNE', password })).toMatchObject({
    fault: { code: 'name_taken' },
  })
  expect(await addEditor(database, { name: 'Bo', password })).toMatchObject({ ok: true })
  expect(await names()).toEqual(expect.arrayContaining(['Bo', 'Änne']))
  expect(await names()).toHaveLength(2)
})

test('the database keeps a hash that fits the password, and not the password', async () => {
  const rows = await tested.sql<{ password_hash: string }[]>`select * from promo_editors where name = 'Bo'`
  expect(JSON.stringify(rows)).not.toContain(password)
  expect(await verifyPassword(password, rows[0]?.password_hash ?? '')).toBe(true)
})

test('faulty names and passwords are refused before the database is asked', async () => {
  expect(await addEditor(database, { name: '', password })).toMatchObject({ fault: { code: 'invalid_name' } })
  expect(await addEditor(database, { name: 'Cy', password: 'too short' })).toMatchObject({
    fault: { code: 'weak_password' },
  })
  expect(await removeEditor(database, '\0')).toMatchObject({ fault: { code: 'invalid_name' } })
  expect(await names()).toHaveLength(2)
})

test('an editor is removed, whatever the case of the name', async () => {
  expect(await removeEditor(database, 'bO')).toEqual(ok('Bo'))
  expect(await removeEditor(database, 'bo')).toMatchObject({ fault: { code: 'no_such_editor' } })
  expect(await names()).toEqual(['Änne'])
})

test('a database that does not answer is a fault', async () => {
  const closed = openDatabase({ locate: async () => ok(tested.url), log: openLog('silent') })
  await closed.close()
  expect(await addEditor(closed, { name: 'Dee', password })).toMatchObject({ fault: { code: 'unavailable' } })
  expect(await removeEditor(closed, 'Dee')).toMatchObject({ fault: { code: 'unavailable' } })
})
