import type { JsonSchema } from '@valibot/to-json-schema'

/** A part of the description of a value: words, with literal `values`, or the name of a schema. */
export type Piece = string | { schema: string }

/** A field of a schema; nested fields follow it, as `outer.inner`, or `outer[].inner` in a list. */
export type FieldInWords = {
  name: string
  kind: Piece[]
  required: boolean
  /** What it means, and its default. */
  description: string
}

type Part = JsonSchema | boolean

/** What a value of this schema may be, such as "whole number from 1 to 8, or null". */
export function kindInWords(part: Part): Piece[] {
  if (typeof part === 'boolean') return ['anything']
  const { $ref, allOf, anyOf, oneOf, enum: choices, items, prefixItems } = part
  if ($ref !== undefined) return [{ schema: $ref.slice($ref.lastIndexOf('/') + 1) }]
  if (allOf) return allOf.flatMap((one) => (isNamed(one) ? kindInWords(one) : []))
  const several = anyOf ?? oneOf
  if (several) return joined(several.map(kindInWords), ', or ')
  if (choices) return [choices.map(quoted).join(', ')]
  if (part.const !== undefined) return [quoted(part.const)]
  if (prefixItems) return ['list of: ', ...joined(prefixItems.map(kindInWords), ', ')]
  if (items !== undefined && !Array.isArray(items)) return ['list of ', ...kindInWords(items)]
  return [plainKind(part)]
}

/** All fields of an object, those within it included. */
export function fieldsInWords(part: Part, within = ''): FieldInWords[] {
  if (typeof part === 'boolean') return []
  const { properties = {}, required = [], items, anyOf = [] } = part
  const inside =
    items !== undefined && !Array.isArray(items) ? fieldsInWords(items, `${withoutDot(within)}[].`) : []
  const fields = Object.entries(properties).flatMap(([name, field]) => [
    {
      name: `${within}${name}`,
      kind: kindInWords(field),
      required: required.includes(name),
      description: describe(field),
    },
    ...fieldsInWords(field, `${within}${name}.`),
  ])
  return [...fields, ...inside, ...anyOf.flatMap((one) => fieldsInWords(one, within))]
}

const withoutDot = (prefix: string): string => prefix.replace(/\.$/, '')

const isNamed = (part: Part): boolean =>
  typeof part === 'object' && (part.$ref !== undefined || part.oneOf !== undefined)

function describe(part: Part): string {
  if (typeof part === 'boolean') return ''
  const preset = part.default === undefined ? '' : `Without it ${quoted(part.default)}.`
  return [part.description ?? '', preset].filter((text) => text !== '').join(' ')
}

const joined = (parts: readonly Piece[][], between: string): Piece[] =>
  parts.flatMap((part, index) => (index === 0 ? part : [between, ...part]))

const quoted = (value: unknown): string => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``

const numbers = new Intl.NumberFormat('en')
const names: Record<string, string> = {
  integer: 'whole number',
  boolean: 'true or false',
  string: 'text',
  uuid: 'UUID',
  uri: 'address',
  date: 'day',
  'date-time': 'time',
}

/** What the patterns of texts mean; readers of a page are no parsers. */
export const patternsInWords: Readonly<Record<string, string>> = {
  '^[2-8]$': 'whole number from 2 to 8',
  '^[1-9]\\d{0,9}$': 'whole number from 1',
  '^2\\d{3}-\\d{2}-\\d{2}$': 'day such as `2025-10-19`',
  '^\\d{4}-\\d\\d-\\d\\d[T ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d{1,9})?)?(Z|[+-]\\d\\d:?\\d\\d)$':
    'time with its zone, such as `2025-10-19T08:00:00Z`',
  '^-?\\d+(\\.\\d+)?$': 'decimal number as text, such as `12.50`',
}

function plainKind({ type, format, pattern, minimum, maximum, minLength, maxLength }: JsonSchema): string {
  const meaning = pattern === undefined ? undefined : patternsInWords[pattern]
  if (meaning !== undefined) return meaning
  const name = `${format ?? type ?? 'anything'}`
  return [names[name] ?? name, bounds(minimum, maximum), bounds(minLength, maxLength, ' characters')].join('')
}

function bounds(least: number | undefined, most: number | undefined, of = ''): string {
  if (least !== undefined && most !== undefined)
    return ` ${of === '' ? 'from' : 'of'} ${numbers.format(least)} to ${numbers.format(most)}${of}`
  if (least !== undefined) return ` of at least ${numbers.format(least)}${of}`
  return most === undefined ? '' : ` of at most ${numbers.format(most)}${of}`
}
