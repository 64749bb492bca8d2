import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import type { Answer } from '../lib/http/answer.ts'
import { etagOf } from '../lib/http/etag.ts'
import { prerenderedPolicy } from './content-security.ts'
import { placeLinks } from './place-links.ts'

const protections = {
  'content-security-policy': prerenderedPolicy,
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
}

/** Our pages that are the same for everybody, by their paths: read once, as they are below `root`. */
export function readPrerendered(files: string, root: string): ReadonlyMap<string, Answer> {
  const names = existsSync(files) ? readdirSync(files, { recursive: true, encoding: 'utf8' }) : []
  const pages = names.filter((name) => name.endsWith(`${sep}index.html`))
  return new Map(
    pages.map((name) => [`/${dirname(name).replaceAll(sep, '/')}`, read(join(files, name), root)]),
  )
}

function read(file: string, root: string): Answer {
  const body = Buffer.from(placeLinks(readFileSync(file, 'utf8'), root))
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'content-length': `${body.length}`,
    'cache-control': 'public, max-age=300',
    etag: etagOf(body),
    ...protections,
  }
  return { status: 200, headers, body }
}
