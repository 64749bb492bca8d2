import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'

export type FakeEntry = { id: number; documentId?: string } & Record<string, unknown>

export type FakeStrapi = {
  url: string
  /** Every request so far: its path with the query, decoded, and its headers. */
  requests: { path: string; headers: IncomingMessage['headers'] }[]
  /** What it answers with from now on. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  stop(): Promise<void>
  start(): Promise<void>
}

/** A server that answers as the test says, until the test has ended. */
export async function startFakeStrapi(answer: FakeStrapi['answer']): Promise<FakeStrapi> {
  const server = createServer((request, response) => {
    fake.requests.push({ path: decodeURIComponent(request.url ?? ''), headers: request.headers })
    fake.answer(request, response)
  })
  let port = 0
  const fake: FakeStrapi = {
    url: '',
    requests: [],
    answer,
    async stop() {
      server.closeAllConnections()
      if (server.listening) await new Promise((resolve) => server.close(resolve))
    },
    async start() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
      const address = server.address()
      if (typeof address === 'object' && address) port = address.port
    },
  }
  await fake.start()
  fake.url = `http://127.0.0.1:${port}`
  onTestFinished(fake.stop)
  return fake
}

export const sendJson = (response: ServerResponse, status: number, body: unknown, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(body))
}

/** An error as Strapi words it. */
export const sendError = (response: ServerResponse, status: number, message: string, headers = {}): void =>
  sendJson(response, status, { data: null, error: { status, name: 'Error', message, details: {} } }, headers)

/** Fields by the relation or component that a query wants to come along. */
function populated(query: URLSearchParams): Map<string, string[]> {
  const wanted = new Map<string, string[]>()
  for (const [name, value] of query) {
    const relation = /^populate\[(\w+)\]\[fields\]\[\d+\]$/.exec(name)?.[1]
    if (relation !== undefined) wanted.set(relation, [...(wanted.get(relation) ?? []), value])
  }
  return wanted
}

const pick = (from: Record<string, unknown>, names: readonly string[]) =>
  Object.fromEntries(Object.entries(from).filter(([name]) => names.includes(name)))

/** Entries within an entry: in Strapi 4 a relation has `data` and `attributes`, and a component has neither. */
function showWithin(within: unknown, fields: readonly string[], v4: boolean): unknown {
  if (!Array.isArray(within)) return within
  const many: FakeEntry[] = within
  const component = many.every(({ documentId }) => documentId === undefined)
  const shown = many.map(({ id, documentId, ...rest }) =>
    v4 && !component
      ? { id, attributes: pick(rest, fields) }
      : { id, ...(documentId && { documentId }), ...pick(rest, fields) },
  )
  return v4 && !component ? { data: shown } : shown
}

/**
 * Answers as Strapi does for a collection with these entries: filters, fields, what comes along, order and
 * pages of at most a hundred, flat as Strapi 5 or with the `attributes` of 4.
 */
export function collection(
  entries: () => readonly FakeEntry[],
  { v4 = false, etags = false }: { v4?: boolean; etags?: boolean } = {},
): FakeStrapi['answer'] {
  return (request, response) => {
    const query = new URL(request.url ?? '/', 'http://strapi').searchParams
    const fields = [...query].flatMap(([name, value]) => (name.startsWith('fields[') ? [value] : []))
    const known = new Set(entries().flatMap((entry) => Object.keys(entry)))
    const along = populated(query)
    const unknown =
      known.size > 0 ? [...fields, ...along.keys()].find((field) => !known.has(field)) : undefined
    if (unknown !== undefined && !v4) {
      sendError(response, 400, `Invalid key ${unknown}`)
      return
    }
    const after = Number(query.get('filters[id][$gt]') ?? 0)
    const equal = [...query].flatMap(([name, value]) => {
      const field = /^filters\[(\w+)\]\[\$eq\]$/.exec(name)?.[1]
      return field === undefined ? [] : [{ field, value }]
    })
    const found = entries()
      .filter((entry) => entry.id > after && equal.every(({ field, value }) => entry[field] === value))
      .toSorted((one, other) => one.id - other.id)
    const size = Math.min(100, Number(query.get('pagination[pageSize]') ?? 25))
    const data = found.slice(0, size).map(({ id, documentId, ...rest }) => {
      const within = [...along].flatMap(([name, wanted]) =>
        name in rest ? [[name, showWithin(rest[name], wanted, v4)] as const] : [],
      )
      const shown = { ...pick(rest, fields), ...Object.fromEntries(within) }
      return v4 ? { id, attributes: shown } : { id, ...(documentId && { documentId }), ...shown }
    })
    const body = { data, meta: { pagination: { page: 1, pageSize: size, total: found.length } } }
    const etag = `"${createHash('sha1').update(JSON.stringify(body)).digest('hex')}"`
    if (etags && request.headers['if-none-match'] === etag) {
      response.writeHead(304, { etag }).end()
      return
    }
    sendJson(response, 200, body, etags ? { etag } : {})
  }
}

/** So many links, as entries of Strapi. */
export const someLinks = (count: number): FakeEntry[] =>
  Array.from({ length: count }, (_, index) => ({
    id: 2 * index + 2,
    documentId: `document${String(index + 1).padStart(5, '0')}`,
    slug: `link-${index + 1}`,
    destination_url: `https://merchant.example/${index + 1}`,
    active: true,
  }))
