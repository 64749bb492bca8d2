import type { IncomingMessage, ServerResponse } from 'node:http'
import { messageOf } from '../lib/base/result.ts'
import { lazyHandler } from './handler.ts'
import { type BuiltSite, readHostSite, serverFolderOf } from './host-site.ts'
import { serveSite } from './start.ts'

type SiteHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error?: unknown) => void,
  locals?: object,
) => unknown

/** What the site's adapter exports, and what it was set up with. */
export type Entry = {
  /** The address of the code in the site's output. */
  moduleUrl: string
  handler: SiteHandler
  options: { host?: string | boolean; port?: number }
  /** Whether the program serves the site by itself. */
  starts: boolean
}

export type FrontedEntry = { handler: SiteHandler; startServer: () => Promise<void>; built: BuiltSite }

/** What the program of a built site exports in place of its adapter's: the same with us in front. */
export function putInFront({ moduleUrl, handler, options, starts }: Entry): FrontedEntry {
  const site = readHostSite(serverFolderOf(moduleUrl))
  const { host, port } = options
  const defaults = {
    HOST: typeof host === 'string' ? host : host ? '0.0.0.0' : 'localhost',
    PORT: port === undefined ? undefined : String(port),
  }
  const front = lazyHandler(site, { defaults })
  const built: BuiltSite = { site, handler: (request, response) => void handler(request, response) }
  const startServer = () => serveSite(built, defaults)
  if (starts) {
    startServer().catch((error: unknown) => {
      process.stderr.write(`The site cannot start: ${messageOf(error)}\n`)
      process.exit(1)
    })
  }
  return {
    built,
    startServer,
    handler: (request, response, next, locals) =>
      front(request, response, (error) => (error ? next?.(error) : handler(request, response, next, locals))),
  }
}
