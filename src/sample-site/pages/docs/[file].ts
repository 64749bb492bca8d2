import type { APIRoute } from 'astro'

/** Guides link to each other as files, so that the links work in the repository, too. */
export const GET: APIRoute = ({ params: { file = '' }, redirect, rewrite }) => {
  const [, name] = /^([\w-]+)\.md$/.exec(file) ?? []
  if (name === undefined) return rewrite('/404')
  return redirect(name === 'index' ? '/docs' : `/docs/${name}`, 308)
}
