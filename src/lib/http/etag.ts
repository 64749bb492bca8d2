import { createHash } from 'node:crypto'
import type { Answer } from './answer.ts'

export const etagOf = (body: Uint8Array): string =>
  `"${createHash('sha256').update(body).digest('base64url').slice(0, 27)}"`

/** Answers 304 to a reader that has the same answer already, by the request's `If-None-Match`. */
export const unlessKnown = (answer: Answer, known: string | null): Answer =>
  answer.status === 200 && isKnown(known, answer.headers.etag)
    ? { status: 304, headers: without(answer.headers, 'content-type') }
    : answer

const isKnown = (known: string | null, etag: string | undefined): boolean =>
  known !== null &&
  (known.trim() === '*' || known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag))

const without = (headers: Record<string, string>, name: string): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
