import type { APIContext } from 'astro'
import { enter } from '../../astro/enter.ts'
import type { SignedInEditor } from '../../lib/auth/session.ts'
import type { PromoTracking } from '../../lib/index.ts'
import type { ReportQuery, Section } from '../../lib/model/report-query.ts'
import { exportOf } from './address.ts'
import { type Asked, type PageData, readPage } from './read-page.ts'

type Asking = Pick<APIContext, 'locals' | 'request' | 'url' | 'rewrite'> & {
  response: { headers: Headers; status?: number }
}

/** What every page of the analytics begins with. */
export type EnteredPage = Omit<PageData, 'query' | 'status'> & {
  app: PromoTracking
  editor: SignedInEditor
  page: PageData
  query: ReportQuery
  /** The same figures as files, by sections. */
  csv: (...sections: Section[]) => string
  json: string
}

/** Lets an editor into a page of the analytics and reads what it shows, or answers the response for everybody else. */
export async function enterPage(
  asking: Asking,
  asked: Omit<Asked, 'app' | 'parameters'>,
): Promise<EnteredPage | Response> {
  const entered = await enter(asking)
  if (entered instanceof Response) return entered
  const { app, editor } = entered
  const page = await readPage({ app, parameters: asking.url.searchParams, ...asked })
  asking.response.status = page.status
  if (page.status === 503) asking.response.headers.set('retry-after', '30')
  const { address, query } = page
  const file = (format: 'csv' | 'json', sections: readonly Section[]) =>
    exportOf(address, { format, sections, offer_id: query.offer_id })
  return {
    ...page,
    app,
    editor,
    page,
    csv: (...sections) => file('csv', sections),
    json: file('json', [...query.include]),
  }
}
