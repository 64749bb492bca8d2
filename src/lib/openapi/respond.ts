import { type Answer, json } from '../http/answer.ts'
import { etagOf } from '../http/etag.ts'
import { apiPath, openApiDocument } from './document.ts'

/** Seconds for which the description may be cached. */
const freshFor = 300

/** The answer of `GET openapi.json` of a site whose paths begin with `root`: the same until the site is updated. */
export function describeApi(root = ''): Answer {
  const servers = [{ url: `${root}${apiPath}` }]
  const answer = json(200, { ...openApiDocument(), servers })
  const body = Buffer.from(`${answer.body}`)
  const caching = { 'cache-control': `public, max-age=${freshFor}`, etag: etagOf(body) }
  return { ...answer, headers: { ...answer.headers, ...caching }, body }
}
