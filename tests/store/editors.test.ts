import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { addEditor, removeEditor } from '../../src/lib/auth/editor.ts'
import { hashPassword, verifyPassword } from '../../src/lib/auth/password.ts'
import { createSignIn } from '../../src/lib/auth/sign-in.ts'
import { ok } from '../../src/lib/base/result.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { listEditors } from '../../src/lib/store/editors.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { patientDatabase } from '../support/patient-database.ts'

let tested: TestDatabase
let database: Database
const password = 'twelve or more'

async function open(options: { turkish?: boolean } = {}) {
  tested = await createTestDatabase(options)
  database = patientDatabase(() => tested.url)
}

async function close() {
  await database.close()
  await tested.drop()
}

const names = async () => (await listEditors(tested.sql)).map(({ name }) => name)

describe('editors', () => {
  beforeAll(() => open())
  afterAll(close)

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
    expect(await addEditor(database, { name: '', password })).toMatchObject({
      fault: { code: 'invalid_name' },
    })
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
    const closed = patientDatabase(() => tested.url)
    await closed.close()
    expect(await addEditor(closed, { name: 'Dee', password })).toMatchObject({
      fault: { code: 'unavailable' },
    })
    expect(await removeEditor(closed, 'Dee')).toMatchObject({ fault: { code: 'unavailable' } })
  })

  test('an editor that the database refuses is a fault', async () => {
    await tested.sql`create table kept (id integer references promo_editors)`
    await tested.sql`insert into kept select id from promo_editors where name = 'Änne'`
    expect(await removeEditor(database, 'Änne')).toMatchObject({ fault: { code: 'conflict' } })
    await tested.sql`alter table promo_editors add check (name <> 'Dee')`
    expect(await addEditor(database, { name: 'Dee', password })).toMatchObject({ fault: { code: 'refused' } })
  })
})

describe('with a database that folds case as Turkish does', () => {
  beforeEach(() => open({ turkish: true }))
  afterEach(close)

  /** As the version before has added them. */
  const addFormerly = async (name: string, id: number) => {
    const hash = await hashPassword(`${password} ${id}`)
    await tested.sql`insert into promo_editors (id, name, password_hash) values (${id}, ${name}, ${hash})`
  }
  const signIn = (name: string, id: number) =>
    createSignIn(database, { now: () => 0 })({ name, password: `${password} ${id}`, address: '192.0.2.7' })

  test('names are compared as Unicode does', async () => {
    expect(await tested.sql`select lower('INFO') as name`).toEqual([{ name: 'ınfo' }])
    expect(await addEditor(database, { name: 'INFO', password: `${password} 1` })).toMatchObject({ ok: true })
    expect(await addEditor(database, { name: 'info', password })).toMatchObject({
      fault: { code: 'name_taken' },
    })
    expect(await addEditor(database, { name: 'Ilse', password })).toMatchObject({ ok: true })
    expect(await signIn('Info', 1)).toMatchObject({ value: { name: 'INFO' } })
    expect(await removeEditor(database, 'ınfo')).toMatchObject({ fault: { code: 'no_such_editor' } })
    expect(await removeEditor(database, 'info')).toEqual(ok('INFO'))
    expect(await names()).toEqual(['Ilse'])
  })

  test('editors of the former version keep their names, and nobody else can get them', async () => {
    await addFormerly('INFO', 101)
    await addFormerly('info', 102)
    await addFormerly('Ilse', 103)
    expect(await signIn('ilse', 103)).toMatchObject({ value: { id: 103 } })
    expect(await addEditor(database, { name: 'ilse', password })).toMatchObject({
      fault: { code: 'name_taken' },
    })
    expect(await addEditor(database, { name: 'Bo', password })).toMatchObject({ ok: true })
    const folded = await tested.sql`select id, folded_name from promo_editors where id > 100 order by id`
    expect(folded).toEqual([
      { id: 101, folded_name: 'info' },
      { id: 102, folded_name: null },
      { id: 103, folded_name: 'ilse' },
    ])
    expect(await signIn('info', 102)).toMatchObject({ value: { id: 102 } })
    expect(await signIn('INFO', 101)).toMatchObject({ value: { id: 101 } })
    expect(await signIn('Info', 101)).toMatchObject({ value: { id: 101 } })
    expect(await removeEditor(database, 'info')).toEqual(ok('info'))
    expect(await names()).toEqual(['Bo', 'Ilse', 'INFO'])
  })

  test('two that add a name at once add it once', async () => {
    const added = await Promise.all(
      ['INFO', 'info', 'Info', 'iNFO'].map((name) => addEditor(database, { name, password })),
    )
    expect(added.filter(({ ok }) => ok)).toHaveLength(1)
    expect(await names()).toHaveLength(1)
  })
})
