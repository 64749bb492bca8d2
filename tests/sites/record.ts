import { askHost } from '../pages/running-site.ts'
import type { SiteProcess } from '../support/site.ts'
import type { HostRequest } from './sites.ts'

export type Recorded = Record<string, { status: number; headers: Record<string, string>; body: string }>

/** They say when and over which connection, or come from the date of a file. */
const ofTheMoment = new Set(['date', 'connection', 'keep-alive', 'last-modified', 'etag'])

/**
 * What a site answers to each request and to those for the built files that its pages name, with its bytes and with
 * every header that its owner has a say in.
 */
export async function record(site: SiteProcess, requests: readonly HostRequest[]): Promise<Recorded> {
  const recorded = await recordEach(site, requests)
  const built = Object.values(recorded).flatMap(({ body }) => body.match(/\/[\w./-]*_astro\/[\w.@-]+/g) ?? [])
  const files = [...new Set(built)].map((path) => ({ path }))
  return { ...recorded, ...(await recordEach(site, files)) }
}

async function recordEach(site: SiteProcess, requests: readonly HostRequest[]): Promise<Recorded> {
  const recorded: Recorded = {}
  for (const { path, ...sent } of requests) {
    // Pages may say where they are.
    const named = { ...sent, headers: { host: 'localhost', ...sent.headers } }
    const { status, headers, body } = await askHost(site, path, named)
    const kept = Object.entries(headers).filter(([name]) => !ofTheMoment.has(name))
    recorded[`${sent.method ?? 'GET'} ${path}${sent.headers ? ` ${JSON.stringify(sent.headers)}` : ''}`] = {
      status,
      headers: Object.fromEntries(kept.sort()),
      body,
    }
  }
  return recorded
}
