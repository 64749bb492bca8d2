import type { APIRoute } from 'astro'
import { sitePath } from '../../astro/site-path.ts'

/** Guides link to each other as files, so that the links work in the repository, too. */
export const GET: APIRoute = ({ params: { file = '' }, redirect, rewrite }) => {
  const [, name] = /^([\w-]+)\.md$/.exec(file) ?? []
  if (name === undefined) return rewrite('/404')
  return redirect(sitePath(name === 'index' ? '/docs' : `/docs/${name}`), 308)
}
