import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import * as v from 'valibot'
import { apiPath, openApiDocument } from '../../src/lib/openapi/document.ts'

type Asked = { method: string; path: string }
type Answered = { status: number; headers: Record<string, string>; body: string }

const headerSchema = v.object({ required: v.optional(v.boolean(), false) })
const responseSchema = v.object({
  headers: v.optional(v.record(v.string(), headerSchema), {}),
  content: v.optional(v.record(v.string(), v.unknown())),
})
const operationSchema = v.object({
  responses: v.record(v.string(), responseSchema),
  requestBody: v.optional(v.unknown()),
})
const pathsSchema = v.record(v.string(), v.record(v.string(), operationSchema))

/** Headers that do more than protect an answer: each must be described. */
const telling = ['retry-after', 'www-authenticate', 'accept-encoding', 'allow', 'etag', 'set-cookie', 'vary']

const described = openApiDocument()
const paths = v.parse(pathsSchema, described.paths)

const ajv = new Ajv2020({ strict: false, allErrors: true })
addFormats.default(ajv)
ajv.addSchema({ $id: 'api', ...described, components: { schemas: closed(described.components.schemas) } })

/** A field that the description does not name is a fault here; readers of answers are to pass over it. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed)
  if (typeof schema !== 'object' || schema === null) return schema
  const inside = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]))
  return 'properties' in inside && !('openapi' in Object(inside.properties))
    ? { additionalProperties: false, ...inside }
    : inside
}

/** What is wrong with an answer of the API by its description; nothing with answers of other paths. */
export function undocumented({ method, path }: Asked, { status, headers, body }: Answered): string[] {
  const [place = ''] = path.split('?')
  if (!place.startsWith(`${apiPath}/`)) return []
  const endpoint = place.slice(apiPath.length).replace(/(?<!\.json)\/$/, '')
  const operations = paths[endpoint]
  // The server itself answers what Astro can make no request of.
  if (method === 'TRACE') return []
  if (!operations)
    return status === 404 && method !== 'HEAD' ? faultsOf('api#/components/schemas/Fault', body) : []
  const verb = method.toLowerCase()
  const known = verb in operations
  // The description says once what any endpoint answers to another method, and to a body where none is taken.
  if (!known && status === 405)
    return 'allow' in headers &&
      (method === 'HEAD' || faultsOf('api#/components/schemas/Fault', body).length === 0)
      ? []
      : ['405 without what is allowed']
  if (operations[verb]?.requestBody === undefined && [408, 413].includes(status))
    return faultsOf('api#/components/schemas/FieldFault', body)
  const asked = known ? verb : (Object.keys(operations)[0] ?? '')
  if (!known && ![400, 408, 413].includes(status)) return [`${method} is answered with ${status}`]
  const response = operations[asked]?.responses[status]
  if (!response) return [`the status ${status} is not described`]
  const named = new Map(Object.entries(response.headers).map(([name, one]) => [name.toLowerCase(), one]))
  const missing = [...named].filter(([name, { required }]) => required && !(name in headers))
  const untold = telling.filter((name) => name in headers && !named.has(name))
  return [
    ...missing.map(([name]) => `the header ${name} is missing`),
    ...untold.map((name) => `the header ${name} is not described`),
    ...(verb === 'head'
      ? []
      : contentFaults(`${endpoint}/${asked}`, status, response.content, headers, body)),
  ]
}

function contentFaults(
  at: string,
  status: number,
  content: Record<string, unknown> | undefined,
  headers: Record<string, string>,
  body: string,
): string[] {
  if (!content) return body === '' ? [] : ['has a body, which is not described']
  const type = headers['content-type']?.split(';')[0] ?? ''
  if (!(type in content)) return [`the content type ${type} is not described`]
  if (type !== 'application/json') return []
  const [, endpoint = '', method = ''] = /^(.*)\/(\w+)$/.exec(at) ?? []
  const steps = ['paths', endpoint, method, 'responses', String(status), 'content', type, 'schema']
  const pointer = steps.map((step) => encodeURIComponent(step.replaceAll('/', '~1'))).join('/')
  return faultsOf(`api#/${pointer}`, body)
}

function faultsOf(schema: string, body: string): string[] {
  const validate = ajv.getSchema(schema)
  if (!validate) return [`there is no schema at ${schema}`]
  if (validate(JSON.parse(body))) return []
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
  )
}

/** Throws if an answer of the API is not in its description. */
export function expectDocumented(asked: Asked, answer: Answered): void {
  const faults = undocumented(asked, answer)
  if (faults.length === 0) return
  const what = `${asked.method} ${asked.path} → ${answer.status}`
  throw new Error(`${what} is not as described:\n${faults.join('\n')}\n${answer.body.slice(0, 2_000)}`)
}
