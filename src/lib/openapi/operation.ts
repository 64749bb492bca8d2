import type { JsonSchema } from '@valibot/to-json-schema'
import { type FaultCode, statusOf } from '../http/answer.ts'
import { byField } from '../http/fault-schemas.ts'
import type { Described, EndpointDescription } from './endpoint.ts'
import { type Called, exampleOf, faultExample } from './examples.ts'
import { faultHeaders, faultMeanings } from './faults.ts'
import { querySchemas, refTo } from './schemas.ts'

/** The answer of any endpoint to an invalid `Host`. */
const always: readonly FaultCode[] = ['validation_error']
/** What it answers to a body, where it takes one. */
const ofBodies: readonly FaultCode[] = ['body_too_slow', 'body_too_large']

const text: JsonSchema = { type: 'string' }
const headers = {
  ETag: { description: 'Changes with the answer.', schema: text },
  'Cache-Control': { description: 'How long it may be reused without asking again.', schema: text },
  'Content-Disposition': { description: 'The name of the file, for CSV.', schema: text },
  Vary: { description: 'What the answer depends on.', schema: text },
}

export type Parameter = {
  name: string
  in: string
  description: string | undefined
  schema: JsonSchema | boolean
}

export const parametersOf = ({ schema, about }: NonNullable<EndpointDescription['query']>): Parameter[] =>
  Object.entries(querySchemas(schema)).map(([name, field]) => ({
    name,
    in: 'query',
    description: about[name],
    schema: field,
  }))

type MediaContent = { schema: JsonSchema; examples: Record<string, { value: unknown }> }
export type Answered = {
  description: string
  headers?: Record<string, { description: string }>
  content?: Record<string, MediaContent>
}

/** All answers by status. For answers without a body (`bare`), contents are left out. */
export function answersOf(
  endpoint: Pick<EndpointDescription, 'name' | 'answers' | 'faults' | 'access' | 'body'>,
  bare = false,
): Record<string, Answered> {
  const { answers, faults, body } = endpoint
  const all = new Set([...faults, ...always, ...(body ? ofBodies : [])])
  const codes = Map.groupBy(all, (code): number => statusOf[code])
  const statuses = new Set([...answers.map(({ status }) => status), ...codes.keys()])
  return Object.fromEntries(
    [...statuses]
      .toSorted((one, other) => one - other)
      .map((status) => {
        const answer = answers.find((one) => one.status === status)
        const faulty = codes.get(status)
        const parts = [answer && goodAnswer(answer), faulty && faultAnswerOf(faulty, endpoint, bare)]
        return [status, parts.filter((part) => part !== undefined).reduce(joined)]
      }),
  )
}

const goodAnswer = ({ description, headers: names = [], contents }: Described): Answered => ({
  description,
  ...(names.length > 0 && { headers: Object.fromEntries(names.map((name) => [name, headers[name]])) }),
  ...(contents && {
    content: Object.fromEntries(
      contents.map(({ type, schema, examples }) => [
        type,
        {
          schema: schema ? refTo(schema) : text,
          examples: Object.fromEntries(examples.map((name) => [name, { value: exampleOf(name) }])),
        },
      ]),
    ),
  }),
})

function faultAnswerOf(codes: readonly FaultCode[], endpoint: Called, bare: boolean): Answered {
  const ofFaults = Object.assign({}, ...codes.map((code) => faultHeaders[code]))
  return {
    description: codes.map((code) => `\`${code}\`: ${faultMeanings[code]}`).join('\n\n'),
    ...(Object.keys(ofFaults).length > 0 && { headers: ofFaults }),
    ...(!bare && {
      content: {
        'application/json': {
          schema: faultSchema(codes),
          examples: Object.fromEntries(codes.map((code) => [code, { value: faultExample(code, endpoint) }])),
        },
      },
    }),
  }
}

/** The bodies of these faults, and no other fault. */
function faultSchema(codes: readonly FaultCode[]): JsonSchema {
  const names = [...new Set(codes.map(schemaOf))]
  const body = names.length === 1 ? refTo(names.join('')) : { oneOf: names.map(refTo) }
  return { allOf: [body, { properties: { error: { enum: [...codes] } } }] }
}

const schemaOf = (code: FaultCode): string => {
  if (code === 'tracking_failed') return 'TrackingFault'
  return byField.some((one) => one === code) ? 'FieldFault' : 'Fault'
}

/** A status of both a success and faults has the contents of both. */
function joined(answer: Answered, fault: Answered): Answered {
  const type = 'application/json'
  const [good, bad] = [answer.content?.[type], fault.content?.[type]]
  return {
    description: `${answer.description}\n\n${fault.description}`,
    ...(good &&
      bad && {
        content: {
          [type]: {
            schema: { oneOf: [good.schema, bad.schema] },
            examples: { ...good.examples, ...bad.examples },
          },
        },
      }),
  }
}
