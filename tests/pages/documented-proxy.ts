import { createServer } from 'node:http'
import { messageOf } from '../../src/lib/base/result.ts'
import type { SiteProcess } from '../support/site.ts'
import { ask } from './running-site.ts'

export type DocumentedProxy = {
  url: string
  /** Throws if an answer of the site was not as its description says. */
  end(): Promise<void>
}

/** What a program of another language asks a site through, so that its answers are validated as others are. */
export async function startDocumentedProxy(site: SiteProcess): Promise<DocumentedProxy> {
  const faults: string[] = []
  const { host } = new URL(site.url)
  const server = createServer(async (request, response) => {
    try {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk)
      const given = Object.entries(request.headers).map(([name, value]) => [name, `${value}`])
      const headers = { ...Object.fromEntries(given), host }
      const sent = { method: `${request.method}`, headers, body: Buffer.concat(chunks) }
      const answer = await ask(site, `${request.url}`, sent)
      const { 'transfer-encoding': _, connection: __, ...kept } = answer.headers
      response.writeHead(answer.status, kept).end(answer.body)
    } catch (error) {
      faults.push(messageOf(error))
      response.destroy()
    }
  })
  await new Promise<void>((listening) => void server.listen(0, '127.0.0.1', listening))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}`,
    async end() {
      await new Promise((closed) => void server.close(closed))
      if (faults.length > 0) throw new Error(faults.join('\n'))
    },
  }
}
