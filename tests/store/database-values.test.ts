import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { arrayLiteral } from '../../src/lib/database/array-literal.ts'
import type { Database } from '../../src/lib/database/database.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { patientDatabase } from '../support/patient-database.ts'

let store: TestDatabase
let database: Database

beforeAll(async () => {
  store = await createTestDatabase({ empty: true })
  database = patientDatabase(() => store.url)
})
afterAll(async () => {
  await database?.close()
  await store?.drop()
})

/** PostgreSQL's text has no NUL, and no halves of surrogate pairs. */
const text = fc.string({ unit: 'grapheme' }).map((some) => some.replaceAll('\0', ''))
const awkward = fc.constantFrom(
  '',
  'NULL',
  'null',
  '"',
  '\\',
  '\\"',
  '{',
  '}',
  ',',
  ' ',
  '\n',
  'é',
  '→',
  '👍',
)

test('texts arrive in the database unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.option(fc.oneof(text, awkward))), async (values) => {
      const read = await database.run(
        (sql) => sql`select value from unnest(${arrayLiteral(values, (value) => value)}::text[]) as value`,
      )
      expect(read.ok && read.value.map(({ value }) => value)).toEqual(values)
    }),
    { numRuns: 100 },
  )
})

test('numbers arrive in the database unchanged', async () => {
  await fc.assert(
    fc.asyncProperty(
      // JSON and PostgreSQL's text know no negative zero; adding zero makes it an ordinary one.
      fc.array(fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((some) => some + 0))),
      async (values) => {
        const read = await database.run(
          (sql) => sql`
          select value from unnest(${arrayLiteral(values, (value) => value)}::double precision[]) as value
        `,
        )
        expect(read.ok && read.value.map(({ value }) => value)).toEqual(
          values.map((value) => value && value + 0),
        )
      },
    ),
    { numRuns: 50 },
  )
})
