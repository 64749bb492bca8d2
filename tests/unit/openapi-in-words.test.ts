import { expect, test } from 'vitest'
import { fieldsInWords, kindInWords } from '../../src/lib/openapi/in-words.ts'

type Part = Parameters<typeof kindInWords>[0]

const told = (part: Part): string =>
  kindInWords(part)
    .map((piece) => (typeof piece === 'string' ? piece : `<${piece.schema}>`))
    .join('')

const fault = { $ref: '#/components/schemas/Fault' }

test.each<[Part, string]>([
  [true, 'anything'],
  [{}, 'anything'],
  [fault, '<Fault>'],
  [{ allOf: [fault, { properties: { error: { enum: ['unauthorized'] } } }] }, '<Fault>'],
  [
    { allOf: [true, { oneOf: [fault, { $ref: '#/components/schemas/TrackingFault' }] }] },
    '<Fault>, or <TrackingFault>',
  ],
  [
    { anyOf: [{ type: 'string', minLength: 1, maxLength: 1000 }, { type: 'null' }] },
    'text of 1 to 1,000 characters, or null',
  ],
  [{ enum: ['json', 7] }, '`json`, `7`'],
  [{ const: 'all' }, '`all`'],
  [{ type: 'array', items: fault }, 'list of <Fault>'],
  [
    { type: 'array', prefixItems: [{ type: 'number' }, { type: 'boolean' }] },
    'list of: number, true or false',
  ],
  [{ type: 'array', items: [{ type: 'number' }] }, 'array'],
  [{ type: 'integer', minimum: 0 }, 'whole number of at least 0'],
  [{ type: 'integer', minimum: 0, maximum: 10_000_000 }, 'whole number from 0 to 10,000,000'],
  [{ type: 'string', maxLength: 9 }, 'text of at most 9 characters'],
  [{ type: 'string', pattern: '^[2-8]$' }, 'whole number from 2 to 8'],
  [{ type: 'string', pattern: '^[2-9]$' }, 'text'],
  [{ type: 'string', format: 'uuid' }, 'UUID'],
  [{ type: 'string', format: 'ipv4' }, 'ipv4'],
])('a value of %j is described as %s', (part, words) => {
  expect(told(part)).toBe(words)
})

test('fields are listed with those within them, whether they are required, and their defaults', () => {
  const inner = {
    type: 'object',
    properties: { start: { type: 'string', format: 'date' } },
    required: ['start'],
  } as const
  expect(
    fieldsInWords({
      type: 'object',
      properties: {
        recipients: { type: 'integer', default: 1, description: 'How many.' },
        date_range: { ...inner, required: [...inner.required] },
        more: true,
        sends: { type: 'array', items: { type: 'object', properties: { id: { type: 'integer' } } } },
        fault: { anyOf: [{ type: 'object', properties: { code: { type: 'string' } } }, { type: 'null' }] },
      },
      required: ['date_range'],
    }),
  ).toEqual([
    { name: 'recipients', kind: ['whole number'], required: false, description: 'How many. Without it `1`.' },
    { name: 'date_range', kind: ['object'], required: true, description: '' },
    { name: 'date_range.start', kind: ['day'], required: true, description: '' },
    { name: 'more', kind: ['anything'], required: false, description: '' },
    { name: 'sends', kind: ['list of ', 'object'], required: false, description: '' },
    { name: 'sends[].id', kind: ['whole number'], required: false, description: '' },
    { name: 'fault', kind: ['object', ', or ', 'null'], required: false, description: '' },
    { name: 'fault.code', kind: ['text'], required: false, description: '' },
  ])
  expect(fieldsInWords(false)).toEqual([])
})
