import type { IncomingMessage, ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { type FakeStrapi, sendJson, startFakeStrapi } from './fake-strapi.ts'

/** What a tracking request of ours may say, each in the form that Matomo's description has for it. */
const allowed: Record<string, RegExp> = {
  idsite: /^[1-9]\d*$/,
  rec: /^1$/,
  apiv: /^1$/,
  new_visit: /^1$/,
  bots: /^1$/,
  cdt: /^\d{10}$/,
  link: /^https?:\/\/\S+$/,
  url: /^https?:\/\/\S+$/,
  'dimension[1-9]\\d{0,2}': /^.+$/,
}
const needed = ['idsite', 'rec', 'apiv', 'new_visit', 'bots', 'cdt', 'link', 'url']

/** What is wrong with a tracking request; nothing where Matomo would take it as it is meant. */
function faultOf(query: unknown): string | undefined {
  if (typeof query !== 'string' || !query.startsWith('?')) return 'is no query'
  const given = new URLSearchParams(query)
  for (const [name, value] of given) {
    const form = Object.entries(allowed).find(([known]) => new RegExp(`^${known}$`).test(name))?.[1]
    if (!form) return `has ${name}, which Matomo or we have no use for`
    if (!form.test(value)) return `${name} is ${value}`
    if (given.getAll(name).length > 1) return `${name} is there twice`
  }
  const missing = needed.find((name) => !given.has(name))
  return missing === undefined ? undefined : `lacks ${missing}`
}

export type FakeMatomo = Pick<FakeStrapi, 'url' | 'start' | 'stop'> & {
  /** Requests that it has tracked, decoded, in their order. */
  tracked: Map<string, string>[]
  /** How many requests each call had. */
  sizes: number[]
  /** What no request of ours may be: each is a failure of the test. */
  faults: string[]
  /** Which requests Matomo calls invalid. */
  refuses: (request: Map<string, string>) => boolean
  /** The status with which Matomo refuses a whole call because of this request. */
  breaksOn: (request: Map<string, string>) => number | undefined
  /** Which requests are neither tracked nor called invalid. */
  skips: (request: Map<string, string>) => boolean
  /** Which requests it never answers. */
  hangsOn: (request: Map<string, string>) => boolean
  /** Whether the token is a super user's, who learns which requests are invalid. */
  superUser: boolean
  /** What it does in place of answering. */
  instead: FakeStrapi['answer'] | undefined
}

export const matomoToken = 'ab'.repeat(16)

/** A server that answers bulk tracking as Matomo 5 does, and takes nothing of any other form. */
export async function startFakeMatomo(): Promise<FakeMatomo> {
  const server = await startFakeStrapi((request, response) => void answer(request, response))
  const fake: FakeMatomo = {
    ...{ url: server.url, start: server.start, stop: server.stop },
    ...{ tracked: [], sizes: [], faults: [], refuses: () => false, superUser: true, instead: undefined },
    ...{ breaksOn: () => undefined, skips: () => false, hangsOn: () => false },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (fake.instead) return fake.instead(request, response)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body: unknown = JSON.parse(Buffer.concat(chunks).toString())
    const { requests, token_auth, ...rest }: Record<string, unknown> = Object(body)
    if (request.method !== 'POST' || request.url !== '/matomo.php?queuedtracking=0')
      fake.faults.push(`${request.method} ${request.url}`)
    if (request.headers['content-type'] !== 'application/json') fake.faults.push('is not JSON')
    if (token_auth !== matomoToken) fake.faults.push('has another token')
    if (Object.keys(rest).length > 0) fake.faults.push(`has ${Object.keys(rest)}`)
    const queries: unknown[] = Array.isArray(requests) ? requests : []
    fake.sizes.push(queries.length)
    const read = queries.map((query) => new Map(new URLSearchParams(`${query}`)))
    for (const query of queries) {
      const fault = faultOf(query)
      if (fault !== undefined) fake.faults.push(fault)
    }
    if (read.some((one) => fake.hangsOn(one))) return
    const broken = read.flatMap((one) => fake.breaksOn(one) ?? [])[0]
    if (broken !== undefined) return sendJson(response, broken, { status: 'error', tracked: 0, invalid: 0 })
    const invalid = read.flatMap((one, index) => (fake.refuses(one) ? [index] : []))
    const tracked = read.filter((one) => !fake.refuses(one) && !fake.skips(one))
    fake.tracked.push(...tracked)
    sendJson(response, 200, {
      status: 'success',
      tracked: tracked.length,
      invalid: invalid.length,
      ...(fake.superUser && { invalid_indices: invalid }),
    })
  }

  onTestFinished(() => {
    if (fake.faults.length > 0) throw new Error(`not as Matomo wants it: ${fake.faults.join(', ')}`)
  })
  return fake
}
